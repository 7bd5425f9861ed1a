"""What a cleaning step is: a pure function from a batch of rows to what it rejects and changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from undercut.core.dataset import IntArray


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows on their way through the pipeline.

    rows: (n,) ascending row numbers; texts, labels: (n,), a label is None where there is none.
    """

    rows: IntArray
    texts: Sequence[str]
    labels: Sequence[str | None]

    def __len__(self) -> int:
        return len(self.texts)


class Reason(NamedTuple):
    """Why: a rule's stable name, and evidence in words that hold no personal data."""

    rule: str
    evidence: str


class Rejection(NamedTuple):
    """A row that goes."""

    row: int
    reason: Reason


class Change(NamedTuple):
    """A row whose text becomes another one, with every rule that had a part in it."""

    row: int
    reasons: tuple[Reason, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step did to one batch; rows that stand in neither list pass as they are.

    rejected, changed: by ascending row; no row stands in both or twice in one.
    marks: (n,) a word about each row of the batch, such as its language; None: no such step.
    """

    rejected: tuple[Rejection, ...] = ()
    changed: tuple[Change, ...] = ()
    marks: tuple[str | None, ...] | None = None


Step: TypeAlias = Callable[[Batch], Outcome]


def one_by_one(decide: Callable[[str], Reason | tuple[str, tuple[Reason, ...]] | None]) -> Step:
    """A step from a function of one text: a reason to reject it, a new text, or None to pass."""

    def step(batch: Batch) -> Outcome:
        rejected, changed = [], []
        for row, text in zip(batch.rows.tolist(), batch.texts, strict=True):
            said = decide(text)
            if isinstance(said, Reason):
                rejected.append(Rejection(row, said))
            elif said is not None and said[0] != text:
                changed.append(Change(row, said[1], said[0]))
        return Outcome(tuple(rejected), tuple(changed))

    return step


def chain(steps: Sequence[Step]) -> Callable[[Batch], tuple[Batch, tuple[Outcome, ...]]]:
    """Steps one after the other: the rows left at the end, and every step's outcome."""

    def run(batch: Batch) -> tuple[Batch, tuple[Outcome, ...]]:
        outcomes = []
        for step in steps:
            outcome = step(batch)
            outcomes.append(outcome)
            batch = survivors(batch, outcome)
        return batch, tuple(outcomes)

    return run


def survivors(batch: Batch, outcome: Outcome) -> Batch:
    """The batch after a step: rejected rows gone, changed texts in place."""
    if not outcome.rejected and not outcome.changed:
        return batch
    gone = {rejection.row for rejection in outcome.rejected}
    texts = {change.row: change.text for change in outcome.changed}
    kept = [i for i, row in enumerate(batch.rows.tolist()) if row not in gone]
    return Batch(
        rows=batch.rows[kept],
        texts=[texts.get(int(batch.rows[i]), batch.texts[i]) for i in kept],
        labels=[batch.labels[i] for i in kept],
    )
