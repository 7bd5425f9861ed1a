"""A picture of a few figures with their intervals, one below the other on one axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

from undercut.runs.report.figures.scale import Scale, linear_ticks
from undercut.runs.report.figures.svg import element, line, picture, shorten, text, text_width

_ROW, _FOOT = 30, 24


@dataclass(frozen=True, slots=True)
class Mark:
    """One row; low and high are None where it has no bounded interval. strong: drawn as ours."""

    title: str
    value: float
    low: float | None = None
    high: float | None = None
    strong: bool = False


def interval_figure(
    marks: list[Mark], *, width: int, name: str, title: str, description: str
) -> str:
    """The rows as SVG; an end that is not finite is left out."""
    label = min(0.45 * width, max(text_width(each.title, 12) for each in marks) + 10)
    known = [end for each in marks for end in (each.value, each.low, each.high)]
    ends = [end for end in known if end is not None and math.isfinite(end)]
    spread = max(max(ends) - min(ends), 1e-9 + 0.02 * abs(max(ends, key=abs)))
    scale = Scale(min(ends) - 0.05 * spread, max(ends) + 0.05 * spread, label, width - 60)
    height = len(marks) * _ROW
    drawn = []
    for tick in linear_ticks(scale.low, scale.high, 5):
        drawn.append(line(scale(tick), 0, scale(tick), height, "grid"))
        drawn.append(
            text(scale(tick), height + 14, f"{tick:.4g}", class_="tick", text_anchor="middle")
        )
    for place, each in enumerate(marks):
        drawn += _row(each, scale, place * _ROW + 15.0, label)
    return picture(width, height + _FOOT, *drawn, name=name, title=title, description=description)


def _row(mark: Mark, scale: Scale, y: float, label: float) -> list[str]:
    made = [text(0, y + 4, shorten(mark.title, label - 8, 12), class_="axis")]
    right = mark.value
    if mark.low is not None and mark.high is not None:
        wide = max(1.0, scale(mark.high) - scale(mark.low))
        made.append(
            element(
                "rect", x=scale(mark.low), y=y - 4, width=wide, height=8.0, rx=2, class_="whisker"
            )
        )
        right = max(right, mark.high)
    kind = "plan" if mark.strong else "candidate on"
    made.append(element("circle", cx=scale(mark.value), cy=y, r=5.0, class_=kind))
    made.append(text(scale(right) + 9, y + 4, f"{mark.value:.4g}", class_="tick"))
    return made
