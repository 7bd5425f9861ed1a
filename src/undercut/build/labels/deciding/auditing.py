"""Auditing in a labelling job: drawing the sample, letting it grow, and what it proves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.deciding.audit_chances import passing_from
from undercut.build.labels.deciding.audit_plan import (
    AuditPlan,
    AuditPrices,
    draw,
    likeliest_audit,
    plan_audit,
)
from undercut.build.labels.deciding.beliefs import Learnt
from undercut.build.labels.deciding.config import MarketConfig
from undercut.build.labels.deciding.judge import alpha_of
from undercut.build.labels.deciding.position import AuditDone, Position, Purpose, Step

# Better labels after a failed audit cost more than their offers promise: the cheap errors are gone,
# and what is left is what answers miss (decision 47).
DEARER = 2.0


class JudgePrice(NamedTuple):
    """Of one of the judge's answers, as usual and at most."""

    usual: float
    limit: float

    def answers(self, money: float, wanted: int) -> int:
        """How many of the answers wanted the money pays in any case."""
        return wanted if self.limit <= 0 else min(wanted, int(money / self.limit + 1e-9))


def plan_next(
    position: Position,
    config: MarketConfig,
    error: float,
    error_price: float,
    seen: NDArray[np.bool_],
    judge: JudgePrice,
) -> AuditPlan | None:
    """For the labels that the judge has not given: what is allowed of all falls on these."""
    unseen = 1 - float(seen.mean())
    return plan_audit(
        items=int((~seen).sum()),
        target_error=config.target_error / unseen,
        alpha=alpha_of(len(position.audits), config),
        passes=config.audit_pass,
        prices=AuditPrices(judge.usual, error_price),
        error_now=error / unseen,
        most=judge.answers(position.money, len(seen)),
    )


def plan_last_resort(
    position: Position,
    config: MarketConfig,
    error: float,
    seen: NDArray[np.bool_],
    judge: JudgePrice,
) -> AuditPlan | None:
    """What the money left may still prove of the labels as they stand, where no plan is sound."""
    unseen = 1 - float(seen.mean())
    return likeliest_audit(
        items=int((~seen).sum()),
        target_error=config.target_error / unseen,
        alpha=alpha_of(len(position.audits), config),
        judge=judge.usual,
        error_now=error / unseen,
        most=judge.answers(position.money, len(seen)),
    )


def first_look(
    position: Position,
    config: MarketConfig,
    learnt: Learnt,
    plan: AuditPlan,
    judge: int,
    error: float,
    reason: str,
    seen: NDArray[np.bool_],
) -> Step:
    """Draw an audit. What the judge has answered is right by definition, and nobody is paid twice
    for one answer: the sample is of the other labels, and what it proves of them holds for all the
    more."""
    number = len(position.audits)
    items = len(position.heard.votes.items)
    sample = draw(items, plan.sizes[0], (config.seed, number), np.flatnonzero(seen))
    source = np.full(len(sample), judge, dtype=np.int64)
    return Step(Purpose.AUDIT, sample, source, reason, learnt, plan, error)


def next_look(
    position: Position,
    config: MarketConfig,
    learnt: Learnt,
    judge: int,
    error: float,
    seen: NDArray[np.bool_],
) -> Step:
    """Let the last audit's sample grow. learnt: with the labels as they were drawn from."""
    audit = position.audits[-1]
    more = audit.sizes[audit.look + 1] - audit.items
    number = len(position.audits) - 1
    items = len(position.heard.votes.items)
    # those that the judge could not tell are in the sample all the same
    without = np.union1d(np.flatnonzero(seen), np.asarray(audit.sample, dtype=np.int64))
    sample = draw(items, more, (config.seed, number, audit.look + 1), without)
    plan = AuditPlan(audit.sizes, audit.allowed, audit.predicted, 0.0, 0.0, 0.0)
    source = np.full(len(sample), judge, dtype=np.int64)
    may = audit.allowed[audit.look]
    reason = f"{audit.wrong} of {audit.items} labels are wrong, " + (
        f"{may} may be" if may >= 0 else "and so few prove nothing yet"
    )
    return Step(Purpose.AUDIT, sample, source, reason, learnt, plan, error, look=audit.look + 1)


def grows(audit: AuditDone, *, judge: JudgePrice, money: float, again: float | None) -> bool:
    """Whether a larger sample is the cheapest way from an audit that has not passed.

    again: expected cost of better labels and another audit; None where there can be none.
    """
    if audit.wrong is None or audit.passed or audit.look + 1 >= len(audit.sizes):
        return False
    if audit.abandoned:  # better labels were bought: a sample of the old ones would undo them
        return False
    more = audit.sizes[audit.look + 1] - audit.items
    if judge.answers(money, more) < more:
        return False
    chance, judged = passing_from(
        audit.sizes[audit.look + 1 :],
        audit.allowed[audit.look + 1 :],
        predicted=audit.predicted,
        seen=audit.items,
        found=audit.wrong,
    )
    return chance > 0 and (again is None or judge.usual * judged <= chance * DEARER * again)
