"""Which items of a crowd's file want another vote, and of whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from undercut.build.labels.deciding.redundancy import RedundancyConfig, falls, gains, ranked
from undercut.build.labels.deciding.to_come import votes_to_come
from undercut.build.labels.merging.communities import rested_beliefs
from undercut.build.labels.merging.copying import find_copies
from undercut.build.labels.merging.knowing import Crowd
from undercut.build.labels.merging.tally import tally
from undercut.build.labels.votes import IntArray, Votes
from undercut.runs.votes.next_offers import affordable, check, offers_on
from undercut.runs.votes.next_report import NextConfig, NextReport, NextVote, Voter
from undercut.runs.votes.reading import CrowdFile

LEAST_MOST = 5


def next_votes_of(
    crowd_file: CrowdFile,
    config: NextConfig,
    *,
    further: tuple[str, ...] = (),
    gold: Mapping[str, str] | None = None,
) -> NextReport:
    """The next votes on a crowd's items, the most telling first.

    further: items that nobody may have answered yet. gold: known classes: they teach who is right
    and want no vote. Raises ConfigError for settings that contradict each other.
    """
    check(config)
    votes = _votes(crowd_file, further, config.workers, gold or {})
    copies = find_copies(votes) if config.discount_copies else None
    cluster = None if copies is None else copies.cluster
    crowd = rested_beliefs(tally(votes, gold=gold, cluster=cluster))
    given = np.bincount(votes.item, minlength=len(votes.items))
    most = config.most_votes or usual_most(given)
    rule = _rule(config)
    known = np.array([name in (gold or {}) for name in votes.items], dtype=bool)
    anybody = np.flatnonzero((given < most) & ~known)
    item, worker = offers_on(votes, anybody, config.workers, copies)
    order = ranked(crowd, item, worker, given, rule)
    chosen = affordable(order, item, worker, config)
    wanting = anybody[ranked(crowd, anybody, None, given, rule)] if config.workers else item[order]
    full = int(((given >= most) & ~known).sum())
    listed = _listed(votes, crowd, given, item, worker, chosen)
    return NextReport(
        source=crowd_file.source,
        columns=crowd_file.columns,
        answers=len(votes),
        empty=crowd_file.empty,
        unreadable=crowd_file.unreadable,
        items=len(votes.items),
        workers=len({row[1] for row in crowd_file.rows}),
        classes=votes.classes,
        copies=() if copies is None else copies.groups(votes),
        most_votes=most,
        votes=listed,
        wanting=len(wanting),
        settled=len(votes.items) - full - len(wanting),
        full=full,
        unasked=len(np.setdiff1d(wanting, item)),
        believed_error=float((1 - crowd.chances.max(axis=1)).mean()),
        usual_accuracy=_accuracy(crowd, crowd.usual),
        to_come=votes_to_come(votes, crowd, rule, anybody, most=most, seed=config.seed),
        even=int(np.maximum(most - given, 0)[anybody].sum()),
        voters=_voters(votes, crowd, config.workers, listed),
        vote_price=config.vote_price,
    )


def usual_most(given: IntArray) -> int:
    """As many votes as nine items in ten have at most, and at least five."""
    answered = given[given > 0]
    nine = int(np.quantile(answered, 0.9, method="lower")) if len(answered) else 0
    return max(LEAST_MOST, nine)


def _rule(config: NextConfig) -> RedundancyConfig:
    """What a vote must be expected to change: its price as a share of an error's, where known."""
    rule = RedundancyConfig(seed=config.seed)
    if config.vote_price is None or config.error_cost is None:
        return rule
    share = float(config.vote_price.amount / config.error_cost.amount)
    return replace(rule, least_fall=share)


def _votes(
    crowd: CrowdFile, further: tuple[str, ...], workers: tuple[str, ...], gold: Mapping[str, str]
) -> Votes:
    """The file's votes over all items, voted on or not, and all workers, heard or not."""
    seen = dict.fromkeys(row[2] for row in crowd.rows)
    votes = Votes.of(crowd.rows, classes=tuple(seen | dict.fromkeys(gold.values())))
    return Votes(
        tuple(dict.fromkeys((*votes.items, *further))),
        tuple(dict.fromkeys((*votes.workers, *workers))),
        votes.classes,
        votes.item,
        votes.worker,
        votes.label,
    )


def _listed(
    votes: Votes,
    crowd: Crowd,
    given: IntArray,
    item: IntArray,
    worker: IntArray | None,
    chosen: list[int],
) -> tuple[NextVote, ...]:
    place = np.asarray(chosen, dtype=np.int64)
    item, who = item[place], None if worker is None else worker[place]
    gain, fall = gains(crowd, crowd.chances, item, who), falls(crowd, item, who, given)
    chances, best = crowd.chances, crowd.beliefs.argmax(axis=1)
    return tuple(
        NextVote(
            item=votes.items[at],
            answers=int(given[at]),
            label=votes.classes[best[at]] if given[at] else None,
            probability=float(chances[at, best[at]]),
            gain=float(gain[row]),
            fall=float(fall[row]),
            worker=None if who is None else votes.workers[who[row]],
        )
        for row, at in enumerate(item.tolist())
    )


def _voters(
    votes: Votes, crowd: Crowd, names: tuple[str, ...], listed: tuple[NextVote, ...]
) -> tuple[Voter, ...]:
    answers = np.bincount(votes.worker, minlength=len(votes.workers))
    number = {name: at for at, name in enumerate(votes.workers)}
    given = Counter(vote.worker for vote in listed)
    return tuple(
        Voter(
            name,
            int(answers[number[name]]),
            _accuracy(crowd, crowd.confusion[number[name]]),
            given[name],
        )
        for name in names
    )


def _accuracy(crowd: Crowd, confusion: np.ndarray) -> float:
    """Believed share of right answers, by the classes' shares."""
    return float(crowd.beliefs.mean(axis=0) @ np.diag(confusion))
