"""The curve that a joint budget followed: its picture, and its looks as rows of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from undercut.runs.labelling.curve_lines import CurveLine, CurveOption
from undercut.runs.labelling.report.axes import axes
from undercut.runs.labelling.result import LabelReport
from undercut.runs.report import formats
from undercut.runs.report.figures.scale import Scale
from undercut.runs.report.figures.svg import element, line, picture, text
from undercut.runs.report.words import Words

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 52.0, 600.0, 34.0, 254.0


@dataclass(frozen=True, slots=True)
class Look:
    """One look, in words. ways: each way on, its gain and its cost. by_chance: what as many random
    labels would be expected to leave; None where all are random.
    """

    labels: str
    spent: str
    errors: str
    picked: str
    by_chance: str | None
    ways: tuple[str, ...]
    chosen: str


def looks(report: LabelReport, words: Words) -> tuple[Look, ...]:
    """Every look at the curve, oldest first."""
    return tuple(_look(each, report, words) for each in report.curve)


def _look(each: CurveLine, report: LabelReport, words: Words) -> Look:
    by_chance = None
    if each.random_error is not None:
        by_chance = words("by_chance", error=formats.percent(each.random_error))
    return Look(
        labels=formats.count(each.labels),
        spent=formats.money(each.spent, report.currency),
        errors=" → ".join(formats.percent(error) for error in each.errors),
        picked=words.named("way", each.way),
        by_chance=by_chance,
        ways=tuple(_way(way, report, words) for way in each.options),
        chosen=words.named("option", each.chosen),
    )


def _way(way: CurveOption, report: LabelReport, words: Words) -> str:
    """Its gain, its cost, and what is left of its worth where that is known."""
    cost = formats.money(way.cost, report.currency)
    said = f"{words.named('option', way.name)}: {formats.points(way.gain)} · {cost}"
    if way.value is None:
        return said
    value = formats.money(round(abs(way.value), 4), report.currency)
    sign = "−" if way.value < 0 else ""
    return f"{said} · {words('net', value=sign + value)}"


def joint_figure(report: LabelReport, words: Words) -> str | None:
    """Labels against the quick model's error, each look with what was chosen; None without looks.

    Looks at as many labels stand at one point, with what they chose one under the other.
    """
    if not report.curve:
        return None
    first, last = report.curve[0], report.curve[-1]
    path = [
        *zip(first.sizes, first.errors, strict=True),
        *((each.sizes[-1], each.errors[-1]) for each in report.curve[1:]),
    ]
    chance = [each.random_error for each in report.curve if each.random_error is not None]
    across = Scale(0.0, max(last.labels, path[-1][0]) * 1.12, LEFT, RIGHT)
    up = Scale(0.0, max([*chance, *(error for _, error in path)]) * 1.1 or 1.0, BOTTOM, TOP)
    return picture(
        WIDTH,
        HEIGHT,
        *axes(
            across,
            up,
            amount=words("labels"),
            share=words("model_error"),
            written=lambda labels: formats.count(round(labels)),
        ),
        element("path", d=_path(path, across, up), class_="stairs"),
        *_points(report.curve, words, across, up),
        name="joint-curve",
        title=words("joint"),
        description=words("joint_alt"),
    )


def _path(points: Sequence[tuple[int, float]], across: Scale, up: Scale) -> str:
    return " ".join(
        f"{'M' if number == 0 else 'L'}{across(labels):.1f} {up(error):.1f}"
        for number, (labels, error) in enumerate(points)
    )


def _points(curve: Sequence[CurveLine], words: Words, across: Scale, up: Scale) -> list[str]:
    marks, above = [], 0
    for number, each in enumerate(curve):
        x, y = across(each.sizes[-1]), up(each.errors[-1])
        same = number > 0 and curve[number - 1].sizes[-1] == each.sizes[-1]
        above = above + 1 if same else 0
        marks.append(element("circle", cx=x, cy=y, r=3.5, class_="candidate on"))
        chosen = words.named("option", each.chosen)
        marks.append(text(x, y - 8 - 12 * above, chosen, class_="tick", text_anchor="middle"))
        if each.random_error is not None:
            y = up(each.random_error)
            marks.append(line(x - 6, y, x + 6, y, "floor"))
    return marks
