"""The picture of a labelling job: money spent against the error that was believed then."""

from __future__ import annotations

from collections.abc import Sequence

from undercut.runs.labelling.result import LabelReport
from undercut.runs.report import formats
from undercut.runs.report.figures.scale import Scale, linear_ticks
from undercut.runs.report.figures.svg import element, line, picture, text
from undercut.runs.report.words import Words

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 52.0, 620.0, 30.0, 254.0
LEAST_POINTS = 2


def curve_figure(report: LabelReport, words: Words) -> str | None:
    """The picture as SVG; None where fewer than two steps cost anything."""
    points = _points(report)
    if len(points) < LEAST_POINTS or points[-1][0] <= 0:
        return None
    target = float(report.config["target_error"])
    highest = max([target * 1.2, *(error for _, error in points)])
    across = Scale(0.0, points[-1][0] * 1.02, LEFT, RIGHT)
    up = Scale(0.0, highest * 1.05, BOTTOM, TOP)
    path = " ".join(
        f"{'M' if number == 0 else 'L'}{across(spent):.1f} {up(error):.1f}"
        for number, (spent, error) in enumerate(points)
    )
    y = up(target)
    return picture(
        WIDTH,
        HEIGHT,
        *_axes(report, words, across, up),
        line(LEFT, y, RIGHT, y, "floor"),
        text(RIGHT, y - 5, words("target_line"), class_="floor-name", text_anchor="end"),
        element("path", d=path, class_="stairs"),
        *(
            element("circle", cx=across(spent), cy=up(error), r=3.5, class_="candidate on")
            for spent, error in points
        ),
        name="spending",
        title=words("curve"),
        description=words("curve_alt"),
    )


def _points(report: LabelReport) -> list[tuple[float, float]]:
    """(spent, error) before each step and at the end; steps before anything was known left out."""
    found = []
    before = 0.0
    for step in report.rounds:
        if step.purpose != "explore" and step.error < 0.99:
            found.append((before, step.error))
        before = float(step.spent)
    found.append((float(report.committed), report.believed_error))
    return sorted(dict.fromkeys(found))


def _axes(report: LabelReport, words: Words, across: Scale, up: Scale) -> Sequence[str]:
    marks = []
    for tick in linear_ticks(up.low, up.high, 6):
        y = up(tick)
        marks.append(line(LEFT, y, RIGHT, y, "grid"))
        label = formats.percent(tick, 0 if up.high > 0.1 else 1)
        marks.append(text(LEFT - 7, y + 4, label, class_="tick", text_anchor="end"))
    for tick in linear_ticks(across.low, across.high, 7):
        x = across(tick)
        label = formats.money(round(tick, 6), report.currency)
        marks.append(text(x, BOTTOM + 17, label, class_="tick", text_anchor="middle"))
    marks.append(text(2, 14, words("axis_error"), class_="axis"))
    marks.append(text(RIGHT, BOTTOM + 37, words("axis_spent"), class_="axis", text_anchor="end"))
    marks.append(line(LEFT, BOTTOM, RIGHT, BOTTOM, "base"))
    return marks
