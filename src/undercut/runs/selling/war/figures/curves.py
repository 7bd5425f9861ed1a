"""Survival over time, one line a policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from undercut.runs.report.figures.scale import Scale, linear_ticks
from undercut.runs.report.figures.svg import element, line, picture, text, text_width
from undercut.runs.selling.war.figures.fan import month_ticks

_GAP = 15.0


@dataclass(frozen=True, slots=True)
class Curve:
    """name: as written beside its end. style: CSS class. shares: by month, from month 1."""

    name: str
    style: str
    shares: Sequence[float]
    strong: bool = False


def curves_figure(
    curves: Sequence[Curve],
    *,
    width: int,
    height: int,
    name: str,
    title: str,
    description: str,
    unit: str,
    months: str,
) -> str:
    """SVG of shares by month, all beginning at 1; the axis starts below the lowest one."""
    lowest = min(min(curve.shares) for curve in curves)
    floor = max(0.0, min(0.9, lowest - 0.05))
    room = max(text_width(curve.name, 13) for curve in curves) + 16
    across = Scale(0, len(curves[0].shares), 46.0, width - room)
    up = Scale(floor, 1.0, height - 30.0, 26.0)
    marks = [text(2, 12, unit, class_="axis")]
    for tick in linear_ticks(floor, 1.0, 6):
        marks.append(line(across.start, up(tick), across.end, up(tick), "grid"))
        label = f"{100 * tick:.3g}%"
        marks.append(text(across.start - 6, up(tick) + 4, label, class_="tick", text_anchor="end"))
    marks += month_ticks(across, up.start, months)
    for curve in curves:
        points = [(across(month), up(s)) for month, s in enumerate([1.0, *curve.shares])]
        weight = "curve strong" if curve.strong else "curve"
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        marks.append(element("polyline", points=path, class_=f"{weight} {curve.style}"))
    marks += _names(curves, across, up)
    return picture(width, height, *marks, name=name, title=title, description=description)


def _names(curves: Sequence[Curve], across: Scale, up: Scale) -> list[str]:
    """Names at the ends, pushed apart where they would overlap."""
    ends = sorted((up(curve.shares[-1]), place) for place, curve in enumerate(curves))
    marks, last = [], -_GAP
    for y, place in ends:
        last = max(y, last + _GAP)
        curve = curves[place]
        strong = "name strong" if curve.strong else "name"
        marks.append(text(across.end + 8, last + 4, curve.name, class_=f"{strong} {curve.style}"))
    return marks
