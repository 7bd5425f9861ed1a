"""What may happen to a sum of money: bands of a half and of nine tenths of all paths."""

from __future__ import annotations

from collections.abc import Sequence

from undercut.runs.report import formats
from undercut.runs.report.figures.scale import Scale, linear_ticks
from undercut.runs.report.figures.svg import element, line, picture, text

_LEFT, _TOP, _BOTTOM, _RIGHT = 62.0, 26.0, 30.0, 14.0


def fan_figure(
    quantiles: Sequence[Sequence[float]],
    start: float,
    *,
    width: int,
    height: int,
    name: str,
    title: str,
    description: str,
    unit: str,
    months: str,
    currency: str,
) -> str:
    """SVG of five quantiles (lowest first) by month, all beginning at `start`."""
    levels = [[start, *each] for each in quantiles]
    highest, lowest = max(map(max, levels)), min(0.0, *map(min, levels))
    across = Scale(0, len(levels[0]) - 1, _LEFT, width - _RIGHT)
    up = Scale(lowest, highest if highest > lowest else lowest + 1.0, height - _BOTTOM, _TOP)
    middle = " ".join(f"{across(m):.1f},{up(v):.1f}" for m, v in enumerate(levels[2]))
    return picture(
        width,
        height,
        text(2, 12, unit, class_="axis"),
        *_axes(across, up, currency, months),
        _band(levels[0], levels[4], across, up, "fan outer"),
        _band(levels[1], levels[3], across, up, "fan inner"),
        element("polyline", points=middle, class_="fan-middle"),
        line(across.start, up(0.0), across.end, up(0.0), "ruin"),
        name=name,
        title=title,
        description=description,
    )


def _band(low: Sequence[float], high: Sequence[float], across: Scale, up: Scale, style: str) -> str:
    points = [(across(month), up(value)) for month, value in enumerate(high)]
    points += [(across(month), up(value)) for month, value in reversed(list(enumerate(low)))]
    return element("polygon", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), class_=style)


def _axes(across: Scale, up: Scale, currency: str, months: str) -> list[str]:
    marks = []
    for tick in linear_ticks(up.low, up.high, 6):
        y = up(tick)
        marks.append(line(across.start, y, across.end, y, "grid"))
        label = short_money(tick, currency)
        marks.append(text(across.start - 6, y + 4, label, class_="tick", text_anchor="end"))
    return marks + month_ticks(across, up.start, months)


def month_ticks(across: Scale, bottom: float, months: str) -> list[str]:
    """Every half year, or every few months of a short war."""
    step = 6 if across.high > 14 else 2 if across.high > 4 else 1
    ticks = range(0, int(across.high) + 1, step)
    marks = [
        text(across(m), bottom + 16, str(m), class_="tick", text_anchor="middle") for m in ticks
    ]
    return [*marks, text(across.end, bottom + 28, months, class_="axis", text_anchor="end")]


def short_money(amount: float, currency: str) -> str:
    """$12k for an axis."""
    symbol = formats.SYMBOLS.get(currency, "")
    sign, size = ("−" if amount < 0 else ""), abs(amount)
    for factor, letter in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if size >= factor:
            return f"{sign}{symbol}{size / factor:.3g}{letter}"
    return f"{sign}{symbol}{size:.3g}"
