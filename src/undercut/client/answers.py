"""What a caller gets back: answers, progress of a batch, a month's usage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from undercut.core.money import Money


@dataclass(frozen=True, slots=True)
class Ranked:
    """One class and its probability, in [0, 1]."""

    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Answer:
    """One text's answer, and what gave it.

    stage: of the plan, that gave it. cost: the server's own cost of it, None where unknown.
    top: the likeliest classes, likeliest first; at least the answer itself.
    plan, plan_name: digest and name of the plan version that answered.
    request_id: names the request in the server's logs and books.
    """

    label: str
    confidence: float
    stage: str
    cost: Money | None
    top: tuple[Ranked, ...]
    plan: str
    plan_name: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is; given to the `progress` callback after each finished request.

    texts: answered so far, in order. total: of how many, None for a stream of unknown length.
    replayed: answers among them that an earlier attempt had been counted for.
    tokens: as the server counted them. cost: own cost so far, None as soon as one is unknown.
    """

    texts: int = 0
    total: int | None = None
    requests: int = 0
    replayed: int = 0
    tokens: int = 0
    cost: Money | None = None

    def after(self, batch: Batch) -> Progress:
        """The progress once this batch is answered too."""
        known = batch.cost is not None and (self.requests == 0 or self.cost is not None)
        cost = None if not known else batch.cost if self.cost is None else self.cost + batch.cost  # type: ignore[operator]
        return Progress(
            texts=self.texts + len(batch.answers),
            total=self.total,
            requests=self.requests + 1,
            replayed=self.replayed + (len(batch.answers) if batch.replayed else 0),
            tokens=self.tokens + batch.tokens,
            cost=cost,
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """The answers of one HTTP request, in the order of its texts.

    replayed: the server had answered this request before and counted it then.
    """

    answers: tuple[Answer, ...]
    tokens: int
    cost: Money | None
    stages: Mapping[str, int]
    replayed: bool
