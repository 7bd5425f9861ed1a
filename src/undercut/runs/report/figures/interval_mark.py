"""A small mark for a table cell: the plan's value with its interval, and the teacher's."""

from __future__ import annotations

from undercut.runs.report.figures.svg import element, line
from undercut.runs.report.quality import Interval

WIDTH, HEIGHT = 110, 14


def interval_mark(
    plan: float, teacher: float | None, interval: Interval | None, *, start: float, alt: str
) -> str:
    """Shares on the scale [start, 1], the same in every row; `alt` says them in words."""
    middle = HEIGHT / 2
    marks = [line(5, middle, WIDTH - 5, middle, "grid")]
    if interval is not None:
        low, high = _x(interval.low, start), _x(interval.high, start)
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
        marks.append(element("circle", cx=_x(teacher, start), cy=middle, r=4.5, class_="ring"))
    marks.append(element("circle", cx=_x(plan, start), cy=middle, r=3, class_="dot"))
    size = {"width": WIDTH, "height": HEIGHT, "viewBox": f"0 0 {WIDTH} {HEIGHT}"}
    return element("svg", *marks, role="img", aria_label=alt, class_="mark", **size)


def _x(share: float, start: float) -> float:
    along = (share - start) / (1 - start)
    return 5 + min(1.0, max(0.0, along)) * (WIDTH - 10)
