"""A crowd's answers that are numbers: every method, agreement, workers, items."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np

from undercut.build.labels.merging.agreement import interval_alpha
from undercut.build.labels.merging.numeric import MergedScores, Scores, merge_scores
from undercut.core.errors import InputError
from undercut.runs.votes.reading import CrowdFile, as_number
from undercut.runs.votes.report import (
    Agreement,
    ItemResult,
    MethodResult,
    VotesReport,
    WorkerResult,
)


def merge_quantities(
    crowd: CrowdFile, methods: Sequence[str], chosen: str, *, truth: Mapping[str, str]
) -> VotesReport:
    """The report. Raises InputError for an answer or a truth that is no finite number."""
    scores = Scores.of(
        [(item, worker, _number(answer, crowd.source)) for item, worker, answer in crowd.rows]
    )
    right = {
        at: _number(truth[name], "truth") for at, name in enumerate(scores.items) if name in truth
    }
    results, kept = list[MethodResult](), None
    for method in methods:
        started = time.perf_counter()
        merged = merge_scores(scores, method)
        results.append(_result(method, merged, right, time.perf_counter() - started))
        kept = merged if method == chosen else kept
    assert kept is not None
    cells = scores.item * max(len(scores.workers), 1) + scores.worker
    return VotesReport(
        source=crowd.source,
        kind="numbers",
        columns=crowd.columns,
        answers=len(scores),
        empty=crowd.empty,
        unreadable=crowd.unreadable,
        repeated=len(scores) - len(np.unique(cells)),
        judged=len(right),
        chosen=chosen,
        agreement=Agreement(interval_alpha(scores.item, scores.value), "interval", None, None),
        methods=tuple(results),
        workers=_workers(scores, kept),
        items=_items(scores, kept),
    )


def _number(answer: str, source: str) -> float:
    value = as_number(answer)
    if value is None:
        raise InputError(f"{answer!r} is no finite number", file=source, hint="--answers classes")
    return value


def _result(
    method: str, merged: MergedScores, right: Mapping[int, float], seconds: float
) -> MethodResult:
    off = np.array([merged.values[at] - value for at, value in right.items()])
    return MethodResult(
        method=method,
        seconds=seconds,
        iterations=merged.iterations,
        converged=True,
        mean_absolute_error=float(np.abs(off).mean()) if len(off) else None,
        rmse=float(np.sqrt((off**2).mean())) if len(off) else None,
    )


def _workers(scores: Scores, merged: MergedScores) -> tuple[WorkerResult, ...]:
    answers = np.bincount(scores.worker, minlength=len(scores.workers))
    return tuple(
        WorkerResult(
            worker=name,
            answers=int(answers[at]),
            error=float(merged.error[at]),
            weight=float(merged.weight[at]),
        )
        for at, name in enumerate(scores.workers)
    )


def _items(scores: Scores, merged: MergedScores) -> tuple[ItemResult, ...]:
    answers = np.bincount(scores.item, minlength=len(scores.items))
    return tuple(
        ItemResult(
            item=name,
            answers=int(answers[at]),
            value=_known(merged.values[at]),
            low=_known(merged.low[at]),
            high=_known(merged.high[at]),
        )
        for at, name in enumerate(scores.items)
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
