"""The frame of this report's pictures: a share upwards, an amount across."""

from __future__ import annotations

from collections.abc import Callable

from undercut.runs.report import formats
from undercut.runs.report.figures.scale import Scale, linear_ticks
from undercut.runs.report.figures.svg import line, text


def axes(
    across: Scale, up: Scale, *, amount: str, share: str, written: Callable[[float], str]
) -> list[str]:
    """Grid, ticks and names. amount, share: names of the axes; written: an amount in words."""
    left, right, bottom = across.start, across.end, up.start
    marks = []
    for tick in linear_ticks(up.low, up.high, 6):
        y = up(tick)
        marks.append(line(left, y, right, y, "grid"))
        label = formats.percent(tick, 0 if up.high > 0.1 else 1)
        marks.append(text(left - 7, y + 4, label, class_="tick", text_anchor="end"))
    for tick in linear_ticks(across.low, across.high, 7):
        label = written(tick)
        marks.append(text(across(tick), bottom + 17, label, class_="tick", text_anchor="middle"))
    marks.append(text(2, 14, share, class_="axis"))
    marks.append(text(right, bottom + 37, amount, class_="axis", text_anchor="end"))
    marks.append(line(left, bottom, right, bottom, "base"))
    return marks
