"""A crowd's answers that are classes: every method, agreement, workers, items."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np

from undercut.build.labels.audit.binomial import exact_interval
from undercut.build.labels.merging.agreement import fleiss_kappa, krippendorff_alpha
from undercut.build.labels.merging.copying import find_copies
from undercut.build.labels.merging.merge import merge
from undercut.build.labels.votes import Merged, Votes
from undercut.runs.votes.reading import CrowdFile
from undercut.runs.votes.report import (
    Agreement,
    ItemResult,
    MethodResult,
    VotesReport,
    WorkerResult,
)

TIE = 1e-9
LEAST_ALWAYS = 10


def merge_classes(
    crowd: CrowdFile,
    methods: Sequence[str],
    chosen: str,
    *,
    truth: Mapping[str, str],
    gold: Mapping[str, str],
    discount_copies: bool,
) -> VotesReport:
    """The report; among equally probable classes the one that the file shows first is named."""
    seen = dict.fromkeys(row[2] for row in crowd.rows)
    classes = tuple(seen | dict.fromkeys(gold.values()))
    votes = Votes.of(crowd.rows, classes=classes)
    judged = {
        at: truth[name] for at, name in enumerate(votes.items) if name in truth and name not in gold
    }
    results, kept = list[MethodResult](), None
    for method in methods:
        started = time.perf_counter()
        merged = merge(votes, method, gold=gold, discount_copies=discount_copies)
        results.append(_result(method, merged, votes, judged, time.perf_counter() - started))
        kept = merged if method == chosen else kept
    assert kept is not None
    copies = find_copies(votes).groups(votes) if discount_copies else ()
    cells = votes.item * max(len(votes.workers), 1) + votes.worker
    return VotesReport(
        source=crowd.source,
        kind="classes",
        columns=crowd.columns,
        answers=len(votes),
        empty=crowd.empty,
        unreadable=crowd.unreadable,
        repeated=len(votes) - len(np.unique(cells)),
        judged=len(judged),
        chosen=chosen,
        agreement=agreement_of(votes),
        methods=tuple(results),
        workers=_workers(votes, kept, judged),
        items=_items(votes, kept),
        classes=votes.classes,
        copies=copies,
    )


def agreement_of(votes: Votes) -> Agreement:
    """How far the workers agree on classes."""
    counts = np.bincount(votes.item, minlength=len(votes.items))
    even = len(set(counts.tolist())) == 1 and int(counts[0]) >= 2
    table = np.zeros((len(votes.items), len(votes.classes)))
    np.add.at(table, (votes.item, votes.label), 1)
    pairs = (counts * (counts - 1)).sum()
    same = (table * (table - 1)).sum()
    return Agreement(
        krippendorff_alpha=krippendorff_alpha(votes),
        scale="nominal",
        fleiss_kappa=fleiss_kappa(votes) if even else None,
        agreeing_pairs=float(same / pairs) if pairs else None,
    )


def _result(
    method: str, merged: Merged, votes: Votes, judged: Mapping[int, str], seconds: float
) -> MethodResult:
    accuracy, interval = None, None
    if judged:
        labels = merged.labels
        right = sum(votes.classes[labels[at]] == name for at, name in judged.items())
        accuracy = right / len(judged)
        interval = exact_interval(right, len(judged), confidence=0.95)
    return MethodResult(
        method=method,
        seconds=seconds,
        iterations=merged.iterations,
        converged=merged.converged,
        ties=int(_ties(merged).sum()),
        accuracy=accuracy,
        interval=interval,
    )


def _ties(merged: Merged) -> np.ndarray:
    if merged.probabilities.shape[1] < 2:
        return np.zeros(len(merged.probabilities), dtype=bool)
    best = np.partition(merged.probabilities, -2, axis=1)[:, -2:]
    return np.asarray(best[:, 1] - best[:, 0] <= TIE)


def _workers(votes: Votes, merged: Merged, judged: Mapping[int, str]) -> tuple[WorkerResult, ...]:
    answers = np.bincount(votes.worker, minlength=len(votes.workers))
    class_of = {name: at for at, name in enumerate(votes.classes)}
    right = np.full(len(votes.items), -2)
    for at, name in judged.items():
        right[at] = class_of.get(name, -1)
    asked = right[votes.item] != -2
    tested = np.bincount(votes.worker, asked, minlength=len(answers))
    passed = np.bincount(
        votes.worker, asked & (right[votes.item] == votes.label), minlength=len(answers)
    )
    said = np.zeros((len(answers), len(votes.classes)), dtype=np.int64)
    np.add.at(said, (votes.worker, votes.label), 1)
    results = []
    for at, name in enumerate(votes.workers):
        always = answers[at] >= LEAST_ALWAYS and np.count_nonzero(said[at]) == 1
        results.append(
            WorkerResult(
                worker=name,
                answers=int(answers[at]),
                skill=float(merged.skill[at]),
                confusion=None
                if merged.confusion is None
                else tuple(tuple(float(v) for v in row) for row in merged.confusion[at]),
                truth_accuracy=float(passed[at] / tested[at]) if tested[at] else None,
                always=votes.classes[int(said[at].argmax())] if always else None,
            )
        )
    return tuple(results)


def _items(votes: Votes, merged: Merged) -> tuple[ItemResult, ...]:
    answers = np.bincount(votes.item, minlength=len(votes.items))
    labels, ties = merged.labels, _ties(merged)
    return tuple(
        ItemResult(
            item=name,
            answers=int(answers[at]),
            label=votes.classes[labels[at]],
            probability=float(merged.probabilities[at, labels[at]]),
            probabilities=tuple(float(p) for p in merged.probabilities[at]),
            tie=bool(ties[at]),
        )
        for at, name in enumerate(votes.items)
    )
