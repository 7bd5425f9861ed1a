"""What the page's templates are given, beside the report itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypedDict

from markupsafe import Markup

from undercut.runs.report import formats
from undercut.runs.report.figures.cost_bars import cost_figure
from undercut.runs.report.figures.frontier import frontier_figure
from undercut.runs.report.figures.interval_mark import interval_mark
from undercut.runs.report.figures.points import Scene
from undercut.runs.report.figures.traffic import traffic_figure
from undercut.runs.report.quality import ClassQuality
from undercut.runs.report.scene import cost_bars
from undercut.runs.report.schema import Candidate, Measurement, Report
from undercut.runs.report.words import Words

WIDE, NARROW = 760, 350


class Pair(TypedDict):
    """One picture twice: for a page and for a telephone, where scaled text would be unreadable."""

    wide: Markup
    narrow: Markup


@dataclass(frozen=True, slots=True)
class Number:
    """A key figure: what it is, the figure, and what to hold it against."""

    name: str
    value: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class of plan and teacher, with its small picture."""

    plan: ClassQuality
    teacher: ClassQuality | None
    mark: Markup


def key_numbers(report: Report, words: Words) -> list[Number]:
    """The six figures at the top of the page."""
    cost, plan = report.cost, report.plan
    return [
        Number(words("accuracy"), formats.percent(plan.accuracy), _accuracy_details(report, words)),
        Number(
            words("macro_f1"),
            formats.percent(plan.macro_f1),
            (words("of_teacher", value=formats.percent(report.teacher.macro_f1)),),
        ),
        Number(
            words("cost_million"),
            formats.money(cost.usd_per_million),
            (_cost_detail(report, words),),
        ),
        Number(
            words("speed"), formats.rate(cost.texts_per_second), (_speed_detail(report, words),)
        ),
        Number(
            words("latency"),
            formats.milliseconds(cost.single_p50_seconds),
            (words("latency_detail", p99=formats.milliseconds(cost.single_p99_seconds)),),
        ),
        Number(
            words("footprint"),
            formats.size(cost.disk_bytes),
            (words("footprint_detail", memory=formats.size(cost.peak_memory_bytes)),),
        ),
    ]


def _accuracy_details(report: Report, words: Words) -> tuple[str, ...]:
    teacher = words("of_teacher", value=formats.percent(report.teacher.accuracy))
    difference = report.plan.accuracy_difference
    if difference is None or difference.interval is None:
        return (teacher,)
    low, high = formats.points(difference.interval.low), formats.points(difference.interval.high)
    value = formats.points(difference.value)
    return (teacher, words("difference", value=value, low=low, high=high))


def _cost_detail(report: Report, words: Words) -> str:
    if report.cost.usd_per_million is None:
        return words("price_unknown")
    reference = report.reference
    value = formats.money(reference.usd_per_million)
    return words("cost_million_against", reference=reference.name, value=value)


def _speed_detail(report: Report, words: Words) -> str:
    batch, spread = report.cost.batch_size, report.cost.spread_fraction
    if batch is None or spread is None:
        return words("speed_plain")
    return words("speed_detail", batch=formats.count(batch), spread=formats.percent(spread))


def frontier_pair(scene: Scene, words: Words) -> Pair:
    """Cost against accuracy, wide and narrow."""
    return Pair(
        wide=Markup(frontier_figure(scene, words, width=WIDE, height=440, name="frontier-w")),
        narrow=Markup(frontier_figure(scene, words, width=NARROW, height=380, name="frontier-n")),
    )


def traffic_pair(report: Report, words: Words) -> Pair:
    """Which stage answers, wide and narrow."""
    stages = report.plan.stages
    return Pair(
        wide=Markup(traffic_figure(stages, words, width=WIDE, name="traffic-w")),
        narrow=Markup(traffic_figure(stages, words, width=NARROW, name="traffic-n")),
    )


def bars_pair(report: Report, words: Words) -> Pair | None:
    """Cost against the reference, wide and narrow; None where there is nothing to compare."""
    bars, name = cost_bars(report, words), report.reference.name
    if not bars:
        return None
    return Pair(
        wide=Markup(cost_figure(bars, words, width=WIDE, name="cost-w", reference=name)),
        narrow=Markup(cost_figure(bars, words, width=NARROW, name="cost-n", reference=name)),
    )


def measured_rows(report: Report) -> list[tuple[str, Measurement]]:
    """Reference, teacher (where measured as a candidate) and plan, for the table of costs."""
    teacher = [
        (c.name, c)
        for c in report.candidates
        if c.name == report.teacher.name and c.name != report.plan.name
    ]
    rows: list[tuple[str, Measurement]] = [(report.reference.name, report.reference)]
    return [*rows, *teacher, (report.plan.name, report.cost)]


def class_rows(report: Report, words: Words) -> list[ClassRow]:
    """Classes by the plan's F1, worst first; a class without F1 counts as worst."""
    teachers = {c.name: c for c in report.teacher.per_class}
    ordered = sorted(report.plan.per_class, key=lambda c: (c.f1 or 0.0, c.name))
    start = mark_start(report)
    return [ClassRow(c, teachers.get(c.name), _mark(c, teachers, words, start)) for c in ordered]


def mark_start(report: Report) -> float:
    """Where the scale of the small pictures starts: a tenth at or under the lowest figure."""
    lows = [c.f1 for c in report.plan.per_class + report.teacher.per_class if c.f1 is not None]
    lows += [c.f1_interval.low for c in report.plan.per_class if c.f1_interval is not None]
    return min(0.9, math.floor(10 * min(lows, default=0.0)) / 10)


def _mark(
    quality: ClassQuality, teachers: dict[str, ClassQuality], words: Words, start: float
) -> Markup:
    if quality.f1 is None:
        return Markup("")
    teacher = teachers[quality.name].f1 if quality.name in teachers else None
    alt = words("f1_plan_alt", plan=formats.percent(quality.f1), teacher=formats.percent(teacher))
    return Markup(interval_mark(quality.f1, teacher, quality.f1_interval, start=start, alt=alt))


def by_accuracy(candidates: tuple[Candidate, ...]) -> list[Candidate]:
    """The candidates, most accurate first."""
    return sorted(candidates, key=lambda c: (-c.accuracy, c.name))
