"""A small mark for a table cell: the plan's value with its interval, and the teacher's."""

from __future__ import annotations

from undercut.runs.report.figures.svg import element, line
from undercut.runs.report.quality import Interval

WIDTH, HEIGHT = 110, 14


def interval_mark(plan: float, teacher: float | None, interval: Interval | None, alt: str) -> str:
    """Shares in [0, 1] on a short common scale; `alt` says the same in words."""
    middle = HEIGHT / 2
    marks = [line(5, middle, WIDTH - 5, middle, "grid")]
    if interval is not None:
        low, high = _x(interval.low), _x(interval.high)
        marks.append(
            element(
                "rect",
                x=low,
                y=middle - 3,
                width=max(1.0, high - low),
                height=6,
                rx=3,
                class_="whisker",
            )
        )
    if teacher is not None:
        marks.append(element("circle", cx=_x(teacher), cy=middle, r=4.5, class_="ring"))
    marks.append(element("circle", cx=_x(plan), cy=middle, r=3, class_="dot"))
    size = {"width": WIDTH, "height": HEIGHT, "viewBox": f"0 0 {WIDTH} {HEIGHT}"}
    return element("svg", *marks, role="img", aria_label=alt, class_="mark", **size)


def _x(share: float) -> float:
    return 5 + min(1.0, max(0.0, share)) * (WIDTH - 10)
