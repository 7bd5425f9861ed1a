"""Prices over time on a logarithmic axis: steps for what was, whiskers for what was forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from undercut.runs.report import formats
from undercut.runs.report.figures.scale import Scale, log_domain, log_ticks
from undercut.runs.report.figures.svg import element, line, picture, text, text_width

_LABEL_GAP = 15.0


@dataclass(frozen=True, slots=True)
class Series:
    """One line. points: (day, price > 0), oldest first; a price holds until the next point.

    style: the CSS class that colours it. strong: drawn thicker, its name in bold.
    """

    name: str
    style: str
    points: tuple[tuple[date, float], ...]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Whisker:
    """A forecast for one day with its interval."""

    day: date
    low: float
    price: float
    high: float


def lines_figure(
    series: Sequence[Series],
    whiskers: Sequence[Whisker] = (),
    *,
    width: int,
    height: int,
    name: str,
    title: str,
    description: str,
    unit: str,
) -> str:
    """The series as SVG, `width` x `height` units; series without points are left out."""
    drawn = [each for each in series if each.points]
    values = [value for each in drawn for _, value in each.points]
    values += [value for w in whiskers for value in (w.low, w.high)]
    days = [day.toordinal() for each in drawn for day, _ in each.points]
    days += [w.day.toordinal() for w in whiskers]
    if not values:
        return ""
    room = max(text_width(each.name, 13) for each in drawn) + 14
    across = Scale(min(days), max(*days, min(days) + 1), 52, width - room)
    up = Scale(*log_domain(values), height - 30, 26, log=True)
    return picture(
        width,
        height,
        *_axes(across, up, unit),
        *(_path(each, across, up) for each in drawn),
        *(mark for w in whiskers for mark in _whisker(w, across, up)),
        *_names(drawn, across, up),
        name=name,
        title=title,
        description=description,
    )


def _axes(across: Scale, up: Scale, unit: str) -> list[str]:
    marks = [text(2, 12, unit, class_="axis")]
    for tick in log_ticks(up.low, up.high):
        y = up(tick)
        marks.append(line(across.start, y, across.end, y, "grid"))
        label = formats.money(tick).rstrip("0").rstrip(".") if tick >= 1 else formats.money(tick)
        marks.append(text(across.start - 6, y + 4, label, class_="tick", text_anchor="end"))
    first, last = date.fromordinal(round(across.low)), date.fromordinal(round(across.high))
    for year in range(first.year, last.year + 1):
        start = max(across.low, date(year, 1, 1).toordinal())
        end = min(across.high, date(year + 1, 1, 1).toordinal())
        if start > across.low:
            marks.append(line(across(start), up.end, across(start), up.start, "grid"))
        if across(end) - across(start) > 34:
            middle = (across(start) + across(end)) / 2
            label = str(year)
            marks.append(text(middle, up.start + 18, label, class_="tick", text_anchor="middle"))
    marks.append(line(across.start, up.start, across.end, up.start, "base"))
    return marks


def _path(series: Series, across: Scale, up: Scale) -> str:
    (first, price), *rest = series.points
    path = [f"M{across(first.toordinal()):.1f} {up(price):.1f}"]
    path += [f"H{across(day.toordinal()):.1f}V{up(value):.1f}" for day, value in rest]
    weight = "series strong" if series.strong else "series"
    return element("path", d="".join(path), class_=f"{weight} {series.style}")


def _whisker(whisker: Whisker, across: Scale, up: Scale) -> list[str]:
    x = across(whisker.day.toordinal())
    return [
        line(x, up(whisker.low), x, up(whisker.high), "reach"),
        element("circle", cx=x, cy=up(whisker.price), r=3.5, class_="said"),
    ]


def _names(series: Sequence[Series], across: Scale, up: Scale) -> list[str]:
    """Names right of the picture, at the height of each line's end, pushed apart."""
    ends = sorted((up(each.points[-1][1]), each.name, each) for each in series)
    marks, lowest = [], -_LABEL_GAP
    heights = []
    for y, _, _ in ends:
        lowest = max(y, lowest + _LABEL_GAP)
        heights.append(lowest)
    # pushed below the picture: move the stack up as a whole
    over = max(0.0, heights[-1] - up.start)
    for height, (_, _, each) in zip(heights, ends, strict=True):
        weight = "name strong" if each.strong else "name"
        label = each.name
        marks.append(
            text(across.end + 8, height - over + 4, label, class_=f"{weight} {each.style}-name")
        )
    return marks
