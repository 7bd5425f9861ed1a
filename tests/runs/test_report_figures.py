"""Figures: nothing overlaps, nothing leaves the picture, scales are true."""

from __future__ import annotations

import itertools
import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import SAMPLES

from undercut.runs.report import formats
from undercut.runs.report.figures.frontier import frontier_figure
from undercut.runs.report.figures.labels import Box, Label, place
from undercut.runs.report.figures.points import Point, staircase
from undercut.runs.report.figures.scale import Scale, linear_ticks, log_domain, log_ticks
from undercut.runs.report.figures.svg import element, shorten, text_width
from undercut.runs.report.figures.traffic import traffic_figure
from undercut.runs.report.scene import cost_bars, frontier_scene
from undercut.runs.report.words import Words

at = st.floats(0, 400)


@given(st.lists(st.builds(Label, at, at, st.text("ab文", min_size=1, max_size=20)), max_size=15))
def test_labels_never_overlap_and_stay_inside(labels: list[Label]) -> None:
    bounds, taken = Box(0, 0, 400, 400), [Box(100, 100, 150, 150)]
    placed = place(labels, bounds=bounds, taken=taken)
    boxes = [p.box for p in placed] + taken
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    assert all(p.box.inside(bounds) for p in placed)


def test_a_lone_label_is_written_and_avoids_lines() -> None:
    label = Label(200, 200, "model")
    (spot,) = place([label], bounds=Box(0, 0, 400, 400), taken=[])
    assert spot.x > 200
    line = Box(0, 199, 400, 201)
    (moved,) = place([label], bounds=Box(0, 0, 400, 400), taken=[], shunned=[line])
    assert not moved.box.overlaps(line)


costs = st.floats(1e-6, 1e6)


@given(st.lists(st.tuples(costs, st.floats(0, 1)), min_size=1, max_size=20))
def test_staircase_holds_exactly_what_nothing_beats(pairs: list[tuple[float, float]]) -> None:
    points = [Point(str(i), c, a, "candidate") for i, (c, a) in enumerate(pairs)]
    steps = staircase(points)
    assert [s.cost for s in steps] == sorted(s.cost for s in steps)
    for p in points:
        beaten = any(s.cost <= p.cost and s.accuracy >= p.accuracy for s in steps)
        assert beaten  # by itself, if by nothing else


@given(st.lists(costs, min_size=1, max_size=10))
def test_log_axis_holds_every_value_and_has_ticks(values: list[float]) -> None:
    low, high = log_domain(values)
    scale = Scale(low, high, 0, 100, log=True)
    assert all(0 < scale(v) < 100 for v in values)
    ticks = log_ticks(low, high)
    assert ticks
    assert all(low <= t <= high for t in ticks)


@given(st.floats(0, 0.99), st.floats(0.001, 1))
def test_linear_ticks_are_few_and_inside(low: float, width: float) -> None:
    ticks = linear_ticks(low, low + width, 6)
    assert 1 <= len(ticks) <= 6
    assert all(low - 1e-9 <= t <= low + width + 1e-9 for t in ticks)


@pytest.mark.parametrize("width", [350, 760])
@pytest.mark.parametrize("name", SAMPLES)
def test_frontier_draws_all_marks_inside_and_names_plan(name: str, width: int) -> None:
    report = SAMPLES[name]()
    scene, words = frontier_scene(report), Words("en")
    svg = ET.fromstring(frontier_figure(scene, words, width=width, height=400, name="f"))
    assert svg.find("title") is not None
    description = svg.find("desc")
    assert description is not None
    assert formats.percent(report.plan.accuracy) in (description.text or "")
    circles = [c for c in svg.iter("circle") if c.get("class") != "halo"]
    assert len(circles) + len(list(svg.iter("rect"))) == len(scene.drawn)
    for circle in circles:
        assert 0 <= float(circle.get("cx", "-1")) <= width
        assert 0 <= float(circle.get("cy", "-1")) <= 400
    assert any((t.text or "").startswith("plan ") for t in svg.iter("text"))


def test_hopeless_models_are_named_below_and_do_not_squeeze_the_rest() -> None:
    scene = frontier_scene(SAMPLES["certified"]())
    assert [p.name for p in scene.left_out] == ["MiniLM dynamic int8"]


def test_one_unknown_price_turns_the_axis_to_seconds() -> None:
    scene = frontier_scene(SAMPLES["teacher_kept"]())
    assert not scene.in_money
    plan = next(p for p in scene.points if p.kind == "plan")
    assert plan.cost == pytest.approx(1e6 / 655)
    assert len([p for p in scene.points if p.kind == "teacher"]) == 0  # it is the plan


def test_traffic_bars_cover_all_texts_once() -> None:
    report = SAMPLES["certified"]()
    svg = ET.fromstring(traffic_figure(report.plan.stages, Words("en"), width=1000, name="t"))
    answered = [r for r in svg.iter("rect") if r.get("class") == "answered"]
    widths = [float(r.get("width", "0")) for r in answered]
    assert widths == pytest.approx([781, 172, 47])
    starts = [float(r.get("x", "0")) for r in answered]
    assert starts == pytest.approx([0, 781, 953])


def test_cost_bars_name_reference_teacher_and_plan() -> None:
    bars = cost_bars(SAMPLES["certified"](), Words("en"))
    assert [b.kind for b in bars] == ["reference", "teacher", "plan"]
    assert bars[0].cost / bars[2].cost == pytest.approx(8_760 / 71.2)


@given(st.text(max_size=40), st.floats(20, 200))
def test_shortened_text_fits(content: str, width: float) -> None:
    assert text_width(shorten(content, width)) <= width


def test_elements_escape_attributes() -> None:
    assert element("g", aria_label='"<&') == """<g aria-label='"&lt;&amp;'></g>"""


@given(st.floats(0, 1.2))
def test_bounds_never_gain_by_rounding(share: float) -> None:
    shown = float(formats.percent_floor(share).rstrip("%")) / 100
    assert shown <= share + 1e-12
    assert share - shown < 0.001 + 1e-12


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (formats.percent_floor(0.98999), "98.9%"),
        (formats.percent_floor(0.29), "29.0%"),
        (formats.percent_exact(0.99), "99.0%"),
        (formats.percent_exact(0.9975), "99.75%"),
        (formats.times(123.99), "123"),
        (formats.times(9.19), "9.1"),
        (formats.money(0.0028316), "$0.00283"),
        (formats.money("0.00790801"), "$0.00791"),
        (formats.money(1234.5, "CNY"), "¥1,234.50"),
        (formats.money(None), "–"),
        (formats.rate(18_234), "18,200"),
        (formats.rate(71.2), "71"),
        (formats.size(47_300_000), "47 MB"),
        (formats.milliseconds(0.00021), "0.21 ms"),
        (formats.duration(341.7), "5 min 42 s"),
        (formats.duration(3_700), "1 h 01 min"),
        (formats.points(-0.0031), "−0.3"),
    ],
)
def test_figures_read_as_people_write_them(shown: str, expected: str) -> None:
    assert shown == expected


def test_scale_is_logarithmic() -> None:
    scale = Scale(1, 100, 0, 2, log=True)
    assert math.isclose(scale(10), 1)
