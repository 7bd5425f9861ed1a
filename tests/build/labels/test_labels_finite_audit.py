"""Audits of few labels: exact limits of a finite set, what is mended, what audits weigh."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from undercut.build.labels.audit.binomial import exact_upper
from undercut.build.labels.audit.finite import allowed_in_sample, most_wrong
from undercut.build.labels.deciding.audit_plan import AuditPrices, plan_audit
from undercut.core.errors import InputError


@pytest.mark.parametrize(("population", "sample", "alpha"), [(60, 25, 0.05), (90, 60, 0.0375)])
def test_the_limit_holds_for_every_number_of_wrong_labels(
    population: int, sample: int, alpha: float
) -> None:
    limits = np.array(
        [most_wrong(k, sample, population, confidence=1 - alpha) for k in range(sample + 1)]
    )
    for wrong in range(population + 1):
        found = np.arange(sample + 1)
        chance = hypergeom.pmf(found, population, wrong, sample)
        assert chance[limits < wrong].sum() <= alpha + 1e-12


@pytest.mark.parametrize("left", [0, 3, 9, 24])
def test_what_may_stay_after_mending_stays_as_often_as_is_said(left: int) -> None:
    population, sample, alpha = 80, 50, 0.05
    allowed = allowed_in_sample(sample, population, left, alpha=alpha)
    for wrong in range(left + 1, population + 1):
        found = np.arange(sample + 1)
        chance = hypergeom.pmf(found, population, wrong, sample)
        passes_wrongly = (found <= allowed) & (wrong - found > left)
        assert chance[passes_wrongly].sum() <= alpha + 1e-12


@given(st.integers(1, 400), st.floats(0, 1), st.floats(0, 1), st.sampled_from([0.05, 0.0375, 0.01]))
@settings(max_examples=60, deadline=None)
def test_what_is_allowed_agrees_with_the_limit(
    population: int, part: float, share: float, alpha: float
) -> None:
    sample, left = max(1, int(part * population)), int(share * population)
    allowed = allowed_in_sample(sample, population, left, alpha=alpha)

    def stays(wrong: int) -> int:
        return most_wrong(wrong, sample, population, confidence=1 - alpha) - wrong

    if allowed >= 0:
        assert stays(allowed) <= left
    if allowed < min(sample, population - left):
        assert stays(allowed + 1) > left


def test_of_very_many_labels_it_is_the_binomial_limit_and_never_a_wider_one() -> None:
    for wrong in (0, 3, 20):
        many = most_wrong(wrong, 300, 1_000_000, confidence=0.95) / 1_000_000
        assert many == pytest.approx(exact_upper(wrong, 300, confidence=0.95), rel=2e-3)
        few = most_wrong(wrong, 300, 600, confidence=0.95) / 600
        assert few < many
    assert most_wrong(7, 40, 40, confidence=0.95) == 7


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(InputError, match="at most the one before"):
        most_wrong(3, 2, 10, confidence=0.95)
    with pytest.raises(InputError, match="at most the one before"):
        allowed_in_sample(11, 10, 1, alpha=0.05)


def test_of_few_labels_an_audit_beats_buying_them_one_by_one() -> None:
    """200 labels, a tenth wrong, 24 may be: the judge's answers in the sample mend it as well."""
    plan = plan_audit(
        items=200,
        target_error=0.12,
        alpha=0.0375,
        passes=0.9,
        prices=AuditPrices(0.05, 1.25),
        error_now=0.1,
    )
    assert plan is not None
    assert plan.planned_error >= 0.1  # nothing needs to be bought first
    assert plan.judged <= 125
