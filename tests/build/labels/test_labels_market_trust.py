"""Whom a market believes and pays: an expert against sure machines, clones among honest workers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest

from undercut.build.labels.deciding.answers import UNKNOWN, Heard
from undercut.build.labels.deciding.beliefs import learn
from undercut.build.labels.deciding.collision import collision_of
from undercut.build.labels.deciding.config import MarketConfig
from undercut.build.labels.deciding.judge import as_truth
from undercut.build.labels.deciding.position import Purpose
from undercut.build.labels.deciding.simulation import Simulated, simulate
from undercut.build.labels.votes import Floats, IntArray, Votes
from undercut.build.labels.workers import Skill, WorkerFacts, WorkerKind
from undercut.core.money import Money

CLASSES = 12
CROWD_TURNS = 7


def facts(
    name: str, price: str, skill: Skill, kind: WorkerKind, votes_per_item: int = 1
) -> WorkerFacts:
    money = Money(Decimal(price), "USD")
    return WorkerFacts(name, kind, money, skill, votes_per_item=votes_per_item)


EXPERT = facts("expert", "0.5", Skill(0.99, 50.0), WorkerKind.PEOPLE)
CROWD = facts("crowd", "0.05", Skill(0.85, 50.0), WorkerKind.PEOPLE, CROWD_TURNS)


def wrong_of(truth: IntArray, random: np.random.Generator) -> IntArray:
    return np.asarray((truth + random.integers(1, CLASSES, len(truth))) % CLASSES)


def misled(truth: IntArray, random: np.random.Generator, models: int) -> list[IntArray]:
    """Models that are wrong together on a fifth of the texts and alone on another fifth."""
    together = random.random(len(truth)) < 0.2
    same = wrong_of(truth, random)
    answers = []
    for _ in range(models):
        alone = random.random(len(truth)) < 0.2
        own = np.where(alone, wrong_of(truth, random), truth)
        answers.append(np.where(together, same, own))
    return answers


def test_an_expert_is_not_outvoted_by_models_that_are_believed_too_good() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, CLASSES, 600)
    models = misled(truth, random, 3)
    believed = Skill(0.96, 400.0)  # and in truth right 64 times in 100
    workers = [
        *(facts(f"model{n}", "0.002", believed, WorkerKind.ENDPOINT) for n in range(3)),
        EXPERT,
    ]
    seen: set[int] = set()

    def respond(source: int, items: IntArray) -> tuple[IntArray, Floats]:
        if source == 3:
            seen.update(items.tolist())
        labels = truth if source == 3 else models[source]
        return labels[items], np.full(len(items), np.nan)

    found = simulate(
        workers,
        respond,
        items=600,
        classes=[str(k) for k in range(CLASSES)],
        config=MarketConfig(seed=1),
        budget=60.0,
    )
    judged = np.array(sorted(seen))
    assert len(judged) > 60
    outvoted = found.labels[judged] != truth[judged]
    assert outvoted.sum() == 0


def test_the_judges_answers_measure_the_others_and_not_itself() -> None:
    items = 300
    random = np.random.default_rng(1)
    truth = random.integers(0, CLASSES, items)
    models = misled(truth, random, 2)
    believed = Skill(0.96, 20.0)
    sources = (
        *(facts(f"model{n}", "0.002", believed, WorkerKind.ENDPOINT) for n in range(2)),
        EXPERT,
    )
    voices = 3
    heard = Heard(
        Votes(
            tuple(map(str, range(items))),
            tuple(map(str, range(voices))),
            tuple(map(str, range(CLASSES))),
            np.tile(np.arange(items), voices),
            np.repeat(np.arange(voices), items),
            np.concatenate([*models, truth]),
        ),
        np.full(items * voices, np.nan),
        np.arange(voices),
        sources,
        np.where(np.arange(items) == 0, (truth + 1) % CLASSES, UNKNOWN),
    )
    clamped = as_truth(heard, 2)
    assert clamped.gold[0] == (truth[0] + 1) % CLASSES  # the user's gold comes first
    assert (clamped.gold[1:] == truth[1:]).all()
    learnt = learn(clamped, 2)
    for number in range(2):
        measured = float((models[number] == truth).mean())
        assert learnt.skills[number].accuracy == pytest.approx(measured, abs=0.04)
    assert learnt.skills[2].accuracy == pytest.approx(0.99)


def in_market(clones: int, seed: int, copied: str) -> tuple[Simulated, float, float, Sequence[int]]:
    """A job with a worker's answers `clones` further times; its error, what it had spent when its
    first audit was drawn (at which look one passes is chance), and the clones' ids."""
    before: list[float] = []
    random = np.random.default_rng([seed, 77])
    truth = random.integers(0, CLASSES, 700)
    skill = Skill(0.75, 10.0)
    model = np.where(random.random(700) < 0.75, truth, wrong_of(truth, random))
    people = [
        np.where(random.random(700) < 0.85, truth, wrong_of(truth, random))
        for _ in range(CROWD_TURNS)
    ]
    other = np.where(random.random(700) < 0.7, truth, wrong_of(truth, random))
    turn = np.zeros(700, dtype=np.int64)
    workers = [
        facts("model", "0.003", skill, WorkerKind.ENDPOINT),
        facts("other", "0.003", skill, WorkerKind.ENDPOINT),
        CROWD,
        EXPERT,
        *(facts(f"clone{n}", "0.003", skill, WorkerKind.ENDPOINT) for n in range(clones)),
    ]
    source_of_clone = {"model": model, "other": other}[copied]

    def respond(source: int, items: IntArray) -> tuple[IntArray, Floats]:
        if source == 2:
            labels = np.array([people[turn[item]][item] for item in items.tolist()], dtype=np.int64)
            turn[items] += 1
        else:
            labels = (model, other, None, truth)[source] if source < 4 else source_of_clone
            labels = labels[items]
        return labels, np.full(len(items), np.nan)

    found = simulate(
        workers,
        respond,
        items=700,
        classes=[str(k) for k in range(CLASSES)],
        config=MarketConfig(seed=seed),
        budget=1000.0,
        listen=lambda step, spent: (
            before.append(float(spent.sum())) if step.purpose is Purpose.AUDIT else None
        ),
    )
    return found, float((found.labels != truth).mean()), before[0], range(4, 4 + clones)


@pytest.mark.parametrize("copied", ["model", "other"])
def test_five_clones_change_nothing_and_are_not_paid(copied: str) -> None:
    errors, costs, paid = [], [], []
    for seed in range(3):
        alone, error, cost, _ = in_market(0, seed, copied)
        cloned, error_cloned, cost_cloned, clones = in_market(5, seed, copied)
        assert cloned.reason == alone.reason == "certified"
        assert error_cloned <= 0.05
        errors.append(error_cloned - error)
        costs.append(cost_cloned / cost)
        # any of the family may be asked in place of another, and nobody twice for one thing; an
        # answer of each clone on each of the first 140 texts is what it takes to know it
        family = [0 if copied == "model" else 1, *clones]
        more = float(cloned.asked[family].sum() - alone.asked[family[0]])
        paid.append(more / (5 * 140))
    assert abs(float(np.mean(errors))) <= 0.01
    assert float(np.mean(costs)) <= 1.03
    assert float(np.mean(paid)) <= 1.05


def small_job(seed: int) -> tuple[Simulated, float]:
    """240 texts, a machine at .001 that errs 5 times in 100 and a judge at .05; its true error."""
    random = np.random.default_rng([seed, 41])
    truth = random.integers(0, 3, 240)
    off = (truth + random.integers(1, 3, (2, 240))) % 3
    said = [
        np.where(random.random(240) < right, truth, wrong)
        for right, wrong in zip((0.95, 0.99), off, strict=True)
    ]
    workers = [
        facts("cheap", "0.001", Skill(0.95), WorkerKind.ENDPOINT),
        facts("good", "0.05", Skill(0.99), WorkerKind.ENDPOINT),
    ]
    found = simulate(
        workers,
        lambda source, items: (said[source][items], np.full(len(items), np.nan)),
        items=240,
        classes=list("abc"),
        config=MarketConfig(target_error=0.1, explore_items=40, seed=seed),
        budget=100.0,
    )
    return found, float((found.labels != truth).mean())


def test_a_small_job_does_not_buy_all_from_the_judge() -> None:
    """All from the judge is $12; the cheapest certificate by brute force is $6 (decision 0039)."""
    costs = []
    for seed in range(12):
        found, error = small_job(seed)
        assert found.reason == "certified"
        assert error <= 0.1
        costs.append(float(found.spent.sum()))
    assert max(costs) < 12.0
    assert float(np.mean(costs)) < 9.0


def wrong_together(items: int, wrong: int, misleading: int) -> Heard:
    """Known texts, `wrong` voices that all err on each; on the first `misleading` alike."""
    voices = np.repeat(np.arange(wrong), items)
    item = np.tile(np.arange(items), wrong)
    label = np.where(item < misleading, 1, 1 + voices)
    return Heard(
        Votes(
            tuple(map(str, range(items))),
            tuple(map(str, range(wrong))),
            tuple(map(str, range(CLASSES))),
            item,
            voices,
            label,
        ),
        np.full(items * wrong, np.nan),
        np.arange(wrong),
        tuple(facts(f"w{n}", "0.01", Skill(0.8), WorkerKind.PEOPLE) for n in range(wrong)),
        np.zeros(items, dtype=np.int64),
    )


def test_one_misleading_text_is_one_text_however_many_it_misled() -> None:
    def found(heard: Heard) -> float:
        voices = np.arange(len(heard.votes.workers))
        nothing = np.zeros(len(heard.votes))
        return collision_of(heard, nothing, voices, np.ones(len(nothing)))

    few, many = found(wrong_together(1, 2, 1)), found(wrong_together(1, 7, 1))
    assert few == pytest.approx((1 + 2) / (1 + 20))
    assert many == pytest.approx((6 + 2) / (6 + 20))  # not 42 ordered pairs against 20
    # over many texts it is the share of agreeing pairs
    assert found(wrong_together(900, 4, 300)) == pytest.approx(1 / 3, abs=0.01)
