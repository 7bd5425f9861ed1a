"""Workers for the tests of labelling jobs: machines that answer at once, people by files."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np

from undercut.build.labels.workers import Answer, Ask, Skill, WorkerFacts, WorkerKind
from undercut.core.money import Money
from undercut.runs.labelling.formats import Format
from undercut.runs.labelling.people import PeopleWorker

CLASSES = ("refund", "card", "login")


def truth_of(text: str) -> str:
    """The class that a test's text names."""
    return next(name for name in CLASSES if name in text)


def write_texts(path: Path, count: int) -> Path:
    lines = [f"t{n},please help with my {CLASSES[n % 3]} number {n}" for n in range(count)]
    path.write_text("id,text\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


@dataclass
class Machine:
    """Right with chance `accuracy`, by item, so the same question has the same answer.

    believed: its accuracy by the workers file, where that is another one. silent: chance that it
    cannot tell.
    """

    name: str
    price: str
    accuracy: float
    kind: WorkerKind = WorkerKind.ENDPOINT
    seed: int = 0
    asked: int = 0
    believed: float | None = None
    silent: float = 0.0

    @property
    def facts(self) -> WorkerFacts:
        money = Money(Decimal(self.price), "USD")
        return WorkerFacts(self.name, self.kind, money, Skill(self.believed or self.accuracy))

    def answer(self, asks: Sequence[Ask], *, classes: Sequence[str]) -> list[Answer]:
        self.asked += len(asks)
        return [self._one(ask) for ask in asks]

    def _one(self, ask: Ask) -> Answer:
        random = np.random.default_rng([self.seed, int(ask.item[1:])])
        right = CLASSES.index(truth_of(ask.text))
        wrong = random.random() >= self.accuracy
        label = CLASSES[(right + 1 + random.integers(2)) % 3 if wrong else right]
        if random.random() < self.silent:
            return Answer(ask.item, self.name, None, Money(Decimal(self.price), "USD"))
        return Answer(ask.item, self.name, label, Money(Decimal(self.price), "USD"))


def people(folder: Path, name: str, price: str, accuracy: float, *, each: int = 1) -> PeopleWorker:
    facts = WorkerFacts(
        name,
        WorkerKind.PEOPLE,
        Money(Decimal(price), "USD"),
        Skill(accuracy, 50.0),
        votes_per_item=each,
    )
    return PeopleWorker(facts, folder / f"{name}.csv", folder / f"{name}.answers.csv", Format.CSV)


def answer_tasks(worker: PeopleWorker, person: str) -> int:
    """Do what people do: answer every task of the file rightly, after those answered before."""
    with worker.tasks.open(encoding="utf-8") as file:
        tasks = list(csv.DictReader(file))
    fresh = not worker.answers.exists()
    with worker.answers.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(["task", "text", "worker", "label"])
        for task in tasks:
            writer.writerow([task["task"], task["text"], person, truth_of(task["text"])])
    return len(tasks)
