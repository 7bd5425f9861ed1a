"""A price document on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from undercut.runs.report.formats import UNKNOWN, percent
from undercut.runs.report.words import Words
from undercut.runs.selling.note_words import note_says
from undercut.runs.selling.price_document import MarginPart, PriceDocument
from undercut.runs.selling.price_words import change, shown, whole


def render_price(document: PriceDocument, console: Console, language: str | None = None) -> None:
    """Print the price, its floor and range, why, options, plans, tiers, what-ifs and warnings."""
    words = Words(language or document.language, page="selling")
    _head(document, words, console)
    _options(document, words, console)
    _plans(document, words, console)
    _tiers(document, words, console)
    _what_ifs(document, words, console)
    for note in document.notes:
        name = words.named("caution", note.caution)
        said = note_says(words.language, note.text, note.says, note.values)
        console.print(Text(f"! {name}: {said}", style="yellow"))


def _head(document: PriceDocument, words: Words, console: Console) -> None:
    found, money = document.recommendation, document.currency
    if found.price is None:
        console.print(Text(words("headline_none"), style="bold"))
    else:
        console.print(Text(words("headline", price=shown(found.price, money)), style="bold"))
    if found.low is None or found.high is None:
        text = words("range_none", draws=found.draws, settled=found.settled_draws)
        console.print(Text(text))
    else:
        text = words(
            "range",
            low=shown(found.low, money),
            high=shown(found.high, money),
            mass=percent(found.mass, 0),
            draws=found.draws,
            settled=found.settled_draws,
        )
        if found.settled_draws < found.draws:
            text += words("range_left_out")
        console.print(Text(text))
    unit = document.unit
    explained = words("floor_explained", answers=whole(unit.monthly_answers))
    console.print(Text(f"{words('floor')}: {shown(unit.floor, money)} ({explained})"))
    for name in ("marginal", "full_cost"):
        console.print(Text(f"{words(name)}: {shown(getattr(unit, name), money)}"))
    _margins(document.at_recommended or document.today, words, money, console)
    console.print()
    for code in found.why:
        console.print(Text(f"- {words('why.' + code)}"))
    console.print(Text(f"- {words('evidence.' + document.demand.evidence)}"))
    value = f"{document.demand.own_elasticity:.2f}"
    console.print(Text(f"- {words('elasticity', value=value)}"))


def _margins(at: MarginPart, words: Words, money: str, console: Console) -> None:
    paid = words("never") if at.break_even_answers is None else whole(at.break_even_answers)
    console.print(
        Text(
            f"{words('gross_margin')}: {percent(at.gross_margin)}, "
            f"{words('contribution_margin')}: {percent(at.contribution_margin)}, "
            f"{words('break_even')}: {paid}"
        )
    )


def _options(document: PriceDocument, words: Words, console: Console) -> None:
    money = document.currency
    rows = [
        (
            words("move." + each.move),
            shown(each.price, money),
            percent(each.share),
            whole(each.monthly_answers),
            shown(each.monthly_profit, money),
        )
        for each in document.recommendation.options
    ]
    names = ("options", "price", "share", "answers_month", "profit_month")
    _table([words(name) for name in names], rows, console)


def _plans(document: PriceDocument, words: Words, console: Console) -> None:
    if not document.plans:
        return
    money, rows = document.currency, []
    # the page has them all; here those that a decision is made between
    for each in (one for one in document.plans if one.best or one.present or one.cheapest):
        marks = [name for name in ("best", "present", "cheapest") if getattr(each, name)]
        rows.append(
            (
                each.name,
                f"{each.quality:.1f}",
                shown(each.price, money),
                percent(each.share),
                shown(each.monthly_profit, money),
                ", ".join(words(mark) for mark in marks),
            )
        )
    _table(
        [words("plans"), *(words(n) for n in ("quality", "price", "share", "variable_profit")), ""],
        rows,
        console,
    )


def _tiers(document: PriceDocument, words: Words, console: Console) -> None:
    found, money = document.tiers, document.currency
    if found is None:
        return
    rows = [
        (
            f"{words('kind.' + each.kind)} · {each.version}",
            shown(each.fee, money),
            whole(each.allowance),
            UNKNOWN if each.price is None else shown(each.price, money),
            ", ".join(each.segments),
        )
        for each in found.tiers
    ]
    _table(
        [words(name) for name in ("tiers", "fee", "allowance", "beyond", "for_whom")], rows, console
    )


def _what_ifs(document: PriceDocument, words: Words, console: Console) -> None:
    if not document.what_ifs:
        return
    money = document.currency
    names = [each.name for each in document.products][1:]
    rows = [
        (
            each.what,
            f"{shown(each.prices_before[0], money)} → {shown(each.prices_after[0], money)}",
            ", ".join(
                f"{name} {change(after / before - 1.0)}"
                for name, before, after in zip(
                    names, each.prices_before[1:], each.prices_after[1:], strict=True
                )
            ),
            change(each.own_profit_change),
            f"{each.hhi_before:,.0f} → {each.hhi_after:,.0f}",
        )
        for each in document.what_ifs
    ]
    _table(
        [
            words(name)
            for name in ("what_ifs", "price", "rivals_after", "profit_change", "concentration")
        ],
        rows,
        console,
    )


def _table(names: Sequence[str], rows: Sequence[Sequence[str]], console: Console) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(names):
        table.add_column(name, justify="left" if place == 0 else "right")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
