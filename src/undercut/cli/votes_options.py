"""The options that the commands of `undercut votes` share, each with its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AnswersFile = Annotated[
    Path,
    typer.Argument(
        metavar="ANSWERS",
        help="A table with one answer a row: item, worker, answer. CSV, TSV, JSONL, Parquet.",
        show_default=False,
    ),
]
ItemColumn = Annotated[
    str | None, typer.Option(metavar="NAME", help="Column of the items; guessed by default.")
]
WorkerColumn = Annotated[str | None, typer.Option(metavar="NAME", help="Column of the workers.")]
AnswerColumn = Annotated[str | None, typer.Option(metavar="NAME", help="Column of the answers.")]
KeepCopies = Annotated[
    bool,
    typer.Option("--keep-copies", help="Workers who copy each other count as many, not one."),
]
