"""`market.yaml`: a seller's situation as people write it down; every mistake has its line."""

from __future__ import annotations

import re
from pathlib import Path

from undercut.core.errors import InputError
from undercut.runs.selling.market_costs import read_own_costs
from undercut.runs.selling.market_products import (
    MILLION,
    Frame,
    checked,
    of_all_buyers,
    read_offered,
    refuse_own_cost,
)
from undercut.runs.selling.yaml_section import Section, read_yaml
from undercut.sell.pricing.situation.buyers import Differing, Segment
from undercut.sell.pricing.situation.products import Offered, Source
from undercut.sell.pricing.situation.situation import Own, Situation


def read_market(path: Path) -> Situation:
    """The situation in a market file.

    Raises InputError with file, line and what to write instead for anything that is unknown,
    missing, out of range, in another currency, or contradicts another entry.
    """
    if not path.exists():
        raise InputError(
            "cannot be read: there is no such file",
            file=str(path),
            hint="--market FILE names another; docs/pricing.md shows the least that one needs",
        )
    top = read_yaml(path)
    frame = _frame(top)
    own_section = _needed(top, "own", "own: your firm, product name, price and share")
    own_product = read_offered(own_section, frame, default_firm="us")
    refuse_own_cost(own_section, own_product)
    others = tuple(
        read_offered(each, frame, default_firm=own_product.firm, firm_fixed=True, done=True)
        for each in own_section.take_sections("others")
    )
    rivals = tuple(
        read_offered(each, frame, default_firm=None, done=True)
        for each in top.take_sections("rivals")
    )
    outside = top.take_fraction("outside_share")
    products = of_all_buyers(top, (own_product, *others, *rivals), outside)
    costs = checked(own_section, lambda: read_own_costs(own_section, frame))
    own = checked(
        own_section,
        lambda: Own(
            products[0],
            products[1 : 1 + len(others)],
            margin=own_section.take_float("margin"),
            margin_error=_or(own_section.take_float("margin_error"), 0.1),
            elasticity=costs.elasticity,
            load=costs.load,
            fixed_costs=costs.fixed_costs,
            payment=costs.payment,
            support=costs.support,
            tenants=costs.tenants,
            cash=own_section.take_money("cash", frame.currency),
        ),
    )
    own_section.done()
    return _whole(top, frame, own, products[1 + len(others) :])


def _whole(top: Section, frame: Frame, own: Own, rivals: tuple[Offered, ...]) -> Situation:
    segments = tuple(_segment(each, frame) for each in top.take_sections("segments"))
    nests = _nests(top)
    made = checked(
        top,
        lambda: Situation(
            frame.source.as_of,
            frame.currency,
            own,
            rivals,
            buyers=top.take_number("buyers"),
            quality_value=frame.per_million(top.take_money("quality_value", frame.currency)),
            nest_correlation=nests,
            segments=segments,
            share_error=_or(top.take_float("share_error"), 0.1),
            differing=_differing(top),
        ),
    )
    top.done()
    return made


def _differing(top: Section) -> Differing:
    section = top.take_section("demand")
    if section is None:
        return Differing()
    made = checked(
        section,
        lambda: Differing(
            segments=bool(section.take_flag("segments")),
            price_spread=_or(section.take_float("price_spread"), 0.0),
        ),
    )
    section.done()
    return made


def _frame(top: Section) -> Frame:
    day = top.needed("as_of", top.take_date("as_of"), "as_of: 2026-11-01, when the prices held")
    currency = top.needed("currency", top.take_text("currency"), "currency: USD")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise top.wrong("currency", f"expected three capital letters, got {currency!r}", "USD")
    per = top.take_number("per")
    if per is not None and per <= 0:
        raise top.wrong("per", f"must be above 0, got {per}", "per: 1000000 answers")
    text = top.take_text("source") or f"market file {Path(top.file).name}"
    return Frame(currency, Source(text, day), per or MILLION)


def _segment(section: Section, frame: Frame) -> Segment:
    name = section.needed("name", section.take_text("name"))
    share = section.needed("share", section.take_fraction("share"))
    answers = section.needed("monthly_answers", section.take_number("monthly_answers"))
    willingness = section.needed(
        "willingness", frame.per_million(section.take_money("willingness", frame.currency))
    )
    made = checked(
        section,
        lambda: Segment(
            name,
            share,
            answers,
            willingness,
            taper=_or(section.take_fraction("taper"), 0.0),
            quality_value=frame.per_million(section.take_money("quality_value", frame.currency)),
        ),
    )
    section.done()
    return made


def _nests(top: Section) -> dict[str, float]:
    section = top.take_section("nests")
    if section is None:
        return {}
    found = {name: section.take_fraction(name) for name in section.nodes}
    return {name: value for name, value in found.items() if value is not None}


def _needed(top: Section, key: str, hint: str) -> Section:
    return top.needed(key, top.take_section(key), hint)


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
