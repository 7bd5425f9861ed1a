"""`undercut price`: floor, equilibrium, recommended price and tiers of a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undercut.cli.options import AsJson, BooksUrl, Language

PlanFolder = Annotated[
    Path, typer.Argument(metavar="PLAN", help="Plan folder of a run.", show_default=False)
]
MarketFile = Annotated[
    Path, typer.Option("--market", "-m", metavar="FILE", help="What you know of the market.")
]
Also = Annotated[
    list[Path] | None,
    typer.Option("--also", metavar="PLAN", help="Another plan, sold as a further version."),
]
PriceLists = Annotated[
    list[Path] | None,
    typer.Option("--prices", metavar="FILE", help="Price list whose rows go before the shipped."),
]


def price(
    plan: PlanFolder,
    market: MarketFile = Path("market.yaml"),
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHANGE",
            help="cost=+20%, cost:acme=-30%, price:acme=-50%, merge=acme+bolt, capacity=8%.",
        ),
    ] = None,
    also: Also = None,
    prices: PriceLists = None,
    free: Annotated[
        float | None,
        typer.Option(metavar="N", min=0, help="Answers a month in the free tier."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write price.json and price.html there."),
    ] = None,
    books: BooksUrl = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Say what a plan's answers cost, where prices settle, and what to ask.

    The floor comes from the plan's measured cost; the market file says the rest. Prices are for a
    million answers. Nothing is recommended below the floor.
    """
    from datetime import UTC, datetime

    from undercut.runs.report.documents import document_json, make_folder, write_documents
    from undercut.runs.selling.cost_job import PriceRequest
    from undercut.runs.selling.price_job import price_plan
    from undercut.runs.selling.price_parts import price_document

    request = PriceRequest(
        plan,
        market,
        also=tuple(also or ()),
        prices=tuple(prices or ()),
        books=books,
        what_ifs=tuple(what_if or ()),
        free_allowance=free,
    )
    document = price_document(
        price_plan(request),
        language=language.value if language else "en",
        created=datetime.now(UTC),
    )
    if out is not None:
        from undercut.runs.selling.price_page import price_html

        contents = {"price.html": price_html(document), "price.json": document_json(document)}
        write_documents(make_folder(out), contents)
    if as_json:
        from undercut.cli.streams import write_data

        write_data(document_json(document))
        return
    from undercut.cli.consoles import data_console, remark_console
    from undercut.runs.selling.price_terminal import render_price

    render_price(document, data_console())
    if out is not None:
        remark_console().print(f"{out / 'price.html'}")
