"""What the HTTP side asks of whatever answers texts, and what it gets back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from undercut.core.money import Money


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """The plan that answers: digest of its folder, its name, classes and stage names in order."""

    digest: str
    name: str
    classes: tuple[str, ...]
    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TextAnswer:
    """One text's answer.

    top: the likeliest classes with their probabilities, likeliest first; as many as were asked.
    cost: own cost of this answer by the stages that ran on it, None where unknown.
    """

    label: str
    confidence: float
    stage: str
    top: tuple[tuple[str, float], ...]
    cost: Money | None


@dataclass(frozen=True, slots=True)
class Answered:
    """Answers in the order of the texts, all by one plan, and what they took.

    tokens: of the texts as the plan's first stage counts them. stages: stage name -> answers it
    gave. cost: the sum over the answers, None where unknown.
    """

    plan: PlanFacts
    answers: tuple[TextAnswer, ...]
    tokens: int
    stages: Mapping[str, int]
    cost: Money | None


class Engine(Protocol):
    """Answers texts of many requests together; one per server process."""

    @property
    def plan(self) -> PlanFacts:
        """The plan that most traffic gets now."""
        ...

    def most_cost(self, inputs: int) -> Money | None:
        """The most that this many texts can cost: every stage runs. None where unknown."""
        ...

    def backlog_seconds(self) -> float:
        """How long what is accepted will take to answer, by estimate; cheap."""
        ...

    async def answer(
        self,
        texts: Sequence[str],
        *,
        top_k: int = 1,
        deadline: float | None = None,
        route: str | None = None,
    ) -> Answered:
        """Answer texts together with those of other requests.

        deadline: on the clock of `time.monotonic`. route: the idempotency key, else the request
        id: requests with the same one are answered by the same plan while two are tried.
        Raises OverloadedError at once where the queue is full, DeadlineExceededError where the
        answer would come too late, AnswerFailedError where the plan fails on the texts.
        """
        ...

    async def start(self) -> None:
        """Load, warm up; returns when ready to answer."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then stop."""
        ...
