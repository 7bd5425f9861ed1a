"""Labels as they were audited: what an audit's answers teach must not undo what it proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from undercut.build.labels.deciding.answers import Heard
from undercut.build.labels.deciding.standing import Standing


def before_audit(heard: Heard, judge: int, sample: Sequence[int]) -> Heard:
    """What was heard when the audit was drawn. sample: item ids, of texts new to the judge."""
    votes = heard.votes
    asked = (heard.vote_source == judge) & np.isin(votes.item, np.asarray(sample, dtype=np.int64))
    kept = np.flatnonzero(~asked)
    return replace(
        heard,
        votes=replace(
            votes, item=votes.item[kept], worker=votes.worker[kept], label=votes.label[kept]
        ),
        probability=heard.probability[kept],
    )


def as_audited(
    now: Standing, then: Standing, sample: Sequence[int], stood: Sequence[int] = ()
) -> Standing:
    """The sample as the judge mended it, all other texts as they stood when it was drawn.

    stood: (items,) label ids as they were written down then, -1 for none; beliefs are as they come
    out today from what was heard then, by workers who may be described otherwise today.
    """
    mended = np.zeros(len(now.labels), dtype=bool)
    mended[np.asarray(sample, dtype=np.int64)] = True
    labels = np.asarray(stood, dtype=np.int64) if len(stood) else then.labels
    return Standing(
        np.where(mended[:, None], now.named, then.named),
        np.where(mended, now.rest, then.rest),
        np.where(mended, now.labels, labels),
        now.right,
    )
