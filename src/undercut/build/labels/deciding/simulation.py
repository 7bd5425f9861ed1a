"""A whole labelling job in memory, against workers that are functions: for forecasts and trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from undercut.build.labels.deciding.answers import UNKNOWN, Heard
from undercut.build.labels.deciding.config import MarketConfig
from undercut.build.labels.deciding.market import prices_of
from undercut.build.labels.deciding.position import AuditDone, Position, Purpose, Step
from undercut.build.labels.deciding.steps import next_step
from undercut.build.labels.votes import Floats, IntArray, Votes
from undercut.build.labels.workers import WorkerFacts

# (source id, item ids) -> (label ids, own probabilities or NaN), one answer for each item.
Respond = Callable[[int, IntArray], tuple[IntArray, Floats]]


@dataclass(frozen=True, slots=True)
class Simulated:
    """How a job went.

    reason: it ended with. labels: (items,) -1 where there is none. asked, spent: (sources,)
    answers and money; audited: answers among them that audits took. error: believed at the end.
    """

    reason: str
    labels: IntArray
    asked: IntArray
    spent: Floats
    audited: IntArray
    error: float
    audits: tuple[AuditDone, ...]
    rounds: int


@dataclass
class _Books:
    item: list[IntArray] = field(default_factory=list)
    voice: list[IntArray] = field(default_factory=list)
    label: list[IntArray] = field(default_factory=list)
    own: list[Floats] = field(default_factory=list)
    voices: dict[tuple[int, int], int] = field(default_factory=dict)

    def write(self, source: int, turn: int, items: IntArray, labels: IntArray, own: Floats) -> None:
        voice = self.voices.setdefault((source, turn), len(self.voices))
        self.item.append(items)
        self.voice.append(np.full(len(items), voice))
        self.label.append(labels)
        self.own.append(own)

    def heard(self, items: int, classes: Sequence[str], facts: tuple[WorkerFacts, ...]) -> Heard:
        votes = Votes(
            tuple(map(str, range(items))),
            tuple(map(str, range(len(self.voices)))),
            tuple(classes),
            _joined(self.item),
            _joined(self.voice),
            _joined(self.label),
        )
        own = np.concatenate([np.zeros(0), *self.own])
        source = np.array([source for source, _ in self.voices], dtype=np.int64)
        return Heard(votes, own, source, facts, np.full(items, UNKNOWN))


def simulate(
    facts: Sequence[WorkerFacts],
    respond: Respond,
    *,
    items: int,
    classes: Sequence[str],
    config: MarketConfig,
    budget: float,
    vectors: Floats | None = None,
    listen: Callable[[Step, Floats], None] | None = None,
) -> Simulated:
    """Run a job to its end; each turn of a crowd on an item is another person.

    budget: in the prices' currency. listen: told every step and what was spent before it.
    """
    sources = tuple(facts)
    price, _ = prices_of(sources)
    asks = np.zeros((items, len(sources)), dtype=np.int64)
    books = _Books()
    audits: tuple[AuditDone, ...] = ()
    in_audits = np.zeros(len(sources), dtype=np.int64)
    rounds = 0
    while True:
        spent = asks.sum(axis=0) * price
        left = budget - float(spent.sum())
        heard = books.heard(items, classes, sources)
        step = next_step(Position(heard, asks, audits, left, budget, rounds, vectors), config)
        if listen is not None:
            listen(step, spent)
        if step.purpose is None:
            return Simulated(
                step.reason,
                step.learnt.standing.labels,
                asks.sum(axis=0),
                spent,
                in_audits,
                step.error,
                audits,
                rounds,
            )
        rounds += 1
        answered: IntArray = np.zeros(0, dtype=np.int64)
        for source in np.unique(step.source).tolist():
            asked = step.item[step.source == source]
            answered, own = respond(source, asked)
            many = sources[source].votes_per_item > 1
            for turn in np.unique(asks[asked, source]).tolist():
                now = asks[asked, source] == turn
                books.write(source, turn if many else 0, asked[now], answered[now], own[now])
            asks[asked, source] += 1
        if step.purpose is Purpose.AUDIT and step.plan is not None:
            audits = _audited(audits, step, answered)
        elif audits:
            audits = (*audits[:-1], replace(audits[-1], abandoned=True))
            in_audits[step.source[0]] += len(step.item)


def _audited(
    audits: tuple[AuditDone, ...], step: Step, answered: IntArray
) -> tuple[AuditDone, ...]:
    """With the look that was taken: of a new audit or of the last one."""
    assert step.plan is not None
    labels = step.learnt.standing.labels
    wrong = int((answered != labels[step.item]).sum())
    sample = tuple(step.item.tolist())
    if step.look:
        last = audits[-1]
        grown = replace(last, wrong=(last.wrong or 0) + wrong, sample=last.sample + sample)
        return (*audits[:-1], grown)
    plan, stood = step.plan, tuple(labels.tolist())
    return (*audits, AuditDone(plan.sizes, plan.allowed, step.error, wrong, sample, stood))


def coins(facts: Sequence[WorkerFacts], truth: IntArray, classes: int, seed: int) -> Respond:
    """Workers as good as they are expected to be, wrong answers spread over a few classes.

    Machines whose own confidence matters give one: higher where they are right.
    """
    random = np.random.default_rng([seed, 15485863])

    def respond(source: int, items: IntArray) -> tuple[IntArray, Floats]:
        accuracy = facts[source].skill.accuracy
        right = random.random(len(items)) < accuracy
        step = 1 + random.integers(0, max(min(classes - 1, 9), 1), len(items))
        labels = np.where(right, truth[items], (truth[items] + step) % classes)
        if facts[source].votes_per_item > 1 or accuracy >= 0.97:
            return labels, np.full(len(items), np.nan)
        own = np.where(right, random.beta(4, 1.3, len(items)), random.beta(2, 2, len(items)))
        return labels, own

    return respond


def _joined(parts: Sequence[IntArray]) -> IntArray:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts]).astype(np.int64)
