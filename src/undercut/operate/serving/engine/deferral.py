"""A batch's outcome, dealt out to the requests whose texts were in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from undercut.core.dataset import FloatArray
from undercut.operate.serving.engine.pending import PendingRequest, Portion, Rows
from undercut.operate.serving.engine.stage_batch import StageOutcome


def joined_known(portions: Sequence[Portion]) -> dict[str, FloatArray]:
    """What earlier stages know of a batch's texts: model name -> (texts, classes)."""
    return {
        name: np.concatenate([portion.known[name] for portion in portions])
        for name in portions[0].known
    }


def take_answers(
    stage: int, portions: Sequence[Portion], outcome: StageOutcome
) -> list[PendingRequest]:
    """Write the answers into their requests; returns those that are answered whole."""
    whole = []
    for portion, start, stop, first, last in _dealt(portions, outcome):
        request = portion.request
        if first == last or request.settled:
            continue
        rows = portion.rows
        if last - first < len(rows):
            rows = _chosen(rows, outcome.done[start:stop].tolist(), True)
        request.take(rows, stage, outcome.classes[first:last], outcome.probabilities[first:last])
        if not request.left:
            whole.append(request)
    return whole


def deferred_portions(
    portions: Sequence[Portion], outcome: StageOutcome, needed: Sequence[str]
) -> Iterator[Portion]:
    """What goes on to the next stage, with the probabilities that later stages need.

    They are copied: a view would keep the whole batch in memory while one text of it waits.
    """
    for portion, start, stop, first, last in _dealt(portions, outcome):
        if last - first == stop - start or portion.request.settled:
            continue
        done = outcome.done[start:stop]
        deferred = slice(start - first, stop - last)
        known = {
            name: outcome.known[name][deferred].copy()
            if name in outcome.known
            else portion.known[name][~done]
            for name in needed
        }
        rows = _chosen(portion.rows, done.tolist(), False)
        texts = portion.request.texts
        yield Portion(portion.request, rows, known, characters=sum(len(texts[row]) for row in rows))


def _dealt(
    portions: Sequence[Portion], outcome: StageOutcome
) -> Iterator[tuple[Portion, int, int, int, int]]:
    """Each portion with its places in the batch and its places among the answers."""
    answered = np.concatenate(([0], np.cumsum(outcome.done))).tolist()
    start = 0
    for portion in portions:
        stop = start + len(portion.rows)
        yield portion, start, stop, answered[start], answered[stop]
        start = stop


def _chosen(rows: Rows, done: Sequence[bool], wanted: bool) -> list[int]:
    return [row for row, is_done in zip(rows, done, strict=True) if is_done is wanted]
