"""Labels that look wrong to models which did not see them, and whom asking again would pay.

Confident learning over the labels so far, as `undercut clean` looks for them: better labels buys
where the answers are weak, this where a label and its text do not fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.build.data.label_noise import Suspects, find_suspects
from undercut.build.data.near_duplicates import near_duplicates
from undercut.build.labels.deciding.answers import UNKNOWN, Heard
from undercut.build.labels.deciding.beliefs import Learnt
from undercut.build.labels.deciding.doubtful import Doubtful, drop_of_asking, with_opinion
from undercut.build.labels.deciding.judge import find_judge
from undercut.build.labels.deciding.market import askable, family_answers, prices_of
from undercut.build.labels.deciding.steps import believe
from undercut.build.labels.votes import Floats, IntArray
from undercut.core.dataset import Dataset
from undercut.runs.cleaning.label_noise import MODEL
from undercut.runs.cleaning.noise_trial import out_of_fold
from undercut.runs.labelling.open_job import Job

FOLDS = 5
# With fewer a model knows too little to doubt anybody.
LEAST_LABELS = 100
# Of a wrong label, that an answer must be expected to mend.
LEAST_DROP = 0.05


@dataclass(frozen=True, slots=True)
class Doubts:
    """suspects: labels that look wrong. item, source: (asks,) positions of texts and ids of workers
    to ask about them, the best bargains first; drop: (asks,) wrong labels that each answer is
    expected to mend; price: (asks,) as usual; limit: (asks,) at most.
    """

    suspects: int
    item: IntArray
    source: IntArray
    drop: Floats
    price: Floats
    limit: Floats

    def mended(self, kept_promise: float) -> float:
        """Wrong labels that all answers are expected to mend, as far as that has proved right."""
        return float(np.minimum(self.drop * kept_promise, 1.0).sum())

    def within(self, money: float) -> Doubts:
        """The first so many that may be paid for."""
        count = int(np.searchsorted(np.cumsum(self.limit), money + 1e-12, side="right"))
        return self._first(count)

    def worth(self, each: float) -> Doubts:
        """Those whose mended labels are worth their price; each: what a mended label is worth."""
        return self._first(int((self.drop * each > self.price).sum()))

    def _first(self, count: int) -> Doubts:
        return Doubts(
            self.suspects,
            self.item[:count],
            self.source[:count],
            self.drop[:count],
            self.price[:count],
            self.limit[:count],
        )


def find_doubts(job: Job, given: IntArray) -> Doubts | None:
    """None with too few labels for a model to doubt any. given: positions that have a label."""
    if len(given) < LEAST_LABELS:
        return None
    asked = job.position()
    judge = find_judge(asked.heard, job.market)
    copied = asked.heard.said_by_copy()
    position, learnt = believe(asked, judge)
    labels = learnt.standing.labels[given]
    items = job.items
    texts = [items[place].text for place in given.tolist()]
    opinion = _opinions(texts, labels, len(job.classes), job.config.seed)
    suspects = find_suspects(labels, opinion.astype(np.float32))
    place = given[suspects.rows]
    doubtful = _doubtful(position.heard, learnt, given, opinion, suspects)
    drop = _drops(position.heard, learnt, doubtful, place, judge)
    able = askable(position.heard, position.asks, copied)[place]
    return _best(np.where(able, drop, 0.0), place, position.heard, len(suspects))


def _opinions(texts: list[str], labels: IntArray, classes: int, seed: int) -> Floats:
    """(labels, classes) by models that saw neither the text nor its near copies."""
    data = Dataset(
        texts=tuple(texts),
        labels=labels,
        classes=tuple(str(number) for number in range(max(classes, 2))),
        lines=np.arange(1, len(texts) + 1),
        source="labels",
    )
    groups = near_duplicates(texts).representative
    found = out_of_fold(data, groups, MODEL, folds=FOLDS, seed=seed)
    return np.asarray(found, dtype=np.float64)


def _doubtful(
    heard: Heard, learnt: Learnt, given: IntArray, opinion: Floats, suspects: Suspects
) -> Doubtful:
    """What is believed of the suspects."""
    labels = learnt.standing.labels[given]
    error = np.minimum(learnt.standing.error[given], 1.0)
    error = np.where(heard.gold[given] == UNKNOWN, error, 0.0)
    said = opinion[np.arange(len(given)), labels]
    rows, suggested = suspects.rows, suspects.suggested
    doubted = with_opinion(error, said)[rows]
    share = opinion[rows, suggested] / np.maximum(1 - said[rows], 1e-9)
    return Doubtful(
        error[rows],
        _believed(heard, learnt, given[rows], suggested),
        doubted,
        doubted * np.minimum(share, 1.0),
    )


def _believed(heard: Heard, learnt: Learnt, item: IntArray, label: IntArray) -> Floats:
    """(items,): chance of each item's given class by the answers alone."""
    classes = len(heard.votes.classes)
    cells = heard.votes.item * classes + heard.votes.label
    voted = dict(zip(cells.tolist(), learnt.standing.right.tolist(), strict=True))
    unnamed = learnt.standing.rest * min(learnt.collision, 1.0)
    return np.array(
        [
            voted.get(place * classes + name, unnamed[place])
            for place, name in zip(item.tolist(), label.tolist(), strict=True)
        ]
    )


def _drops(
    heard: Heard, learnt: Learnt, doubtful: Doubtful, place: IntArray, judge: int | None
) -> Floats:
    """(suspects, sources): wrong labels that an answer of each is expected to mend."""
    family = family_answers(heard, learnt.families)[place]
    drop = np.zeros((len(place), len(heard.sources)))
    for number, facts in enumerate(heard.sources):
        accuracy = float(np.clip(learnt.skills[number].accuracy, 0.01, 0.999))
        worth = drop_of_asking(
            doubtful, accuracy=accuracy, collision=learnt.collision, truth=number == judge
        )
        part = 1.0 if number == judge else 1 / (1 + family[:, number])
        drop[:, number] = worth * facts.skill.coverage * part
    return drop


def _best(drop: Floats, place: IntArray, heard: Heard, suspects: int) -> Doubts:
    """For each suspect its best bargain; those left out that hardly mend anything."""
    price, limit = prices_of(heard.sources)
    worth = np.where(drop >= LEAST_DROP, drop / np.maximum(price, 1e-9), 0.0)
    rows = np.arange(len(place))
    source = worth.argmax(axis=1) if len(place) else np.zeros(0, dtype=np.int64)
    best = worth[rows, source]
    order = np.argsort(-best, kind="stable")
    order = order[best[order] > 0]
    chosen = source[order]
    return Doubts(suspects, place[order], chosen, drop[order, chosen], price[chosen], limit[chosen])
