"""Audits that grow: when a larger sample is worth its price, and that labels wait meanwhile."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from undercut.build.labels.audit.staged import allowed_at_looks
from undercut.build.labels.deciding.audit_plan import AuditPlan, likeliest_audit
from undercut.build.labels.deciding.auditing import JudgePrice, grows
from undercut.build.labels.deciding.config import MarketConfig
from undercut.build.labels.deciding.position import AuditDone, Purpose, Step
from undercut.build.labels.deciding.simulation import Simulated, simulate
from undercut.build.labels.votes import Floats, IntArray
from undercut.build.labels.workers import Skill, WorkerFacts, WorkerKind
from undercut.core.money import Money

SIZES = (100, 150, 200, 300)
ALLOWED = allowed_at_looks(SIZES, 10_000, 500, 0.0375)
JUST_MISSED = AuditDone(SIZES, ALLOWED, 0.015, ALLOWED[0] + 1, tuple(range(100)))
HALF = JudgePrice(0.5, 0.5)


def test_a_sample_that_just_misses_grows_and_a_hopeless_one_does_not() -> None:
    assert not JUST_MISSED.passed
    assert grows(JUST_MISSED, judge=HALF, money=1000.0, again=300.0)
    hopeless = replace(JUST_MISSED, wrong=14)
    assert not grows(hopeless, judge=HALF, money=1000.0, again=300.0)


def test_it_grows_only_where_that_is_the_cheaper_way_and_can_be_paid() -> None:
    assert not grows(JUST_MISSED, judge=HALF, money=1000.0, again=5.0)
    assert not grows(JUST_MISSED, judge=HALF, money=24.9, again=300.0)
    assert grows(JUST_MISSED, judge=HALF, money=25.0, again=300.0)
    # where no other audit can follow, every chance is taken
    assert grows(replace(JUST_MISSED, wrong=ALLOWED[-1]), judge=HALF, money=1000.0, again=None)


def test_what_has_passed_or_is_at_its_last_look_does_not_grow() -> None:
    passed = replace(JUST_MISSED, wrong=ALLOWED[0])
    last = replace(JUST_MISSED, wrong=ALLOWED[-1] + 1, sample=tuple(range(300)))
    waiting = replace(JUST_MISSED, wrong=None)
    assert passed.passed
    abandoned = replace(JUST_MISSED, abandoned=True)  # labels were bought since
    for audit in (passed, last, waiting, abandoned):
        assert not grows(audit, judge=HALF, money=1000.0, again=300.0)


@pytest.mark.parametrize("error", [0.02, 0.09])
def test_jobs_whose_first_look_misses_look_again_before_they_buy(error: float) -> None:
    """800 labels of one machine, at most 5% may be wrong; nobody else could better them."""
    grown, certified, false = 0, 0, 0
    for seed in range(16):
        found, steps, true_error = one_machine(seed, error)
        purposes = [step.purpose for step in steps]
        sizes = [len(step.item) for step in steps if step.purpose is Purpose.AUDIT]
        for step, following in pairwise(steps):
            if following.look:
                assert step.purpose is Purpose.AUDIT  # nothing was bought between two looks
        for audit in found.audits:
            assert len(set(audit.sample)) == audit.items  # and nobody asked twice
        assert sum(sizes) == sum(audit.items for audit in found.audits)
        grown += purposes.count(Purpose.AUDIT) > len(found.audits)
        certified += found.reason == "certified"
        false += found.reason == "certified" and true_error > 0.05
    assert false <= 3  # of 16, where each has a chance of one in twenty
    if error < 0.05:
        assert grown > 3
        assert certified >= 10
    else:
        assert certified <= 3


def test_money_for_an_audit_that_may_pass_is_not_kept() -> None:
    """$67 after the first answers pay for 134 of the judge's: no audit that passes nine times in
    ten, but one that sooner passes than fails. $29 pay for too few to prove anything."""
    ends = [one_machine(seed, 0.012, 78.0)[0] for seed in range(6)]
    assert sum(end.reason == "certified" for end in ends) >= 3
    assert all(end.spent.sum() <= 78.0 for end in ends)
    assert {audit.sizes for end in ends for audit in end.audits} == {(134,)}
    assert not any(one_machine(seed, 0.012, 40.0)[0].audits for seed in range(3))


def test_the_likeliest_audit_is_none_where_it_would_sooner_fail() -> None:
    def likeliest(error: float, most: int) -> AuditPlan | None:
        return likeliest_audit(
            items=1170, target_error=0.05, alpha=0.0375, judge=0.5, error_now=error, most=most
        )

    plan = likeliest(0.0113, 168)
    assert plan is not None
    assert (plan.sizes, plan.allowed) == ((150,), (3,))  # 18 more would allow no more wrong ones
    assert 0.8 < plan.passes < 0.9
    assert likeliest(0.04, 168) is None
    assert likeliest(0.001, 60) is None  # none wrong of 60 proves nothing yet
    assert likeliest(0.001, 0) is None
    least = likeliest(0.001, 64)
    assert least is not None
    assert (least.sizes, least.allowed) == ((64,), (0,))


def one_machine(
    seed: int, error: float, budget: float = 150.0
) -> tuple[Simulated, list[Step], float]:
    random = np.random.default_rng([seed, 8])
    truth = random.integers(0, 6, 800)
    said = np.where(random.random(800) < error, (truth + 1) % 6, truth)
    steps: list[Step] = []

    def respond(source: int, items: IntArray) -> tuple[IntArray, Floats]:
        return (truth if source else said)[items], np.full(len(items), np.nan)

    found = simulate(
        [
            WorkerFacts(
                "m", WorkerKind.ENDPOINT, Money(Decimal("0.001"), "USD"), Skill(0.975, 900)
            ),
            WorkerFacts(
                "judge", WorkerKind.PEOPLE, Money(Decimal("0.5"), "USD"), Skill(0.995, 200)
            ),
        ],
        respond,
        items=800,
        classes=[str(k) for k in range(6)],
        config=MarketConfig(seed=seed, explore_judged=20, audits=1),
        budget=budget,
        listen=lambda step, _: steps.append(step),
    )
    return found, steps, float((found.labels != truth).mean())
