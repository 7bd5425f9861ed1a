"""Certificates: arithmetic, honesty of sequences, and foresight that agrees with the real thing."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.build.planning.certificate import (
    best_keep,
    certify,
    certify_counts,
    share_kept,
    would_pass,
)
from undercut.build.planning.fixed_sequence import certify_sequence
from undercut.build.planning.foresight import (
    PassFrontier,
    pass_frontier,
    pass_probability,
    rows_needed,
)
from undercut.core.errors import ConfigError, InputError


def answers(rows: int, right: int, lost: int, won: int) -> tuple[np.ndarray, np.ndarray]:
    """Teacher and plan with exactly these counts."""
    teacher = np.arange(rows) < right
    plan = teacher.copy()
    plan[:lost] = False
    plan[rows - won : rows] = True
    return teacher, plan


def test_certificate_says_what_was_counted() -> None:
    teacher, plan = answers(1600, 1467, 8, 3)
    certificate = certify(teacher, plan, keep=0.99, confidence=0.95)
    assert (certificate.rows, certificate.attempts) == (1600, 1)
    assert certificate.teacher_right_plan_wrong == 8
    assert certificate.plan_right_teacher_wrong == 3
    assert certificate.teacher_accuracy == pytest.approx(1467 / 1600)
    assert certificate.plan_accuracy == pytest.approx(1462 / 1600)
    assert certificate.met
    assert 0.99 <= certificate.lower_bound < certificate.plan_accuracy / (1467 / 1600)
    expected = 1 - certificate.loss_upper_bound / certificate.teacher_accuracy_lower_bound
    assert certificate.lower_bound == pytest.approx(expected)


def test_not_met_is_a_result() -> None:
    certificate = certify(*answers(1600, 1467, 40, 3), keep=0.99, confidence=0.95)
    assert not certificate.met
    assert certificate.lower_bound < 0.99


def test_a_plan_proven_better_than_its_teacher() -> None:
    certificate = certify(*answers(1600, 1400, 0, 60), keep=1.0, confidence=0.95)
    assert certificate.met
    assert certificate.lower_bound > 1.0


def test_a_teacher_that_is_never_right_proves_nothing_but_breaks_nothing() -> None:
    certificate = certify(*answers(20, 0, 0, 0), keep=0.5, confidence=0.95)
    assert (certificate.met, certificate.lower_bound) == (False, 0.0)


@pytest.mark.parametrize("loss", [-0.3, -0.01, 0.0, 0.02, 0.4])
def test_share_holds_for_every_truth_within_the_two_bounds(loss: float) -> None:
    floor = 0.6
    for accuracy in np.linspace(floor, 1.0, 9):
        for theta in np.linspace(-(1 - accuracy), min(loss, accuracy), 9):
            if theta <= loss:
                assert accuracy - theta >= share_kept(loss, floor) * accuracy - 1e-12


def test_best_keep_is_the_largest_target_met() -> None:
    teacher, plan = answers(1600, 1467, 14, 7)
    target = best_keep(teacher, plan, confidence=0.95)
    assert certify(teacher, plan, keep=target, confidence=0.95).met
    assert not certify(teacher, plan, keep=target + 0.001, confidence=0.95).met


def test_bad_input_is_refused() -> None:
    right = np.ones(5, dtype=bool)
    with pytest.raises(InputError, match="5 rows and plan_right 4"):
        certify(right, right[:4], keep=0.9, confidence=0.95)
    with pytest.raises(InputError, match="bool array"):
        certify(right.astype(int), right, keep=0.9, confidence=0.95)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"keep is 1\.2"):
        certify(right, right, keep=1.2, confidence=0.95)
    with pytest.raises(ConfigError, match="confidence is 95"):
        certify(right, right, keep=0.9, confidence=95)
    with pytest.raises(InputError, match="no plans"):
        certify_sequence(right, [], keep=0.9, confidence=0.95)
    with pytest.raises(InputError, match="counts do not fit"):
        certify_counts(
            rows=5,
            teacher_right=2,
            teacher_right_plan_wrong=3,
            plan_right_teacher_wrong=0,
            keep=0.9,
            confidence=0.95,
        )


def sequence(losses: list[int], keep: float = 0.99) -> tuple[np.ndarray, list[np.ndarray]]:
    plans = [answers(1600, 1467, lost, 2)[1] for lost in losses]
    return answers(1600, 1467, 0, 0)[0], plans


def test_sequence_stops_at_the_first_failure() -> None:
    teacher, plans = sequence([0, 3, 30, 1])
    result = certify_sequence(teacher, plans, keep=0.99, confidence=0.95)
    assert result.selected == 1
    assert len(result.tested) == 3
    assert [one.attempts for one in result.tested] == [1, 2, 3]
    # Hsu & Berger: after a failure no more than the target itself is certified.
    assert result.certificate.met
    assert result.certificate.lower_bound == 0.99
    assert result.certificate.teacher_right_plan_wrong == 3


def test_sequence_that_passes_throughout_is_certified_at_its_least_bound() -> None:
    teacher, plans = sequence([0, 5, 2])
    result = certify_sequence(teacher, plans, keep=0.99, confidence=0.95)
    assert result.selected == 2
    assert result.certificate.lower_bound == min(one.lower_bound for one in result.tested)
    assert result.certificate.lower_bound < result.tested[2].lower_bound


def test_sequence_whose_first_plan_fails() -> None:
    teacher, plans = sequence([40, 0])
    result = certify_sequence(teacher, plans, keep=0.99, confidence=0.95)
    assert result.selected is None
    assert not result.certificate.met
    assert result.certificate == result.tested[0]
    assert len(result.tested) == 1


@pytest.fixture(scope="module")
def frontier() -> PassFrontier:
    return pass_frontier(400, keep=0.97, confidence=0.95, teacher_accuracy=0.9, most_won=12)


def test_frontier_is_the_border_of_what_certify_passes(frontier: PassFrontier) -> None:
    assert np.all(np.diff(frontier.most_lost) >= 0)
    for won, most in enumerate(frontier.most_lost):
        for lost in (most, most + 1):
            certificate = certify(*answers(400, 360, lost, won), keep=0.97, confidence=0.95)
            assert certificate.met == (lost == most)


def test_pass_probability_is_the_predictive_frequency(frontier: PassFrontier) -> None:
    rng = np.random.default_rng(3)
    lost, won, tune_rows = 3, 4, 300
    p = rng.dirichlet([lost + 0.5, won + 0.5, tune_rows - lost - won + 0.5], size=40_000)
    draws = rng.multinomial(400, p)
    reach = np.minimum(draws[:, 1], frontier.most_lost.size - 1)
    frequency = np.mean(draws[:, 0] <= frontier.most_lost[reach])
    # The table ends at 12 won rows, and what lies beyond counts as failing.
    beyond = np.mean(draws[:, 1] >= frontier.most_lost.size)
    got = pass_probability(np.array([lost]), np.array([won]), tune_rows=300, frontier=frontier)[0]
    assert frequency - beyond - 0.01 <= got <= frequency + 0.01


def test_pass_probability_falls_with_losses_and_keeps_the_order(frontier: PassFrontier) -> None:
    lost = np.array([0, 9, 2, 2, 30])
    got = pass_probability(lost, np.zeros(5, dtype=int), tune_rows=300, frontier=frontier)
    assert np.all((got >= 0) & (got <= 1))
    assert got[2] == got[3]
    assert got[0] > got[2] > got[1] > got[4]
    assert pass_probability(lost[:0], lost[:0], tune_rows=300, frontier=frontier).shape == (0,)
    with pytest.raises(InputError, match="tune rows"):
        pass_probability(np.array([301]), np.array([0]), tune_rows=300, frontier=frontier)


def test_a_target_out_of_reach_has_an_empty_frontier() -> None:
    empty = pass_frontier(20, keep=0.999, confidence=0.95, teacher_accuracy=0.9, most_won=2)
    assert empty.most_lost.tolist() == [-1, -1, -1]
    got = pass_probability(np.array([0]), np.array([0]), tune_rows=50, frontier=empty)
    assert got.tolist() == [0.0]


def test_rows_needed_is_about_the_least_number_that_passes() -> None:
    rates = {"lost_fraction": 0.0075, "won_fraction": 0.004, "teacher_accuracy": 0.92}
    rows = rows_needed(**rates, keep=0.99, confidence=0.95)
    assert rows is not None

    def passes(n: int) -> bool:
        return would_pass(
            rows=n,
            teacher_right=int(0.92 * n),
            lost=int(np.ceil(0.0075 * n)),
            won=int(0.004 * n),
            keep=0.99,
            confidence=0.95,
        )

    assert passes(rows)
    assert not passes(int(rows * 0.8))


def test_rows_needed_is_none_where_no_number_helps() -> None:
    common = {"teacher_accuracy": 0.9, "keep": 0.99, "confidence": 0.95}
    assert rows_needed(lost_fraction=0.02, won_fraction=0.0, **common) is None
    assert rows_needed(lost_fraction=0.0089, won_fraction=0.0, **common, most_rows=3000) is None
    with pytest.raises(ConfigError, match="shares of rows"):
        rows_needed(lost_fraction=0.9, won_fraction=0.2, **common)
