"""`undercut offer`: an offer sheet for a customer, never below the floor by accident."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from undercut.cli.options import AsJson, BooksUrl, Language
from undercut.cli.price import Also, MarketFile, PlanFolder, PriceLists

if TYPE_CHECKING:
    from undercut.runs.selling.quotes import Override


def offer(
    plan: PlanFolder,
    market: MarketFile = Path("market.yaml"),
    price: Annotated[
        str | None,
        typer.Option(metavar="MONEY", help="One price for a million answers, such as '45 USD'."),
    ] = None,
    customer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whom it is for; a tenant has its own floor.")
    ] = None,
    override: Annotated[
        str | None, typer.Option(metavar="WHY", help="Go below the floor, and record why.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who allows a price below the floor.")
    ] = None,
    valid_days: Annotated[int, typer.Option(metavar="DAYS", min=1, help="It holds so long.")] = 30,
    months: Annotated[int, typer.Option(metavar="N", min=1, help="A monthly plan runs.")] = 12,
    notice_days: Annotated[
        int, typer.Option(metavar="DAYS", min=1, help="Before a price changes.")
    ] = 30,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where offer.html and offer.json go.")
    ] = Path("offer"),
    quotes: Annotated[
        Path, typer.Option(metavar="FILE", help="The record of all quotes, only appended to.")
    ] = Path("undercut-quotes.jsonl"),
    also: Also = None,
    prices: PriceLists = None,
    books: BooksUrl = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Write an offer sheet: plans or a price, certificate in plain words, terms, sources.

    Without --price it offers the tiers of the market file's segments, or the recommended price. A
    price below the measured floor is refused; with --override and --by it is made and recorded.
    What the price rests on goes to price.html and price.json beside it: those are not for the
    customer.
    """
    from datetime import UTC, datetime

    from undercut.runs.report.documents import document_json, make_folder, write_documents
    from undercut.runs.selling.cost_job import PriceRequest
    from undercut.runs.selling.offer_job import OfferRequest, make_offer
    from undercut.runs.selling.offer_page import offer_html
    from undercut.runs.selling.price_page import price_html
    from undercut.runs.selling.price_parts import price_document

    pricing = PriceRequest(
        plan, market, also=tuple(also or ()), prices=tuple(prices or ()), books=books
    )
    request = OfferRequest(
        pricing,
        quotes,
        price=price,
        customer=customer,
        override=override_of(override, by),
        valid_days=valid_days,
        months=months,
        notice_days=notice_days,
    )
    chosen, now = language.value if language else "en", datetime.now(UTC)
    made = make_offer(request, language=chosen, now=now)
    contents = {
        "offer.html": offer_html(made.document),
        "offer.json": document_json(made.document),
    }
    if made.priced is not None:
        grounds = price_document(made.priced, language=chosen, created=now)
        contents["price.html"] = price_html(grounds)
        contents["price.json"] = document_json(grounds)
    write_documents(make_folder(out), contents)
    if as_json:
        from undercut.cli.streams import write_data

        write_data(document_json(made.document))
        return
    from undercut.cli.consoles import data_console, remark_console
    from undercut.runs.selling.offer_terminal import render_offer

    render_offer(made.document, data_console())
    remarks = remark_console()
    if made.below_floor:
        remarks.print(f"below the floor of {made.floor.display()}: recorded in {quotes}")
    remarks.print(str(out / "offer.html"))


def override_of(why: str | None, by: str | None) -> Override | None:
    """The override that is asked for; ConfigError where only half of it is given."""
    from undercut.runs.selling.quotes import Override

    if why is None and by is None:
        return None
    return Override(by or "", why or "")
