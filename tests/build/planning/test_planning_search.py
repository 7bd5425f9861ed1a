"""The search against brute force, and decisions that keep their splits apart."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.build.planning.calibration import negative_log_likelihood
from undercut.build.planning.decide import DecideConfig, Judged, choose_teacher, decide
from undercut.build.planning.foresight import pass_frontier
from undercut.build.planning.mixture import mixture_weights
from undercut.build.planning.search import (
    Rival,
    SearchConfig,
    certify_order,
    joint_rival,
    search,
    single_rival,
)
from undercut.models.cascade import answer, mix

CLASSES = 6


def scores(labels: np.ndarray, skill: float, seed: int) -> np.ndarray:
    """Probabilities of a made-up model: the larger the skill, the more often it is right."""
    logits = np.random.default_rng(seed).normal(size=(len(labels), CLASSES))
    logits[np.arange(len(labels)), labels] += skill
    exponentials = np.exp(1.5 * logits)
    return (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    return np.random.default_rng(7).integers(0, CLASSES, size=900)


@pytest.fixture(scope="module")
def rivals(labels: np.ndarray) -> list[Rival]:
    return [
        single_rival("small", scores(labels, 2.5, 1), 1e-5, 1.0),
        single_rival("middle", scores(labels, 3.5, 2), 2e-4, 1.0),
        single_rival("large", scores(labels, 4.5, 3), 1e-3, 1.0),
    ]


def test_every_option_is_what_running_its_cascade_gives(
    labels: np.ndarray, rivals: list[Rival]
) -> None:
    teacher_right = rivals[2].probabilities.argmax(axis=1) == labels
    frontier = pass_frontier(1500, keep=0.97, confidence=0.95, teacher_accuracy=0.97)
    options = search(rivals, labels, teacher_right, frontier, SearchConfig(thresholds=12))
    assert len(options) > 5
    by_name = {rival.name: rival for rival in rivals}
    for option in options:
        ran: dict[str, int] = {}

        def ask(model: str, rows: np.ndarray, ran: dict[str, int] = ran) -> np.ndarray:
            ran[model] = len(rows)
            return by_name[model].probabilities[rows]

        answers = answer(option.spec, len(labels), ask)
        right = answers.labels == labels
        assert option.lost == int((teacher_right & ~right).sum())
        assert option.won == int((~teacher_right & right).sum())
        assert option.accuracy == pytest.approx(right.mean())
        spent = sum(by_name[name].seconds_per_text * rows for name, rows in ran.items())
        assert option.seconds_per_text == pytest.approx(spent / len(labels), rel=1e-6)


def test_a_joint_rival_runs_its_models_in_one_stage(
    labels: np.ndarray, rivals: list[Rival]
) -> None:
    twin = single_rival("twin", scores(labels, 2.5, 9), 3e-5, 1.0)
    joint = joint_rival([rivals[0], twin], labels)
    assert joint.seconds_per_text == pytest.approx(4e-5)
    assert sum(joint.weights.values()) == pytest.approx(1.0, abs=1e-4)
    frontier = pass_frontier(1500, keep=0.97, confidence=0.95, teacher_accuracy=0.97)
    teacher_right = rivals[2].probabilities.argmax(axis=1) == labels
    options = search([joint, *rivals], labels, teacher_right, frontier, SearchConfig(thresholds=12))
    arrays = {rival.name: rival.probabilities for rival in [twin, *rivals]}
    assert any(len(option.spec.stages[0].weights) == 2 for option in options)
    for option in options:
        assert len(set(option.spec.models)) == len(option.spec.models)
        answers = answer(option.spec, len(labels), lambda model, rows: arrays[model][rows])
        assert option.accuracy == pytest.approx((answers.labels == labels).mean(), abs=2e-3)


def test_options_are_a_frontier_from_safest_to_cheapest(
    labels: np.ndarray, rivals: list[Rival]
) -> None:
    teacher_right = rivals[2].probabilities.argmax(axis=1) == labels
    frontier = pass_frontier(1500, keep=0.97, confidence=0.95, teacher_accuracy=0.97)
    options = search(rivals, labels, teacher_right, frontier, SearchConfig(thresholds=12))
    seconds = [option.seconds_per_text for option in options]
    chances = [option.pass_probability for option in options]
    assert seconds == sorted(seconds, reverse=True)
    assert chances == sorted(chances, reverse=True)
    assert len(set(chances)) == len(chances)
    order = certify_order(options, most_tests=5)
    assert 1 <= len(order) <= 5
    costs = [option.seconds_per_text for option in order]
    assert costs == sorted(costs, reverse=True)


def test_mixture_weights_beat_every_single_model(labels: np.ndarray) -> None:
    parts = {"a": scores(labels, 2.5, 1), "b": scores(labels, 2.5, 2)}
    weights = mixture_weights(parts, labels)
    assert sum(weights.values()) == pytest.approx(1.0)
    mixed = negative_log_likelihood(mix(parts, weights), labels)
    assert mixed < min(negative_log_likelihood(values, labels) for values in parts.values())


def test_a_useless_model_gets_no_weight(labels: np.ndarray) -> None:
    noise = np.random.default_rng(0).dirichlet(np.ones(CLASSES), size=len(labels))
    parts = {"good": scores(labels, 6.0, 1), "noise": noise.astype(np.float32)}
    assert mixture_weights(parts, labels) == {"good": 1.0}


def decision_data(rows: int, seed: int) -> Judged:
    drawn = np.random.default_rng(seed).integers(0, CLASSES, size=rows)
    return Judged(
        drawn,
        {
            "small": scores(drawn, 3.0, seed + 1),
            "large": scores(drawn, 6.0, seed + 2),
        },
    )


SECONDS = {"small": 1e-5, "large": 1e-3}


def test_decide_finds_a_cheaper_plan_that_is_certified() -> None:
    decision = decide(
        decision_data(800, 0),
        decision_data(1600, 50),
        SECONDS,
        ["small", "large"],
        DecideConfig(keep=0.98, confidence=0.95),
    )
    assert not decision.is_teacher
    assert decision.certificate.met
    assert decision.certificate.lower_bound >= 0.98
    assert decision.chosen is not None
    assert decision.chosen.seconds_per_text < 0.7e-3
    assert decision.plan == decision.chosen.spec


def test_decide_says_when_nothing_passes_and_what_would_help() -> None:
    decision = decide(
        decision_data(200, 0),
        decision_data(60, 50),
        SECONDS,
        ["small", "large"],
        DecideConfig(keep=0.999, confidence=0.99),
    )
    assert decision.is_teacher
    assert decision.plan == decision.teacher
    if decision.attempts:
        assert not decision.certificate.met
        assert decision.advice is not None
        assert decision.advice.keep_that_passes < 0.999


def test_certify_rows_choose_nothing_but_yes_or_no() -> None:
    """Teacher, search and order are the same whatever the certify rows say."""
    config = DecideConfig(keep=0.98, confidence=0.95)
    first, second = (
        decide(decision_data(800, 0), decision_data(1600, seed), SECONDS, ["large"], config)
        for seed in (50, 90)
    )
    assert first.teacher == second.teacher
    assert [o.spec for o in first.frontier] == [o.spec for o in second.frontier]


def test_teacher_is_alone_where_mixing_hurts(labels: np.ndarray) -> None:
    tune = Judged(labels, {"good": scores(labels, 6.0, 1), "bad": scores(labels, 0.2, 2)})
    teacher = choose_teacher(tune, ["good", "bad"], {"good": 1.0, "bad": 1.0})
    assert teacher.models == ("good",)
