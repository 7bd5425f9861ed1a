"""Flags that several commands share, and the values that flags choose from."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class EffortChoice(StrEnum):
    """Values of --effort; `runs.config.Effort` has the same."""

    QUICK = "quick"
    NORMAL = "normal"
    THOROUGH = "thorough"


class LanguageChoice(StrEnum):
    """Values of --language; `runs.config.Language` has the same."""

    EN = "en"
    ZH = "zh"


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no remarks.")]
Language = Annotated[
    LanguageChoice | None, typer.Option(help="Language of the report.", show_default=False)
]
ReportPage = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write the report as an HTML page.")
]
OutFolder = Annotated[
    Path, typer.Argument(metavar="OUT", help="Output folder of a run.", show_default=False)
]
TextColumn = Annotated[
    str | None, typer.Option(metavar="NAME", help="Column with the texts; guessed by default.")
]
Tenant = Annotated[
    str, typer.Argument(metavar="TENANT", help="Whose keys and usage.", show_default=False)
]
BooksUrl = Annotated[
    str | None,
    typer.Option(
        "--books",
        metavar="URL",
        help="Where the books are: an SQLite file or a PostgreSQL database."
        "  [default: $UNDERCUT_BOOKS or sqlite:///undercut-books.sqlite]",
    ),
]
