"""The picture of a labelling job: money spent against the error that was believed then."""

from __future__ import annotations

from undercut.runs.labelling.report.axes import axes
from undercut.runs.labelling.result import LabelReport
from undercut.runs.report import formats
from undercut.runs.report.figures.scale import Scale
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
        *axes(
            across,
            up,
            amount=words("axis_spent"),
            share=words("axis_error"),
            written=lambda spent: formats.money(round(spent, 6), report.currency),
        ),
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
