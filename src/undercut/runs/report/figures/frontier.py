"""The main picture: cost on a logarithmic axis against accuracy."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

from undercut.runs.report import formats
from undercut.runs.report.figures import labels as lettering
from undercut.runs.report.figures.points import Point, Scene, staircase
from undercut.runs.report.figures.scale import (
    Scale,
    linear_ticks,
    log_domain,
    log_ticks,
)
from undercut.runs.report.figures.svg import element, line, picture, shorten, text, text_width
from undercut.runs.report.words import Words


def frontier_figure(scene: Scene, words: Words, *, width: int, height: int, name: str) -> str:
    """The scene as SVG, `width` x `height` units; raises ValueError where it has no points."""
    if not scene.drawn:
        raise ValueError("a frontier needs at least one point, got none")
    frame = lettering.Box(46, 30, width - 12, height - 46)
    across, up = _scales(scene, frame)
    steps = staircase(scene.drawn)
    plan = next((p for p in scene.drawn if p.kind == "plan"), scene.drawn[0])
    return picture(
        width,
        height,
        *_axes(scene, words, frame, across, up),
        _stairs(steps, across, up, frame),
        *(_mark(p, across, up, on_line=p in steps) for p in scene.drawn),
        *_letters(scene, words, frame, across, up),
        name=name,
        title=words("frontier"),
        description=words(
            "frontier_alt", points=len(scene.points), plan=_figures(plan, scene.in_money)
        ),
    )


def _scales(scene: Scene, frame: lettering.Box) -> tuple[Scale, Scale]:
    costs = [p.cost for p in scene.drawn] + ([scene.reference[1]] if scene.reference else [])
    heights = [p.accuracy for p in scene.drawn] + [scene.floor_accuracy]
    pad = max(0.004, 0.14 * (max(heights) - min(heights)))
    left, right = log_domain(costs)
    return (
        Scale(left, right, frame.left, frame.right, log=True),
        Scale(
            max(0.0, min(heights) - pad), min(1.004, max(heights) + pad), frame.bottom, frame.top
        ),
    )


def _axes(scene: Scene, words: Words, frame: lettering.Box, across: Scale, up: Scale) -> list[str]:
    marks: list[str] = []
    ticks = linear_ticks(up.low, min(1.0, up.high), 6)
    digits = 0 if all(abs(t * 100 - round(t * 100)) < 1e-6 for t in ticks) else 1
    for tick in ticks:
        y = up(tick)
        marks.append(line(frame.left, y, frame.right, y, "grid"))
        label = formats.percent(tick, digits)
        marks.append(text(frame.left - 7, y + 4, label, class_="tick", text_anchor="end"))
    last_right = 0.0
    for tick in log_ticks(across.low, across.high):
        x, label = across(tick), _tick(tick, scene.in_money)
        marks.append(line(x, frame.top, x, frame.bottom, "grid"))
        half = text_width(label, 11) / 2
        if x - half > last_right and x + half < frame.right + 12:
            y = frame.bottom + 17
            marks.append(text(x, y, label, class_="tick", text_anchor="middle"))
            last_right = x + half + 6
    axis = words("axis_cost" if scene.in_money else "axis_seconds")
    marks.append(text(frame.right, frame.bottom + 37, axis, class_="axis", text_anchor="end"))
    marks.append(text(2, 14, words("axis_accuracy"), class_="axis"))
    marks.append(line(frame.left, frame.bottom, frame.right, frame.bottom, "base"))
    return marks


def _stairs(steps: Sequence[Point], across: Scale, up: Scale, frame: lettering.Box) -> str:
    path = [f"M{across(steps[0].cost):.1f} {frame.bottom:.1f}"]
    for step in steps:
        path.append(f"H{across(step.cost):.1f}V{up(step.accuracy):.1f}")
    path.append(f"H{frame.right:.1f}")
    return element("path", d="".join(path), class_="stairs")


def _mark(point: Point, across: Scale, up: Scale, *, on_line: bool) -> str:
    x, y = across(point.cost), up(point.accuracy)
    hint = element("title", escape(point.name))
    if point.kind == "plan":
        halo = element("circle", cx=x, cy=y, r=12, class_="halo")
        return halo + element("circle", hint, cx=x, cy=y, r=7, class_="plan")
    if point.kind == "teacher":
        return element("rect", hint, x=x - 6, y=y - 6, width=12, height=12, class_="teacher")
    role = "candidate on" if on_line else "candidate"
    return element("circle", hint, cx=x, cy=y, r=4.5, class_=role)


def _letters(
    scene: Scene, words: Words, frame: lettering.Box, across: Scale, up: Scale
) -> list[str]:
    marks: list[str] = []
    taken = [_around(across(p.cost), up(p.accuracy), 7) for p in scene.drawn]
    floor, floor_label = (
        up(scene.floor_accuracy),
        words("mark_keep", keep=formats.percent_exact(scene.keep)),
    )
    marks.append(line(frame.left, floor, frame.right, floor, "floor"))
    wanted = [_label(p, words, across, up, frame, scene) for p in _by_weight(scene.drawn)]
    if scene.reference is not None:
        x = across(scene.reference[1])
        marks.append(line(x, frame.top, x, frame.bottom, "reference"))
        content = f"{scene.reference[0]} {_cost(scene.reference[1], scene.in_money)}"
        end = min(frame.right + 10, x + text_width(content, 12) / 2)
        marks.append(text(end, frame.top - 8, content, class_="name", text_anchor="end"))
        taken.append(lettering.Box(x - 2, frame.top, x + 2, frame.bottom))
    floor_box = _floor_box(floor_label, floor, frame, [*taken])
    if floor_box is not None:
        marks.append(text(floor_box.left, floor_box.bottom - 3, floor_label, class_="floor-name"))
        taken.append(floor_box)
    lines = [lettering.Box(frame.left, floor - 1, frame.right, floor + 1)]
    lines += _step_boxes(staircase(scene.drawn), across, up, frame)
    for spot in lettering.place(wanted, bounds=frame, taken=taken, shunned=lines):
        if spot.led:
            marks.append(_leader(spot))
        role = "name strong" if spot.label.strong else "name"
        marks.append(text(spot.x, spot.baseline, spot.label.content, class_=role))
    return marks


def _step_boxes(
    steps: Sequence[Point], across: Scale, up: Scale, frame: lettering.Box
) -> list[lettering.Box]:
    boxes: list[lettering.Box] = []
    below = frame.bottom
    for here, after in itertools.zip_longest(steps, steps[1:]):
        x, y = across(here.cost), up(here.accuracy)
        end = frame.right if after is None else across(after.cost)
        boxes.append(lettering.Box(x - 1, y, x + 1, below))
        boxes.append(lettering.Box(x, y - 1, end, y + 1))
        below = y
    return boxes


def _floor_box(
    label: str, y: float, frame: lettering.Box, taken: list[lettering.Box]
) -> lettering.Box | None:
    width = text_width(label, 11)
    for left in (frame.left + 6, (frame.left + frame.right - width) / 2, frame.right - width - 6):
        for top in (y + 2, y - 16):
            box = lettering.Box(left, top, left + width, top + 14)
            if box.inside(frame) and not any(box.overlaps(other) for other in taken):
                return box
    return None


def _label(
    point: Point, words: Words, across: Scale, up: Scale, frame: lettering.Box, scene: Scene
) -> lettering.Label:
    x, y = across(point.cost), up(point.accuracy)
    room = (frame.right - frame.left) * 0.42
    if point.kind == "candidate":
        return lettering.Label(x, y, shorten(point.name, room))
    # A telephone has room for one of the two figures; the cost can be read off the axis.
    shown = _figures(point, scene.in_money) if room > 200 else formats.percent(point.accuracy)
    content = f"{words('mark_' + point.kind)} {shown}"
    return lettering.Label(x, y, content, font_size=13, strong=True)


def _by_weight(points: Sequence[Point]) -> list[Point]:
    order = {"plan": 0, "teacher": 1, "candidate": 2}
    best = staircase(points)
    return sorted(points, key=lambda p: (order[p.kind], p not in best, -p.accuracy))


def _leader(spot: lettering.Placed) -> str:
    box, x, y = spot.box, spot.label.x, spot.label.y
    near_x = min(max(x, box.left), box.right)
    near_y = min(max(y, box.top), box.bottom)
    return line(x, y, near_x, near_y, "leader")


def _around(x: float, y: float, radius: float) -> lettering.Box:
    return lettering.Box(x - radius, y - radius, x + radius, y + radius)


def _figures(point: Point, in_money: bool) -> str:
    return f"{formats.percent(point.accuracy)} · {_cost(point.cost, in_money)}"


def _cost(cost: float, in_money: bool) -> str:
    return formats.money(cost) if in_money else formats.duration(cost)


def _tick(cost: float, in_money: bool) -> str:
    # Ticks are round figures: $0.001 says it, $0.00100 claims digits.
    digits = max(0, -math.floor(math.log10(cost)))
    return f"{'$' if in_money else ''}{cost:,.{digits}f}"
