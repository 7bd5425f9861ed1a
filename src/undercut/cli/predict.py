"""`undercut predict`: answers for a file of texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from undercut.cli.options import AsJson, Quiet, TextColumn
from undercut.core.errors import ConfigError

if TYPE_CHECKING:
    from undercut.models.plan import Plan

LINES: Final = Path("-")


def predict(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan folder, such as out/plan.")],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Texts in any format that run reads; - reads a text a line."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where answers go: .csv, .tsv, .jsonl or .parquet.  "
            "[default: FILE with .answers.csv; stdout for -]",
        ),
    ] = None,
    text_column: TextColumn = None,
    threads: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="All cores by default.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Answer every text of a file: its columns with label, confidence and stage added.

    A row that cannot be read is reported with its line and does not stop the rest. With - as
    FILE, answers are lines of CSV on stdout, or with --json one object a line.
    """
    from undercut.models.plan import load_plan

    if file == LINES:
        _answer_lines(load_plan(plan), out=out, threads=threads, as_json=as_json)
        return
    from undercut.cli.predict_file import answer_file

    answer_file(
        load_plan(plan),
        file,
        out or default_target(file),
        text_column=text_column,
        threads=threads,
        as_json=as_json,
        quiet=quiet,
    )


def default_target(file: Path) -> Path:
    """Beside the input: tickets.csv.gz → tickets.answers.csv."""
    name = file.name.removesuffix(".gz")
    return file.with_name(f"{Path(name).stem}.answers.csv")


def _answer_lines(plan: Plan, *, out: Path | None, threads: int | None, as_json: bool) -> None:
    from undercut.cli.predict_lines import answer_lines

    if out is not None:
        raise ConfigError("--out does not go with -: answers go to stdout", hint="- > answers.csv")
    answer_lines(plan, threads=threads, as_json=as_json)
