"""What is asked next: values against brute force, audits against the binomial, whole jobs."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.build.labels.deciding.answers import UNKNOWN, Heard, heard
from undercut.build.labels.deciding.audit_chances import SPREAD
from undercut.build.labels.deciding.audit_plan import AuditPlan, AuditPrices, plan_audit
from undercut.build.labels.deciding.beliefs import learn
from undercut.build.labels.deciding.calibration import calibrate
from undercut.build.labels.deciding.config import MarketConfig
from undercut.build.labels.deciding.judge import alpha_of
from undercut.build.labels.deciding.market import Offers, fill
from undercut.build.labels.deciding.panel import leave_one_out, with_student
from undercut.build.labels.deciding.simulation import coins, simulate
from undercut.build.labels.deciding.value import best_drop_per_vote, drop_of_error, expected_top
from undercut.build.labels.votes import Votes
from undercut.build.labels.workers import Answer, Skill, WorkerFacts, WorkerKind
from undercut.core.errors import InputError
from undercut.core.money import Money


def facts(name: str, price: str, accuracy: float, **more: object) -> WorkerFacts:
    money = Money(Decimal(price), "USD")
    kind = WorkerKind.ENDPOINT if accuracy < 0.84 else WorkerKind.PEOPLE
    return replace(WorkerFacts(name, kind, money, Skill(accuracy, 20.0)), **more)  # type: ignore[arg-type]


def brute_top(beliefs: list[float], accuracy: float, votes: int) -> float:
    """Expected best posterior by following every answer, each wrong class as likely as another."""
    classes = len(beliefs)
    wrong = (1 - accuracy) / (classes - 1)
    total = 0.0
    for answers in itertools.product(range(classes), repeat=votes):
        joint = [
            p * np.prod([accuracy if a == k else wrong for a in answers])
            for k, p in enumerate(beliefs)
        ]
        total += max(joint)
    return float(total)


@pytest.mark.parametrize("accuracy", [0.6, 0.85, 0.99])
@pytest.mark.parametrize(
    ("beliefs", "row", "votes"),
    [
        ([0.7, 0.3], [0.7, 0.3, 0, 0], 3),
        ([0.5, 0.3, 0.2], [0.5, 0.3, 0.2, 0], 3),
        ([0.5, 0.2, 0.1, 0.1, 0.1], [0.5, 0.2, 0.1, 0.2], 1),
        ([0.5, 0.2, 0.1, 0.1, 0.1], [0.5, 0.2, 0.1, 0.2], 2),
    ],
)
def test_expected_top_follows_every_answer(
    beliefs: list[float], row: list[float], votes: int, accuracy: float
) -> None:
    found = expected_top(
        np.array([row]), accuracy=accuracy, collision=1 / (len(beliefs) - 1), votes=votes
    )
    assert found[0] == pytest.approx(brute_top(beliefs, accuracy, votes), abs=0.004)


def test_one_vote_that_cannot_turn_the_label_is_worth_nothing_but_two_are() -> None:
    sure = np.array([[0.95, 0.05, 0.0, 0.0]])
    assert drop_of_error(sure, accuracy=0.85, collision=1.0, votes=1)[0] == pytest.approx(0)
    best, block = best_drop_per_vote(sure, accuracy=0.85, collision=1.0)
    assert best[0] > 0
    assert block[0] >= 2


def test_a_sure_judge_takes_all_doubt_away() -> None:
    beliefs = np.array([[0.6, 0.2, 0.1, 0.1]])
    drop = drop_of_error(beliefs, accuracy=1 - 1e-9, collision=0.1, votes=1)
    assert drop[0] == pytest.approx(0.4, abs=1e-6)


@given(st.lists(st.floats(0.01, 1), min_size=4, max_size=4), st.floats(0.3, 0.99))
@settings(max_examples=60, deadline=None)
def test_votes_never_hurt_and_never_help_beyond_certainty(
    weights: list[float], accuracy: float
) -> None:
    row = [*np.sort(np.array(weights[:3]))[::-1].tolist(), weights[3] * 0.1]
    beliefs = np.array([row]) / sum(row)
    tops = [expected_top(beliefs, accuracy=accuracy, collision=0.1, votes=n)[0] for n in range(3)]
    assert tops[0] <= tops[1] + 1e-9
    assert tops[2] <= 1 + 1e-9


def test_calibration_rises_and_finds_the_shares() -> None:
    random = np.random.default_rng(0)
    confidence = random.random(4000)
    right = (random.random(4000) < confidence**2).astype(float)
    curve = calibrate(confidence, right, np.ones(4000), usual=0.5)
    at = np.linspace(0.05, 0.95, 19)
    assert (np.diff(curve(at)) >= -1e-12).all()
    assert np.abs(curve(at) - at**2).max() < 0.12


def test_audit_plan_weighs_the_judge_against_better_labels() -> None:
    common = {"items": 10_000, "target_error": 0.05, "alpha": 0.04, "passes": 0.9, "error_now": 0.1}
    dear_judge = plan_audit(**common, prices=AuditPrices(5.0, 0.1))  # type: ignore[arg-type]
    dear_labels = plan_audit(**common, prices=AuditPrices(0.1, 5.0))  # type: ignore[arg-type]
    assert dear_judge is not None
    assert dear_labels is not None
    assert dear_judge.judged < dear_labels.judged
    assert dear_judge.planned_error < dear_labels.planned_error
    random = np.random.default_rng(0)
    for plan in (dear_judge, dear_labels):
        passed, judged = audits_of(plan, random)
        assert passed.mean() >= 0.9 - 0.02
        assert passed.mean() == pytest.approx(plan.passes, abs=0.02)
        assert judged.mean() == pytest.approx(plan.judged, rel=0.03)
    # of few labels all are audited, and then nothing is left to chance
    few = plan_audit(**common | {"items": 20}, prices=AuditPrices(1.0, 1.0))  # type: ignore[arg-type]
    assert few is not None
    assert (few.sizes, few.allowed) == ((20,), (20,))


def audits_of(plan: AuditPlan, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Simulated audits where the error is spread around the planned one: passed, labels judged."""
    errors = plan.planned_error * random.gamma(SPREAD, 1 / SPREAD, 4000)
    found, seen = np.zeros(4000), 0
    passed, judged = np.zeros(4000, dtype=bool), np.zeros(4000)
    for size, allowed in zip(plan.sizes, plan.allowed, strict=True):
        found += random.binomial(size - seen, np.minimum(errors, 1.0))
        judged += (size - seen) * ~passed
        passed |= found <= allowed
        seen = size
    return passed, judged


def test_audits_share_one_chance_of_being_wrong() -> None:
    for audits in (1, 2, 3, 5):
        config = MarketConfig(audits=audits)
        assert sum(alpha_of(n, config) for n in range(audits)) == pytest.approx(0.05)


def test_leaving_out_by_the_shortcut_is_leaving_out() -> None:
    random = np.random.default_rng(1)
    vectors, targets = random.normal(size=(30, 4)), random.random((30, 3))
    weight = random.random(30)
    found = leave_one_out(vectors, targets, weight, 0.7)
    padded = np.column_stack([vectors, np.full(30, 0.3)])
    for row in (0, 13, 29):
        kept = np.arange(30) != row
        gram = padded[kept].T @ (padded[kept] * weight[kept, None]) + 0.7 * np.eye(5)
        beta = np.linalg.solve(gram, padded[kept].T @ (targets[kept] * weight[kept, None]))
        assert found[row] == pytest.approx(padded[row] @ beta)


@given(
    st.integers(1, 30), st.integers(1, 3), st.floats(0, 5), st.integers(1, 40), st.integers(0, 9999)
)
@settings(max_examples=80, deadline=None)
def test_a_basket_keeps_its_bounds_and_takes_the_best_bargains(
    items: int, sources: int, money: float, most: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    price = random.random(sources) + 0.01
    offered = Offers(random.random((items, sources)) * 0.5, price, price)
    basket = fill(offered, np.ones(items), planned_error=0.0, money=money, most=most)
    assert price[basket.source].sum() <= money + 1e-9
    assert len(basket.item) <= most
    assert len(np.unique(basket.item)) == len(basket.item)
    rates = offered.per_money[basket.item, basket.source]
    assert (np.diff(rates) <= 1e-12).all()
    left = np.setdiff1d(np.arange(items), basket.item)
    if len(rates) and len(left):
        assert offered.per_money[left].max() <= rates[-1] + 1e-12


def said(model: np.ndarray, crowd: np.ndarray, clones: int) -> Heard:
    """A model's and a crowd person's answers, the model's under `clones` further names."""
    items = len(model)
    sources = [facts("model", "0.01", 0.8), facts("crowd", "0.05", 0.85)]
    sources += [facts(f"clone{n}", "0.01", 0.8) for n in range(clones)]
    labels = [model, crowd, *[model] * clones]
    voices = len(labels)
    return Heard(
        Votes(
            tuple(map(str, range(items))),
            tuple(map(str, range(voices))),
            tuple(map(str, range(6))),
            np.tile(np.arange(items), voices),
            np.repeat(np.arange(voices), items),
            np.concatenate(labels),
        ),
        np.full(items * voices, np.nan),
        np.arange(voices),
        tuple(sources),
        np.full(items, UNKNOWN),
    )


def test_clones_of_a_model_are_one_voice() -> None:
    random = np.random.default_rng(2)
    truth = random.integers(0, 6, 600)

    def answers(accuracy: float) -> np.ndarray:
        wrong = (truth + random.integers(1, 6, 600)) % 6
        return np.where(random.random(600) < accuracy, truth, wrong)

    model, crowd = answers(0.75), answers(0.88)
    alone, cloned = learn(said(model, crowd, 0)), learn(said(model, crowd, 4))
    assert (alone.standing.labels == cloned.standing.labels).mean() > 0.99
    assert np.abs(alone.standing.error - cloned.standing.error).mean() < 0.02
    # beliefs do not flatter: two voices alone leave open which of them errs
    wrong = (alone.standing.labels != truth).mean()
    assert wrong - 0.02 <= alone.standing.error.mean() <= wrong + 0.08


def test_skill_is_learnt_from_gold_and_others() -> None:
    random = np.random.default_rng(3)
    truth = random.integers(0, 6, 2000)
    wrong = (truth + random.integers(1, 6, 2000)) % 6
    poor = np.where(random.random(2000) < 0.5, truth, wrong)
    good = np.where(random.random(2000) < 0.95, truth, (truth + 1) % 6)
    known = np.where(np.arange(2000) < 200, truth, UNKNOWN)
    learnt = learn(replace(said(poor, good, 0), gold=known))
    assert learnt.skills[0].accuracy < 0.65
    assert learnt.skills[1].accuracy > 0.8


def test_answers_about_something_else_are_refused() -> None:
    worker = facts("w", "0.01", 0.8)
    answer = Answer("i", "w", "a", None)
    with pytest.raises(InputError, match="not among the workers"):
        heard([("x", answer)], items=["i"], classes=["a"], sources=[worker])
    with pytest.raises(InputError, match="not an item and class here"):
        heard([("w", answer)], items=["i"], classes=["b"], sources=[worker])
    assert (
        len(
            heard(
                [("w", replace(answer, label=None))], items=["i"], classes=["b"], sources=[worker]
            ).votes
        )
        == 0
    )


def test_a_student_speaks_for_the_machines_and_is_calibrated_by_people() -> None:
    random = np.random.default_rng(7)
    truth = random.integers(0, 6, 900)
    vectors = np.eye(6)[truth] + 0.35 * random.normal(size=(900, 6))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    def answers(accuracy: float) -> np.ndarray:
        wrong = (truth + random.integers(1, 6, 900)) % 6
        return np.where(random.random(900) < accuracy, truth, wrong)

    model, crowd = answers(0.6), answers(0.9)
    both = said(model, crowd, 0)
    asked = (both.votes.worker == 0) | (both.votes.item < 300)  # people answer a third
    some = replace(both, votes=both.votes.take(asked), probability=both.probability[asked])
    before = learn(some)
    taught = with_student(some, before, vectors)
    after = learn(taught)
    rest = np.arange(900) >= 300
    assert taught.sources[-1].name == "student"
    assert not taught.by_machines()[taught.vote_source == 1].any()
    right_before = (before.standing.labels == truth)[rest].mean()
    right_after = (after.standing.labels == truth)[rest].mean()
    assert right_after > right_before + 0.1
    # what it believes of texts that no person answered is about what is so
    assert after.standing.error[rest].mean() == pytest.approx(1 - right_after, abs=0.06)


def test_a_market_keeps_its_promise_for_less_than_the_expert() -> None:
    workers = [
        facts("model", "0.003", 0.8),
        facts("crowd", "0.05", 0.85, votes_per_item=7),
        facts("expert", "0.5", 0.99),
    ]
    truth = np.random.default_rng(4).integers(0, 20, 800)
    met = 0
    for seed in range(2):
        found = simulate(
            workers,
            coins(workers, truth, 20, seed),
            items=800,
            classes=[str(k) for k in range(20)],
            config=MarketConfig(seed=seed),
            budget=1000.0,
        )
        wrong = float((found.labels != truth).mean())
        assert found.reason == "certified"
        met += wrong <= 0.05
        assert found.spent.sum() < 0.9 * 0.5 * 800
    assert met == 2


def test_a_budget_that_does_not_reach_is_kept() -> None:
    workers = [facts("crowd", "0.05", 0.85, votes_per_item=7)]
    truth = np.random.default_rng(5).integers(0, 5, 400)
    found = simulate(
        workers,
        coins(workers, truth, 5, 0),
        items=400,
        classes=list("abcde"),
        config=MarketConfig(),
        budget=12.0,
    )
    assert found.reason == "budget"
    assert found.spent.sum() <= 12.0


def test_an_error_that_costs_little_ends_buying_early() -> None:
    workers = [facts("crowd", "0.05", 0.85, votes_per_item=7)]
    truth = np.random.default_rng(6).integers(0, 5, 400)
    costs = []
    for error_cost in (0.1, 2.0):
        found = simulate(
            workers,
            coins(workers, truth, 5, 0),
            items=400,
            classes=list("abcde"),
            config=MarketConfig(error_cost=error_cost, audit=False),
            budget=1000.0,
        )
        assert found.reason in {"worth", "nothing"}
        costs.append(found.spent.sum())
    assert costs[0] < costs[1]
