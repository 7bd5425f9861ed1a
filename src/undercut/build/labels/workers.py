"""The one interface of everything that labels: a price, an expected accuracy, answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from undercut.core.money import Money


class WorkerKind(StrEnum):
    """Who answers: machines at once, people when their file comes back."""

    RULES = "rules"
    ZERO_SHOT = "zero_shot"
    ENDPOINT = "endpoint"
    FILE = "file"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Skill:
    """What is believed of a worker before (and, with more weight, after) its answers are seen.

    accuracy: expected share of right answers, in [0, 1]. weight: how many judged answers that
    belief is worth (a Beta prior's count). coverage: share of items it answers at all.
    """

    accuracy: float
    weight: float = 10.0
    coverage: float = 1.0


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """What the market knows of one worker.

    price: of one answer, at most; zero for what runs here. family: workers of one family make the
    same mistakes (two prompts of one model, rules of one author) and do not count as independent.
    votes_per_item: how many different people stand behind the name (a crowd can be asked again,
    an expert or a model cannot). usual_price: what an answer is expected to cost where that is
    less than `price`, the most it may cost (tokens are counted afterwards); None where both are
    one.
    """

    name: str
    kind: WorkerKind
    price: Money
    skill: Skill
    family: str = ""
    votes_per_item: int = 1
    usual_price: Money | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: which of the classes is this text?"""

    item: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to an Ask.

    worker: who exactly answered (one person of a crowd, one model). label: a class name, None
    where the worker abstained. cost: what it cost in fact; None where nobody knows. probability:
    the worker's own, in [0, 1], where it gives one. seconds: time the worker took. reference:
    the answer's own id in the file it was read from: the same reference read again is the same
    answer, not another vote.
    """

    item: str
    worker: str
    label: str | None
    cost: Money | None
    probability: float | None = None
    seconds: float | None = None
    note: str = ""
    reference: str = ""


class Worker(Protocol):
    """A worker that answers at once; people answer through files, see `runs.labelling`."""

    @property
    def facts(self) -> WorkerFacts:
        """Price, expected accuracy and family."""

    def answer(self, asks: Sequence[Ask], *, classes: Sequence[str]) -> Sequence[Answer]:
        """One Answer for each Ask, in their order.

        Never costs more than `facts.price` an Ask, retries included. Raises the errors of
        `undercut.core.errors`; an Ask that failed for good is an Answer with label None and a
        note, with what it cost.
        """
