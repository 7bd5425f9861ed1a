"""Answers that exist already: crowd files, played back vote by vote."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from undercut.build.labels.workers import Answer, Ask, WorkerFacts
from undercut.core.money import Money
from undercut.runs.labelling.formats import Format, read_answers


@dataclass(slots=True)
class RecordedWorker:
    """A crowd whose votes stand in a file; asked again about an item it gives the next vote.

    answers: by item, in the file's order, each under `name/person` and at this worker's price
    where the file states no cost.
    """

    facts: WorkerFacts
    answers: dict[str, list[Answer]]
    _given: Counter[str] = field(default_factory=Counter)

    def answer(self, asks: Sequence[Ask], *, classes: Sequence[str]) -> list[Answer]:
        """The next vote on each item; an abstention that costs nothing where none is left."""
        return [self._next(ask.item) for ask in asks]

    def remember(self, given: Iterable[Answer]) -> None:
        """Take these as given already, by item: what was answered before a restart."""
        for answer in given:
            self._given[answer.item] += 1

    def collect(self) -> list[Answer]:
        """Every vote in the file."""
        return [answer for votes in self.answers.values() for answer in votes]

    def _next(self, item: str) -> Answer:
        votes, at = self.answers.get(item, []), self._given[item]
        if at >= len(votes):
            nothing = Money.zero(self.facts.price.currency)
            return Answer(item, self.facts.name, None, nothing, note="no vote left in the file")
        self._given[item] += 1
        return votes[at]


def load_recorded(
    facts: WorkerFacts, path: Path, *, format: Format | None = None
) -> RecordedWorker:
    """The worker behind a file; `votes_per_item` is the most votes that an item has there."""
    votes: dict[str, list[Answer]] = defaultdict(list)
    for answer in read_answers(path, format=format):
        votes[answer.item].append(named(answer, facts))
    most = max((len({one.worker for one in several}) for several in votes.values()), default=1)
    return RecordedWorker(replace(facts, votes_per_item=most), dict(votes))


def named(answer: Answer, facts: WorkerFacts) -> Answer:
    """An answer of a person behind a worker: `crowd/A3F`, at the worker's price."""
    worker = f"{facts.name}/{answer.worker}" if answer.worker else facts.name
    cost = facts.price if answer.cost is None else answer.cost
    return replace(answer, worker=worker, cost=cost)
