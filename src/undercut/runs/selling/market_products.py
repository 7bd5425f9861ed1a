"""The products of a market file: who sells what at which price, and shares of all buyers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.runs.selling.yaml_section import Section
from undercut.sell.pricing.situation.products import Offered, Source

MILLION = Decimal(1_000_000)
_EPSILON = 1e-6
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Frame:
    """What holds for a whole file: its currency, the default source, answers that a price buys."""

    currency: str
    source: Source
    per: Decimal

    def per_million(self, money: Money | None) -> Money | None:
        """A price of the file as money for a million answers."""
        return None if money is None else money * MILLION / self.per

    def source_of(self, section: Section) -> Source:
        """The section's own source and date, the file's where it has none."""
        text, day = section.take_text("source"), section.take_date("date")
        return Source(text or self.source.text, day or self.source.as_of)


def read_offered(
    section: Section,
    frame: Frame,
    *,
    default_firm: str | None,
    firm_fixed: bool = False,
    done: bool = False,
) -> Offered:
    """A product for sale; a mistake has its line. done: whether nothing else may stand there."""
    name = section.needed("name", section.take_text("name"))
    written = None if firm_fixed else section.take_text("firm")
    firm = written or default_firm or name
    price = section.needed(
        "price",
        frame.per_million(section.take_money("price", frame.currency)),
        "price: 2.40, for as many answers as `per` says",
    )
    quality = section.take_float("quality")
    offered = checked(
        section,
        lambda: Offered(
            name,
            firm,
            price,
            frame.source_of(section),
            share=section.take_fraction("share"),
            cost=frame.per_million(section.take_money("cost", frame.currency)),
            quality=quality,
            nest=section.take_text("nest"),
        ),
    )
    if done:
        section.done()
    return offered


def refuse_own_cost(section: Section, own: Offered) -> None:
    """The own cost is the plan's measured one: a second one would be a contradiction."""
    if own.cost is not None:
        raise section.wrong(
            "cost",
            "what the own product costs is measured with its plan, not written here",
            "leave it out; a plan whose cost is not known is made anew by `undercut run`, with "
            "--prices FILE for a machine of your own",
        )


def of_all_buyers(
    top: Section, products: tuple[Offered, ...], outside: float | None
) -> tuple[Offered, ...]:
    """Products with shares of all possible buyers, whichever way the file counts them."""
    known = [each.share for each in products if each.share is not None]
    total = sum(known)
    if outside is None or not known:
        if total >= 1.0:
            raise top.wrong(
                None,
                f"the shares sum to {total:.6g}, which leaves nobody who buys nothing",
                "shares are of all possible buyers and sum to less than 1; or give outside_share",
            )
        return products
    if abs(total + outside - 1.0) < _EPSILON:
        return products
    if outside >= 1.0 or outside <= 0.0:
        raise top.wrong("outside_share", f"must lie between 0 and 1, got {outside:g}")
    if abs(total - 1.0) < _EPSILON or (len(known) < len(products) and total < 1.0):
        return tuple(
            each if each.share is None else replace(each, share=each.share * (1.0 - outside))
            for each in products
        )
    raise top.wrong(
        "outside_share",
        f"with {outside:g} outside, the shares must sum to 1 (of what is bought) or to "
        f"{1.0 - outside:g} (of all possible buyers); they sum to {total:.6g}",
        "check the shares: fractions, each product once",
    )


def checked(section: Section, make: Callable[[], Made]) -> Made:
    """What `make` returns; an InputError without a file gets that of the section."""
    try:
        return make()
    except InputError as error:
        if error.file is not None:
            raise
        raise InputError(
            error.message, file=section.file, line=section.line, hint=error.hint
        ) from error
