"""The next step of a labelling job, from everything that happened so far: pure, so resumable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from undercut.build.labels.deciding.audit_plan import AuditPlan
from undercut.build.labels.deciding.audited import as_audited, before_audit
from undercut.build.labels.deciding.auditing import (
    JudgePrice,
    first_look,
    grows,
    next_look,
    plan_last_resort,
    plan_next,
)
from undercut.build.labels.deciding.beliefs import Learnt, learn
from undercut.build.labels.deciding.config import MarketConfig
from undercut.build.labels.deciding.exploring import EXPLORE_ROUNDS, explore
from undercut.build.labels.deciding.judge import (
    FIRST_DOUBT,
    as_truth,
    doubt_of,
    find_judge,
    judged_items,
)
from undercut.build.labels.deciding.market import FREE, Basket, Offers, fill, offers, prices_of
from undercut.build.labels.deciding.panel import with_student
from undercut.build.labels.deciding.position import Position, Purpose, Step, end
from undercut.build.labels.votes import Floats

# Until it is measured: an avoided error costs a few answers of the usual price.
ANSWERS_AN_ERROR = 3.0
# Of all that one more answer on each item would avoid: past it, the same items are asked again.
IN_REACH = 0.5


def next_step(position: Position, config: MarketConfig) -> Step:
    """Explore, buy until prediction meets what the audit needs, audit, and again if it fails.

    Ends with reason 'certified', 'target' (met by belief, no audit possible or wanted), 'budget',
    'worth' (the next label costs more than it is worth), 'nothing' (nobody left to ask) or
    'not_certified' (no audit left or no money for one).
    """
    judge = find_judge(position.heard, config)
    seen = judged_items(position.heard, judge)
    # of the answers as they were given: the student takes the machines' voices away
    known = position.heard.said_by_copy()
    given = position
    position, learnt = believe(given, judge)
    heard = position.heard
    doubt = doubt_of(position.audits, to_come=config.audit and judge is not None)
    errors = np.where(seen, 0.0, np.minimum(learnt.standing.error * doubt, 1.0))
    error = float(errors.mean()) if len(errors) else 0.0
    if position.explored < EXPLORE_ROUNDS:
        return explore(position, learnt, config, error)
    if position.audits and position.audits[-1].passed:
        return end("certified", _proved(given, learnt, judge), None, error)
    if config.audit and judge is not None and 1 - seen.mean() <= config.target_error:
        return end("certified", learnt, None, error)
    price, _ = prices_of(heard.sources)
    offered = offers(heard, learnt, position.asks, known)
    without = learnt.standing.labels < 0
    if offered.drop[without].any():
        # a text without any label is no label that could be wrong: first one for each
        offered = replace(offered, drop=np.where(without[:, None], offered.drop, 0.0))
    error_price = _error_price(offered, errors, 0.3 * config.target_error, price, doubt)
    plan = None
    if judge is not None and config.audit and len(position.audits) < config.audits:
        plan = plan_next(position, config, error, error_price, seen, _of_judge(offered, judge))
    last = position.audits[-1] if position.audits else None
    if last is not None and judge is not None:
        again = None if plan is None else plan.cost
        if grows(last, judge=_of_judge(offered, judge), money=position.money, again=again):
            proved = _proved(given, learnt, judge)
            return next_look(position, config, proved, judge, error, seen)
    unseen = float(1 - seen.mean())
    planned = config.target_error if plan is None else plan.planned_error * unseen
    kept = 0.0 if plan is None or judge is None else plan.kept * float(offered.limit[judge])
    basket = fill(
        offered,
        errors,
        planned_error=0.0 if without.any() else planned,
        money=max(position.money - kept, 0.0),
        # a first label for each at once: waiting would not change who gives it
        most=len(errors) if without.any() else max(1, int(config.round_fraction * len(errors))),
        error_cost=config.error_cost,
    )
    if len(basket.item):
        return _buy(basket, learnt, plan, error)
    failed = last is not None
    if plan is None and judge is not None and config.audit and not failed:
        plan = plan_last_resort(position, config, error, seen, _of_judge(offered, judge))
    if plan is not None and judge is not None and (not failed or basket.stopped == "target"):
        return first_look(position, config, learnt, plan, judge, error, basket.stopped, seen)
    if failed:
        return end("not_certified", learnt, None, error)
    further = error_price if (offered.drop > 0).any() else None
    return end(basket.stopped, learnt, None, error, further)


def _proved(position: Position, learnt: Learnt, judge: int | None) -> Learnt:
    """With the labels that the last audit was about, and its sample mended."""
    audit = position.audits[-1]
    if judge is None:
        return learnt
    before = replace(position, heard=before_audit(position.heard, judge, audit.sample))
    _, then = believe(before, judge)
    return replace(
        learnt, standing=as_audited(learnt.standing, then.standing, audit.sample, audit.stood)
    )


def believe(position: Position, judge: int | None) -> tuple[Position, Learnt]:
    """What is believed now, by the student too where there is one, which then is a source.

    judge: id of the source whose answers are the truth, if there is one.
    """
    position = replace(position, heard=as_truth(position.heard, judge))
    learnt = learn(position.heard, judge)
    if position.vectors is None:
        return position, learnt
    heard = with_student(position.heard, learnt, position.vectors)
    if heard is position.heard:
        return position, learnt
    asks = np.column_stack([position.asks, np.zeros(len(position.asks), dtype=np.int64)])
    return replace(position, heard=heard, asks=asks), learn(heard, judge)


def _error_price(
    offered: Offers, errors: Floats, enough: float, price: Floats, doubt: float
) -> float:
    """What the last avoided error costs on the way from the errors now to `enough` on average.

    errors: as doubted. Where beliefs are too good by `doubt`, an answer avoids as many more errors,
    up to what is doubted before any audit: what a failed one adds are errors that answers miss.
    Where one more answer on each item does not lead so far, the same items are asked again at like
    prices, so it is what the better part of what is on offer costs.
    """
    rate = offered.per_money
    source = rate.argmax(axis=1)
    rows = np.arange(len(rate))
    best = rate[rows, source]
    order = np.argsort(-best, kind="stable")
    order = order[best[order] > 0]
    if len(order):
        doubt = min(doubt, FIRST_DOUBT)
        drop = np.cumsum(offered.drop[order, source[order]]) * doubt
        gap = max(float(errors.sum()) - enough * len(errors), 1.0)
        gap = min(gap, IN_REACH * float(drop[-1]))
        last = float(best[order][min(int(np.searchsorted(drop, gap)), len(order) - 1)])
        if last < FREE / 10:
            return 1 / (last * doubt)
    paid = price[price > 0]
    return ANSWERS_AN_ERROR * float(paid.min()) if len(paid) else 0.0


def _of_judge(offered: Offers, judge: int) -> JudgePrice:
    return JudgePrice(float(offered.price[judge]), float(offered.limit[judge]))


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
