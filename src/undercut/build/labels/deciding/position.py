"""Where a labelling job stands, and what it does next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from undercut.build.labels.deciding.answers import Heard
from undercut.build.labels.deciding.audit_plan import AuditPlan
from undercut.build.labels.deciding.beliefs import Learnt
from undercut.build.labels.votes import Floats, IntArray


class Purpose(StrEnum):
    """Why something is asked."""

    EXPLORE = "explore"
    LABEL = "label"
    CLEAN = "clean"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class AuditDone:
    """An audit that was drawn: of how many labels, how many the judge called wrong.

    wrong: None while answers are missing. predicted: error that was believed when it was drawn.
    sizes, allowed: (looks,) planned sizes of the growing sample, and wrong labels with which each
    look certifies the target. sample: ids of the items drawn so far. stood: (items,) label ids of
    all items as they were drawn from, -1 for none; empty where nobody wrote them down. abandoned:
    other questions were put since its last look, so labels are no longer those that it is about.
    """

    sizes: tuple[int, ...]
    allowed: tuple[int, ...]
    predicted: float
    wrong: int | None
    sample: tuple[int, ...]
    stood: tuple[int, ...] = ()
    abandoned: bool = False

    @property
    def items(self) -> int:
        """Labels judged, or waiting for it."""
        return len(self.sample)

    @property
    def look(self) -> int:
        """Number of the look that the sample is at, from 0."""
        return self.sizes.index(len(self.sample))

    @property
    def passed(self) -> bool:
        """Whether the target is certified."""
        return self.wrong is not None and self.wrong <= self.allowed[self.look]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a job stands.

    asks: (items, sources) questions put so far, whatever became of them. money: left to spend,
    reserved sums taken off. explored: rounds of exploring that were bought. vectors: (items, width)
    of the texts, rows of length 1, for the student that speaks for the machines; None: machines
    speak for themselves.
    """

    heard: Heard
    asks: IntArray
    audits: tuple[AuditDone, ...]
    money: float
    budget: float
    explored: int
    vectors: Floats | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What to do now: ask `source[i]` about `item[i]`; with nothing to ask, the job is done.

    reason: of the end, or of what the basket stopped at. learnt: beliefs the step follows from.
    plan: the audit that the step belongs to or works towards; look: of it, from 0. error: believed
    mean error. error_price: of the last error avoided by it; at the end, of further ones, None
    where nobody can be asked.
    """

    purpose: Purpose | None
    item: IntArray
    source: IntArray
    reason: str
    learnt: Learnt
    plan: AuditPlan | None
    error: float
    error_price: float | None = None
    look: int = 0


def end(
    reason: str,
    learnt: Learnt,
    plan: AuditPlan | None,
    error: float,
    error_price: float | None = None,
) -> Step:
    """No step: the job ended with `reason`."""
    none = np.zeros(0, dtype=np.int64)
    return Step(None, none, none, reason, learnt, plan, error, error_price)
