"""`undercut data`: look at a cleaned folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undercut.cli.options import AsJson, Language

Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help="Folder of `undercut clean`.", show_default=False)
]


def data_app() -> typer.Typer:
    """The commands below `undercut data`."""
    app = typer.Typer(
        name="data", help="Look at a cleaned folder.", rich_markup_mode=None, no_args_is_help=True
    )
    app.callback()(_data)
    app.command(name="show")(show_data)
    return app


def _data() -> None:
    """Look at a cleaned folder."""


def show_data(
    folder: Folder,
    examples: Annotated[
        int, typer.Option(metavar="N", min=0, max=5, help="Rows shown under each rule.")
    ] = 1,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Show what cleaning kept, what went and why; checks that the files are as they were left."""
    from undercut.runs.cleaning.folder import check_cleaned
    from undercut.runs.cleaning.report.files import clean_report_json, load_clean_report

    report = load_clean_report(folder)
    check_cleaned(folder)
    if as_json:
        from undercut.cli.streams import write_data

        write_data(clean_report_json(report))
        return
    from undercut.cli.consoles import data_console
    from undercut.runs.cleaning.report.terminal import render_clean_terminal

    chosen = language and language.value
    render_clean_terminal(report, data_console(), chosen, examples=examples)
