"""`undercut data`: look at a cleaned folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from undercut.cli.options import AsJson, Language, TextColumn

if TYPE_CHECKING:
    from undercut.build.data.quality import Removal

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
    app.command(name="preview")(preview_rule)
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
    from undercut.runs.cleaning.report.files import load_clean_report
    from undercut.runs.report.documents import document_json

    report = load_clean_report(folder)
    check_cleaned(folder)
    if as_json:
        from undercut.cli.streams import write_data

        write_data(document_json(report))
        return
    from undercut.cli.consoles import data_console
    from undercut.runs.cleaning.report.terminal import render_clean_terminal

    chosen = language and language.value
    render_clean_terminal(report, data_console(), chosen, examples=examples)


def preview_rule(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCES...", help="As for `undercut clean`.", show_default=False),
    ],
    rule: Annotated[
        str,
        typer.Option(metavar="NAME", help="A quality rule, such as few_words.", show_default=False),
    ],
    at: Annotated[
        list[float] | None,
        typer.Option(
            metavar="NUMBER", help="A threshold; can be repeated.  [default: the published one]"
        ),
    ] = None,
    examples: Annotated[
        int, typer.Option(metavar="N", min=0, max=100, help="Texts shown for each threshold.")
    ] = 3,
    text_column: TextColumn = None,
    as_json: AsJson = False,
) -> None:
    """Say what a threshold of a quality rule would remove; nothing is written.

    Then: undercut clean SOURCES --quality-limit NAME=NUMBER.
    """
    from undercut.cli.streams import print_json
    from undercut.core.errors import ConfigError
    from undercut.runs.cleaning.preview import preview_limits, published, removal_json

    side, usual, reason, source = published(rule)
    thresholds = at or ([] if usual is None else [usual])
    if not thresholds:
        raise ConfigError(f"{rule} has no published threshold", hint="name one with --at")
    found = preview_limits(sources, rule, thresholds, text_column=text_column, examples=examples)
    if as_json:
        print_json({"rule": rule, "side": side, "removals": [removal_json(x) for x in found]})
        return
    wanted = "at least" if side == "at_least" else "at most"
    _render_removals(f"{rule}: {reason} ({wanted}; {source})", found)


def _render_removals(title: str, found: tuple[Removal, ...]) -> None:
    from rich.text import Text

    from undercut.cli.consoles import data_console
    from undercut.runs.report.formats import count
    from undercut.runs.report.terminal import add_row, make_table

    console = data_console()
    console.print(Text(title, style="bold"))
    table = make_table("threshold", "removed", "of", "share", "Chinese")
    for each in found:
        chinese = f"{count(each.removed_chinese)} of {count(each.chinese)}"
        share = f"{each.removed_fraction:.2%}"
        add_row(
            table, f"{each.threshold:g}", count(each.removed), count(each.texts), share, chinese
        )
    console.print(table)
    for each in found:
        if each.examples:
            console.print(Text(f"{each.threshold:g} would remove, among others:", style="bold"))
        for example in each.examples:
            shown = (
                f"  text {example.at + 1}, {example.value:.4g}: {' '.join(example.text.split())}"
            )
            console.print(Text(shown, style="dim"), no_wrap=True, overflow="ellipsis")
