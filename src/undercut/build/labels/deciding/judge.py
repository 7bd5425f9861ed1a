"""Who audits, what audits share, and what they say of beliefs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.deciding.answers import UNKNOWN, Heard
from undercut.build.labels.deciding.config import MarketConfig
from undercut.build.labels.deciding.position import AuditDone
from undercut.build.labels.votes import IntArray
from undercut.build.labels.workers import WorkerKind

# Before an audit beliefs are taken to be twice too good: workers who err together on the same
# texts look better than they are.
FIRST_DOUBT = 2.0
# The share of what is left of the allowed chance that each audit but the last uses up.
FIRST_AUDIT = 0.75
NO_JUDGES = frozenset({WorkerKind.RULES, WorkerKind.ZERO_SHOT})


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
    """(items,): whether the judge has answered the item: its label is right by definition.

    Not where several people of the judge answered differently: nobody knows what is right there.
    """
    return np.asarray(_judged_label(heard, judge) != UNKNOWN)


def as_truth(heard: Heard, judge: int | None) -> Heard:
    """The answers with the judge's taken as gold, where its voices agree and no gold is known.

    The certificate counts labels by what the judge says of them; labels that go against the judge
    would be wrong by that count, however many others were sure. As gold they also measure the
    others: a model that is believed too good is found out on the very texts the judge was paid for.
    """
    if judge is None:
        return heard
    gold = np.where(heard.gold == UNKNOWN, _judged_label(heard, judge), heard.gold)
    return replace(heard, gold=np.asarray(gold, dtype=np.int64))


def _judged_label(heard: Heard, judge: int | None) -> IntArray:
    """(items,): what all the judge's voices say; UNKNOWN where they differ or are silent."""
    votes = heard.votes
    of_judge = np.flatnonzero(heard.vote_source == (UNKNOWN if judge is None else judge))
    item, label = votes.item[of_judge], votes.label[of_judge]
    least = np.full(len(votes.items), len(votes.classes), dtype=np.int64)
    most = np.full(len(votes.items), UNKNOWN, dtype=np.int64)
    np.minimum.at(least, item, label)
    np.maximum.at(most, item, label)
    return np.where(least == most, most, UNKNOWN)


def alpha_of(number: int, config: MarketConfig) -> float:
    """Chance of a wrong certificate that audit `number`, from 0, may use up; all sum to alpha."""
    alpha = 1 - config.confidence
    left = alpha * (1 - FIRST_AUDIT) ** number
    return float(left if number >= config.audits - 1 else left * FIRST_AUDIT)


def doubt_of(audits: Sequence[AuditDone], *, to_come: bool) -> float:
    """By how much beliefs are taken to be too good; each audit corrects what was believed.

    to_come: an audit will be paid for, and its failure would cost more than the caution.
    """
    doubt = FIRST_DOUBT if to_come or audits else 1.0
    for audit in audits:
        if audit.wrong is not None:
            found = (audit.wrong + 2.0) / (audit.predicted * audit.items + 2.0)
            doubt = float(np.clip(doubt * found, 0.5, 20.0))
    return doubt
