"""From the report to what its pictures show."""

from __future__ import annotations

from typing import Literal

from undercut.runs.report import formats
from undercut.runs.report.figures.cost_bars import Bar
from undercut.runs.report.figures.points import Kind, Point, Scene
from undercut.runs.report.schema import Report
from undercut.runs.report.words import Words

MILLION = 1_000_000


def frontier_scene(report: Report) -> Scene:
    """Candidates, teacher and plan by cost and accuracy.

    Costs are dollars where every model has a price, else seconds per million answers, which
    order the same way on one host. A model of unknown speed is not drawn.
    """
    in_money = all(cost[1] for cost in _costs(report))
    points = []
    for name, usd, speed, accuracy in _models(report):
        cost = _cost(usd, speed, in_money)
        if cost is not None:
            points.append(Point(name, cost, accuracy, _kind(name, report)))
    line = _cost(report.reference.usd_per_million, report.reference.texts_per_second, in_money)
    return Scene(
        points=tuple(points),
        floor_accuracy=report.certificate.keep * report.teacher.accuracy,
        keep=report.certificate.keep,
        in_money=in_money,
        reference=None if line is None else (report.reference.name, line),
    )


def _models(report: Report) -> list[tuple[str, float | None, float | None, float]]:
    plan, cost, teacher = report.plan, report.cost, report.teacher
    models = [
        (c.name, c.usd_per_million, c.texts_per_second, c.accuracy)
        for c in report.candidates
        if c.name != plan.name
    ]
    if teacher.name not in {m[0] for m in models} | {plan.name}:
        models.append(
            (teacher.name, teacher.usd_per_million, teacher.texts_per_second, teacher.accuracy)
        )
    return [*models, (plan.name, cost.usd_per_million, cost.texts_per_second, plan.accuracy)]


def _costs(report: Report) -> list[tuple[str, float | None]]:
    models = [(name, usd) for name, usd, speed, _ in _models(report) if speed is not None]
    if report.reference.texts_per_second is not None:
        models.append((report.reference.name, report.reference.usd_per_million))
    return models


def _kind(name: str, report: Report) -> Kind:
    if name == report.plan.name:
        return "plan"
    return "teacher" if name == report.teacher.name else "candidate"


def _cost(usd: float | None, speed: float | None, in_money: bool) -> float | None:
    if in_money:
        return usd
    return None if speed is None else MILLION / speed


def cost_bars(report: Report, words: Words) -> list[Bar]:
    """Reference, teacher and plan, dearest first as far as known; empty with fewer than two."""
    scene = frontier_scene(report)
    bars: list[Bar] = []
    if scene.reference is not None:
        name, cost = scene.reference
        label = f"{words('reference')}: {name}"
        bars.append(Bar(label, cost, _shown(cost, scene.in_money), "reference"))
    kinds: tuple[Literal["teacher"], Literal["plan"]] = ("teacher", "plan")
    for kind in kinds:
        for point in scene.points:
            if point.kind == kind:
                label = f"{words(f'mark_{kind}')}: {point.name}"
                bars.append(Bar(label, point.cost, _shown(point.cost, scene.in_money), kind))
    return bars if len(bars) > 1 else []


def _shown(cost: float, in_money: bool) -> str:
    return formats.money(cost) if in_money else formats.duration(cost)
