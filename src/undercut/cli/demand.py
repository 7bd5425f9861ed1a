"""`undercut demand`: what own surveys, choices and logs say of demand."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from undercut.cli.options import AsJson, Language, LanguageChoice, ReportPage

if TYPE_CHECKING:
    from undercut.runs.selling.demand_findings import Findings

Table = Annotated[
    Path, typer.Argument(metavar="FILE", help="CSV, TSV, JSONL or Parquet.", show_default=False)
]
Confidence = Annotated[
    float, typer.Option(metavar="C", min=0.5, max=0.999, help="Of the intervals.")
]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="Of resampling.")]


class SurveyKind(StrEnum):
    """Ways to ask for prices."""

    VAN_WESTENDORP = "van-westendorp"
    GABOR_GRANGER = "gabor-granger"


def demand_app() -> typer.Typer:
    """The commands below `undercut demand`."""
    app = typer.Typer(
        name="demand",
        help="What own surveys, choices and logs say of demand.",
        rich_markup_mode=None,
        no_args_is_help=True,
    )
    app.callback()(_demand)
    app.command(name="survey")(survey)
    app.command(name="choices")(choices)
    app.command(name="logs")(logs)
    return app


def _demand() -> None:
    """What own surveys, choices and logs say of demand, with intervals and cautions."""


def survey(
    file: Table,
    kind: Annotated[SurveyKind, typer.Option(help="How prices were asked for.")],
    cost: Annotated[
        float | None, typer.Option(metavar="N", min=0, help="Of a unit: best profit, not revenue.")
    ] = None,
    confidence: Confidence = 0.95,
    seed: Seed = 0,
    report: ReportPage = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Price questions: Van Westendorp (columns too_cheap, cheap, expensive, too_expensive, with
    buys_cheap and buys_expensive from 1 to 5 also Newton-Miller-Smith) or Gabor-Granger (a column
    for each price, or one named highest).
    """
    from undercut.runs.selling.demand_survey import price_sensitivity, would_buy
    from undercut.sell.pricing.demand.survey.bootstrap import BootstrapConfig

    config = BootstrapConfig(seed=seed, confidence=confidence)
    if kind is SurveyKind.VAN_WESTENDORP:
        _show(price_sensitivity(file, config), report, language, as_json)
    else:
        _show(would_buy(file, cost, config), report, language, as_json)


def choices(
    file: Table,
    price: Annotated[str, typer.Option(metavar="NAME", help="Column with the price.")] = "price",
    prior: Annotated[
        float | None,
        typer.Option(metavar="SD", help="Shrink coefficients: a normal at 0 with this deviation."),
    ] = None,
    confidence: Confidence = 0.95,
    report: ReportPage = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Choices or conjoint answers: a line for each alternative, with columns choice, chosen (1 or
    0), price, and any attributes; person where people answer more than once.
    """
    from undercut.runs.selling.demand_choices import chosen_offers

    found = chosen_offers(file, price=price, prior=prior, confidence=confidence)
    _show(found, report, language, as_json)


def logs(
    file: Table,
    instrument: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Column that moves the price and nothing else."),
    ] = None,
    control: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Column that moves price and sales."),
    ] = None,
    price: Annotated[str, typer.Option(metavar="NAME", help="Column with the price.")] = "price",
    quantity: Annotated[
        str, typer.Option(metavar="NAME", help="Column with what was sold.")
    ] = "quantity",
    confidence: Confidence = 0.95,
    seed: Seed = 0,
    report: ReportPage = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Own sales: the price elasticity, by instruments or given controls."""
    from undercut.runs.selling.demand_logs import own_sales

    found = own_sales(
        file,
        instruments=tuple(instrument or ()),
        controls=tuple(control or ()),
        price=price,
        quantity=quantity,
        confidence=confidence,
        seed=seed,
    )
    _show(found, report, language, as_json)


def _show(
    found: Findings, report: Path | None, language: LanguageChoice | None, as_json: bool
) -> None:
    if report is not None:
        from undercut.runs.selling.estimate_page import demand_html, write_page

        chosen = (language or LanguageChoice.EN).value
        write_page(report, demand_html(found, chosen, now=datetime.now(UTC)))
    if as_json:
        from undercut.cli.streams import print_json
        from undercut.runs.selling.demand_findings import findings_json

        print_json(findings_json(found))
        return
    from undercut.cli.consoles import data_console
    from undercut.cli.demand_table import render_findings

    render_findings(found, data_console())
