"""`undercut experiment`: a price test above the floor, from its start to its analysis."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from undercut.cli.options import AsJson, Language, LanguageChoice, ReportPage

TestFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="File of the test, as test.json.", show_default=False)
]
Customer = Annotated[
    str,
    typer.Argument(
        metavar="CUSTOMER", help="Any name, the same each time; kept as a hash.", show_default=False
    ),
]
Confidence = Annotated[
    float, typer.Option(metavar="SHARE", min=0.5, max=0.999, help="Of the intervals.")
]

experiment = typer.Typer(name="experiment", rich_markup_mode=None, no_args_is_help=False)


@experiment.callback()
def _experiment() -> None:
    """Test prices above the floor: one customer, one price; stops by itself."""


@experiment.command()
def start(
    file: TestFile,
    price: Annotated[
        list[str], typer.Option(metavar="MONEY", help="A price to test, as 60usd; repeat it.")
    ],
    control: Annotated[str, typer.Option(metavar="MONEY", help="Today's price, one of them.")],
    loss_bound: Annotated[
        str, typer.Option(metavar="MONEY", help="The most that the test may cost.")
    ],
    plan: Annotated[
        Path | None, typer.Option(metavar="PLAN", help="Plan whose measured cost is the floor.")
    ] = None,
    market: Annotated[
        Path | None, typer.Option("--market", "-m", metavar="FILE", help="Its market file.")
    ] = None,
    floor: Annotated[
        str | None, typer.Option(metavar="MONEY", help="The floor, where no plan is given.")
    ] = None,
    cost: Annotated[
        str | None, typer.Option(metavar="MONEY", help="What one more sale costs.")
    ] = None,
    least: Annotated[
        int, typer.Option(metavar="N", min=1, help="Customers that every price gets.")
    ] = 100,
    tolerance: Annotated[
        float,
        typer.Option(metavar="SHARE", min=0.0001, max=0.5, help="Expected loss to stop at."),
    ] = 0.01,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Same seed, same choices.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Start a test: no price below the floor, no more than the loss bound at stake."""
    from undercut.runs.selling.experiment import StartRequest, start_test

    request = StartRequest(
        file, tuple(price), control, loss_bound, cost, floor, plan, market, least, tolerance, seed
    )
    state = start_test(request, now=datetime.now(UTC))
    if as_json:
        from undercut.cli.streams import print_json

        print_json({"file": str(file), "prices": list(state.prices), "floor": state.floor})
        return
    from undercut.cli.consoles import remark_console

    lowest = state.terms().floor.display()
    said = f"{file}: {', '.join(state.prices)}; floor {lowest} ({state.floor_source})"
    remark_console().print(said, markup=False)


@experiment.command("next")
def next_(file: TestFile, customer: Customer, as_json: AsJson = False) -> None:
    """Print the price that a customer sees; the same one whenever asked."""
    from undercut.cli.streams import print_json, write_data
    from undercut.runs.selling.experiment import price_for

    found = price_for(file, customer)
    if as_json:
        print_json(found)
    else:
        write_data(found["price"] + "\n")


@experiment.command()
def record(
    file: TestFile,
    customer: Customer,
    bought: Annotated[bool, typer.Option("--bought/--left", help="What the customer did.")],
    as_json: AsJson = False,
) -> None:
    """Record whether a customer bought at the price that was shown."""
    from undercut.runs.selling.experiment import record_outcome

    found = record_outcome(file, customer, bought=bought)
    if as_json:
        from undercut.cli.streams import print_json

        print_json(found)


@experiment.command()
def show(
    file: TestFile,
    confidence: Confidence = 0.95,
    report: ReportPage = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Say how a test stands: profit a visitor at each price, and whether it is over."""
    from undercut.runs.selling.experiment import standing_of

    found = standing_of(file, confidence=confidence)
    _write(found, file, report, language)
    if as_json:
        from undercut.cli.streams import print_json

        print_json(found)
        return
    from undercut.cli.consoles import data_console
    from undercut.cli.experiment_table import render_standing

    render_standing(found, data_console())


@experiment.command()
def analyse(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="CSV",
            help="Columns price, visitors, sales; a line a price.",
            show_default=False,
        ),
    ],
    cost: Annotated[str, typer.Option(metavar="MONEY", help="What one more sale costs.")],
    control: Annotated[str, typer.Option(metavar="MONEY", help="Today's price, one of them.")],
    confidence: Confidence = 0.95,
    report: ReportPage = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Analyse a finished price test with even shares."""
    from undercut.runs.selling.experiment import analyse_file

    found = analyse_file(file, cost=cost, control=control, confidence=confidence)
    _write(found, file, report, language)
    if as_json:
        from undercut.cli.streams import print_json

        print_json(found)
        return
    from undercut.cli.consoles import data_console
    from undercut.cli.experiment_table import render_analysis

    render_analysis(found, data_console())


def _write(
    found: dict[str, Any], file: Path, report: Path | None, language: LanguageChoice | None
) -> None:
    if report is None:
        return
    from undercut.runs.selling.estimate_page import price_test_html, write_page

    chosen = (language or LanguageChoice.EN).value
    write_page(report, price_test_html(found, str(file), chosen, now=datetime.now(UTC)))
