"""The next step of a labelling job, from everything that happened so far: pure, so resumable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.deciding.answers import Heard
from undercut.build.labels.deciding.audit_plan import AuditPlan, draw, plan_audit
from undercut.build.labels.deciding.beliefs import Learnt, learn
from undercut.build.labels.deciding.config import MarketConfig
from undercut.build.labels.deciding.market import FREE, Basket, Offers, fill, offers, prices_of
from undercut.build.labels.deciding.panel import with_student
from undercut.build.labels.votes import Floats, IntArray
from undercut.build.labels.workers import WorkerKind

# Until it is measured: an avoided error costs a few answers of the usual price.
ANSWERS_AN_ERROR = 3.0
# Before an audit beliefs are taken to be twice too good: workers who err together on the same
# texts look better than they are.
FIRST_DOUBT = 2.0
# Crowds are asked twice about the first items: two people who answer alone tell how good both are.
EXPLORE_ROUNDS = 2
# The share of what is left of the allowed chance that each audit but the last uses up.
FIRST_AUDIT = 0.75
NO_JUDGES = frozenset({WorkerKind.RULES, WorkerKind.ZERO_SHOT})


class Purpose(StrEnum):
    """Why something is asked."""

    EXPLORE = "explore"
    LABEL = "label"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class AuditDone:
    """An audit that was drawn: how many items, how many labels the judge called wrong.

    wrong: None while answers are missing. predicted: error that was believed when it was drawn.
    allowed: wrong labels with which it certifies the target.
    """

    items: int
    allowed: int
    predicted: float
    wrong: int | None

    @property
    def passed(self) -> bool:
        """Whether the target is certified."""
        return self.wrong is not None and self.wrong <= self.allowed


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
    plan: the audit that the step belongs to or works towards. error: believed mean error.
    error_price: of the last avoided error.
    """

    purpose: Purpose | None
    item: IntArray
    source: IntArray
    reason: str
    learnt: Learnt
    plan: AuditPlan | None
    error: float
    error_price: float | None = None


def next_step(position: Position, config: MarketConfig) -> Step:
    """Explore, buy until prediction meets what the audit needs, audit, and again if it fails.

    Ends with reason 'certified', 'target' (met by belief, no audit possible or wanted), 'budget',
    'worth' (the next label costs more than it is worth), 'nothing' (nobody left to ask) or
    'not_certified' (no audit left or no money for one).
    """
    position, learnt = believe(position)
    heard = position.heard
    judge = find_judge(heard, config)
    doubt = _doubt(position.audits, to_come=config.audit and judge is not None)
    seen = judged_items(heard, judge)
    errors = np.where(seen, 0.0, np.minimum(learnt.standing.error * doubt, 1.0))
    error = float(errors.mean()) if len(errors) else 0.0
    if position.explored < EXPLORE_ROUNDS:
        return _explore(position, learnt, config, error)
    if position.audits and position.audits[-1].passed:
        return _end("certified", learnt, None, error)
    if config.audit and judge is not None and 1 - seen.mean() <= config.target_error:
        return _end("certified", learnt, None, error)
    price, _ = prices_of(heard.sources)
    offered = offers(heard, learnt, position.asks)
    without = learnt.standing.labels < 0
    if offered.drop[without].any():
        # a text without any label is no label that could be wrong: first one for each
        offered = replace(offered, drop=np.where(without[:, None], offered.drop, 0.0))
    error_price = _error_price(offered, errors, 0.3 * config.target_error, price)
    plan = None
    if judge is not None and config.audit and len(position.audits) < config.audits:
        plan = _plan(position, config, error, error_price, seen, float(price[judge]))
    unseen = float(1 - seen.mean())
    planned = config.target_error if plan is None else plan.planned_error * unseen
    kept = 0.0 if plan is None or judge is None else plan.items * float(offered.limit[judge])
    basket = fill(
        offered,
        errors,
        planned_error=0.0 if without.any() else planned,
        money=max(position.money - kept, 0.0),
        most=max(1, int(config.round_fraction * len(errors)))
        if _started(position)
        else len(errors),
        error_cost=config.error_cost,
    )
    if len(basket.item):
        return _buy(basket, learnt, plan, error)
    again = bool(position.audits)
    if plan is not None and judge is not None and (not again or basket.stopped == "target"):
        return _audit(position, config, learnt, plan, judge, error, basket.stopped, seen)
    if again:
        return _end("not_certified", learnt, None, error)
    return _end(basket.stopped, learnt, None, error)


def believe(position: Position) -> tuple[Position, Learnt]:
    """What is believed now, by the student too where there is one, which then is a source."""
    learnt = learn(position.heard)
    if position.vectors is None:
        return position, learnt
    heard = with_student(position.heard, learnt, position.vectors)
    if heard is position.heard:
        return position, learnt
    asks = np.column_stack([position.asks, np.zeros(len(position.asks), dtype=np.int64)])
    return replace(position, heard=heard, asks=asks), learn(heard)


def find_judge(heard: Heard, config: MarketConfig) -> int | None:
    """Id of the source that audits: the most accurate by its facts, if it is good enough.

    Rules and descriptions never judge, whatever is believed of them: they are what is to be
    checked, they say nothing of most texts, and a free judge would certify itself.
    """
    may = [
        number
        for number, facts in enumerate(heard.sources)
        if facts.kind not in NO_JUDGES and facts.skill.accuracy >= config.judge_accuracy
    ]
    return max(
        may,
        key=lambda number: (
            heard.sources[number].skill.accuracy,
            heard.sources[number].kind is WorkerKind.PEOPLE,
        ),
        default=None,
    )


def judged_items(heard: Heard, judge: int | None) -> NDArray[np.bool_]:
    """(items,): whether the judge has answered the item: its label is right by definition."""
    seen = np.zeros(len(heard.votes.items), dtype=bool)
    if judge is not None:
        seen[heard.votes.item[heard.vote_source == judge]] = True
    return seen


def alpha_of(number: int, config: MarketConfig) -> float:
    """Chance of a wrong certificate that audit `number`, from 0, may use up; all sum to alpha."""
    alpha = 1 - config.confidence
    left = alpha * (1 - FIRST_AUDIT) ** number
    return float(left if number >= config.audits - 1 else left * FIRST_AUDIT)


def _doubt(audits: Sequence[AuditDone], *, to_come: bool) -> float:
    """By how much beliefs are taken to be too good; each audit corrects what was believed.

    to_come: an audit will be paid for, and its failure would cost more than the caution.
    """
    doubt = FIRST_DOUBT if to_come or audits else 1.0
    for audit in audits:
        if audit.wrong is not None:
            found = (audit.wrong + 2.0) / (audit.predicted * audit.items + 2.0)
            doubt = float(np.clip(doubt * found, 0.5, 20.0))
    return doubt


def _explore(position: Position, learnt: Learnt, config: MarketConfig, error: float) -> Step:
    heard = position.heard
    items = len(heard.votes.items)
    _, limit = prices_of(heard.sources)
    judge = find_judge(heard, config)
    random = np.random.default_rng([config.seed, 104729])
    order = random.permutation(items)
    money = config.explore_budget * position.budget
    chosen: list[tuple[IntArray, int]] = []
    for source in np.argsort(limit, kind="stable"):
        if heard.sources[source].votes_per_item <= position.explored:
            continue
        count = min(
            config.explore_judged if source == judge else config.explore_items, items // 5 + 1
        )
        if limit[source] > 0:
            count = min(count, int(money / limit[source]))
        if count > 0:
            chosen.append((order[:count], int(source)))
            money -= count * float(limit[source])
    none = np.zeros(0, dtype=np.int64)
    item = np.concatenate([none, *(part for part, _ in chosen)])
    source_ids = np.concatenate([none, *(np.full(len(part), s) for part, s in chosen)])
    return Step(Purpose.EXPLORE, item, source_ids, "explore", learnt, None, error)


def _plan(
    position: Position,
    config: MarketConfig,
    error: float,
    error_price: float,
    seen: NDArray[np.bool_],
    judge_price: float,
) -> AuditPlan | None:
    """For the labels that the judge has not given: what is allowed of all falls on these."""
    unseen = 1 - float(seen.mean())
    plan = plan_audit(
        items=int((~seen).sum()),
        target_error=config.target_error / unseen,
        alpha=alpha_of(len(position.audits), config),
        passes=config.audit_pass,
        judge_price=judge_price,
        error_price=error_price,
        error_now=error / unseen,
    )
    if plan is None or plan.items * judge_price > position.money:
        return None
    return plan


def _error_price(offered: Offers, errors: Floats, enough: float, price: Floats) -> float:
    """What the last avoided error costs on the way from the errors now to `enough` on average."""
    rate = offered.per_money
    source = rate.argmax(axis=1)
    rows = np.arange(len(rate))
    best = rate[rows, source]
    order = np.argsort(-best, kind="stable")
    drop = np.cumsum(offered.drop[order, source[order]])
    gap = max(float(errors.sum()) - enough * len(errors), 1.0)
    last = float(best[order][min(int(np.searchsorted(drop, gap)), len(order) - 1)])
    if 0 < last < FREE / 10:
        return 1 / last
    paid = price[price > 0]
    return ANSWERS_AN_ERROR * float(paid.min()) if len(paid) else 0.0


def _started(position: Position) -> bool:
    """Whether every item has been asked about."""
    return bool((position.asks.sum(axis=1) > 0).all())


def _buy(basket: Basket, learnt: Learnt, plan: AuditPlan | None, error: float) -> Step:
    return Step(
        Purpose.LABEL,
        basket.item,
        basket.source,
        basket.stopped,
        learnt,
        plan,
        error,
        basket.error_price,
    )


def _audit(
    position: Position,
    config: MarketConfig,
    learnt: Learnt,
    plan: AuditPlan,
    judge: int,
    error: float,
    reason: str,
    seen: NDArray[np.bool_],
) -> Step:
    number = len(position.audits)
    items = len(position.heard.votes.items)
    # What the judge has answered is right by definition, and nobody is paid twice for one answer:
    # the sample is of the other labels, and what it proves of them holds for all the more.
    sample = draw(items, plan.items, config.seed, number, np.flatnonzero(seen))
    plan = replace(plan, items=len(sample))
    source = np.full(len(sample), judge, dtype=np.int64)
    return Step(Purpose.AUDIT, sample, source, reason, learnt, plan, error)


def _end(reason: str, learnt: Learnt, plan: AuditPlan | None, error: float) -> Step:
    none = np.zeros(0, dtype=np.int64)
    return Step(None, none, none, reason, learnt, plan, error)
