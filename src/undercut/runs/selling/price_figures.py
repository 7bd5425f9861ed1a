"""Pictures of a price: where it stands between cost and rivals, and what moves the floor."""

from __future__ import annotations

from undercut.runs.report.figures.scale import Scale, linear_ticks
from undercut.runs.report.figures.svg import element, line, picture, shorten, text, text_width
from undercut.runs.report.words import Words
from undercut.runs.selling.price_document import PriceDocument
from undercut.runs.selling.price_words import change, shown

_ROW = 30
_FOOT = 30


def ladder_figure(document: PriceDocument, words: Words, *, width: int, name: str) -> str:
    """Costs, own price today and recommended with its range, and rivals, on one money axis."""
    rows = _rungs(document, words)
    label = min(0.42 * width, max(text_width(each[0], 12) for each in rows) + 10)
    top = max(max(value for value in (each[1], each[3] or 0.0)) for each in rows) * 1.02
    scale = Scale(0.0, top, label, width - 70)
    marks = _axis(scale, len(rows) * _ROW, document.currency, words("per_million"))
    for place, (title, value, low, high, kind) in enumerate(rows):
        y = place * _ROW + 15.0
        marks.append(text(0, y + 4, shorten(title, label - 8, 12), class_="axis"))
        if low is not None and high is not None:
            marks.append(_bar(scale, low, high, y, 10, "whisker"))
        marks.append(element("circle", cx=scale(value), cy=y, r=5.0, class_=kind))
        right = scale(max(value, high or value)) + 9
        marks.append(text(right, y + 4, shown(value, document.currency), class_="tick"))
    told = ", ".join(f"{each[0]} {shown(each[1], document.currency)}" for each in rows)
    return picture(
        width,
        len(rows) * _ROW + _FOOT,
        *marks,
        name=name,
        title=words("market"),
        description=told,
    )


def tornado_figure(document: PriceDocument, words: Words, *, width: int, name: str) -> str:
    """How far each input moves the floor, widest first."""
    rows = [
        (words("input." + each.input), float(each.floor_low), float(each.floor_high))
        for each in document.tornado
    ]
    floor = float(document.unit.floor)
    label = min(0.42 * width, max(text_width(each[0], 12) for each in rows) + 10)
    ends = [floor, *(end for each in rows for end in each[1:])]
    spread = max(max(ends) - min(ends), 0.02 * floor)
    low, high = min(ends) - 0.1 * spread, max(ends) + 0.1 * spread
    scale = Scale(low, high, label, width - 70)
    marks = _axis(scale, len(rows) * _ROW, document.currency, words("floor"))
    for place, (title, first, second) in enumerate(rows):
        y = place * _ROW + 15.0
        marks.append(text(0, y + 4, shorten(title, label - 8, 12), class_="axis"))
        marks.append(_bar(scale, min(first, second), max(first, second), y, 14, "passed"))
        marks.append(_bar(scale, min(floor, second), max(floor, second), y, 14, "answered"))
        span = max(abs(first / floor - 1.0), abs(second / floor - 1.0))
        right = scale(max(first, second, floor)) + 8
        marks.append(text(right, y + 4, "± " + change(span).lstrip("+"), class_="tick"))
    marks.append(line(scale(floor), 0, scale(floor), len(rows) * _ROW, "base"))
    told = ", ".join(f"{each[0]}: {each[1]:.4g} – {each[2]:.4g}" for each in rows)
    return picture(
        width,
        len(rows) * _ROW + _FOOT,
        *marks,
        name=name,
        title=words("sensitivity"),
        description=told,
    )


Rung = tuple[str, float, float | None, float | None, str]


def _rungs(document: PriceDocument, words: Words) -> list[Rung]:
    unit, found = document.unit, document.recommendation
    rows: list[Rung] = [
        (words("marginal"), float(unit.marginal), None, None, "candidate"),
        (words("floor"), float(unit.floor), None, None, "candidate on"),
        (words("full_cost"), float(unit.full_cost), None, None, "candidate"),
    ]
    if found.price is not None:
        low = None if found.low is None else float(found.low)
        high = None if found.high is None else float(found.high)
        title = f"{document.firm}: {document.product}"
        rows.append((title, float(found.price), low, high, "plan"))
    for each in document.products[1:]:
        rows.append((f"{each.firm}: {each.name}", float(each.price), None, None, "teacher"))
    return rows


def _axis(scale: Scale, height: float, currency: str, title: str) -> list[str]:
    marks = []
    for tick in linear_ticks(scale.low, scale.high, 5):
        x = scale(tick)
        marks.append(line(x, 0, x, height, "grid"))
        marks.append(
            text(x, height + 14, shown(tick, currency), class_="tick", text_anchor="middle")
        )
    marks.append(text(scale.end, height + 28, title, class_="axis", text_anchor="end"))
    return marks


def _bar(scale: Scale, low: float, high: float, y: float, size: int, kind: str) -> str:
    width = max(1.0, scale(high) - scale(low))
    return element(
        "rect", x=scale(low), y=y - size / 2, width=width, height=float(size), rx=2, class_=kind
    )
