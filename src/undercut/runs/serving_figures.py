"""The engine's counters as figures of `/metrics`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from undercut.operate.serving.engine.counters import QueueState, StageState
from undercut.operate.serving.http.figures import Figure, FigureSource


def engine_figures(state: Callable[[], QueueState]) -> FigureSource:
    """A source that asks for the engine's state when it is scraped."""

    def figures() -> Iterator[Figure]:
        found = state()
        yield Figure("queue_texts", "Texts accepted and not yet answered.", found.pending_texts)
        yield Figure("queue_texts_limit", "The most of them.", found.queue_texts)
        yield Figure("queue_bytes", "Bytes of those texts.", found.pending_bytes)
        yield Figure(
            "queue_wait_seconds", "What a short request would wait now.", found.wait_seconds
        )
        yield Figure("workers", "Processes that answer.", found.workers)
        yield Figure("worker_restarts", "Workers made anew.", found.restarts, "counter")
        yield Figure("retried_batches", "Batches tried again.", found.retried_batches, "counter")
        yield Figure("engine_failures", "Requests a model failed on.", found.failed, "counter")
        for stage in found.stages:
            yield from _of_stage(stage)

    return figures


def _of_stage(stage: StageState) -> Iterator[Figure]:
    labels = {"stage": stage.name}
    batches = sum(stage.batch_texts.counts)
    yield Figure("stage_queue_texts", "Texts that wait.", stage.queued_texts, labels=labels)
    yield Figure("stage_texts_run", "Texts run.", stage.texts_run, "counter", labels)
    yield Figure("stage_seconds", "Seconds in batches.", stage.seconds, "counter", labels)
    yield Figure("stage_cpu_seconds", "CPU-seconds.", stage.cpu_seconds, "counter", labels)
    yield Figure("stage_batches", "Batches run.", batches, "counter", labels)
    if batches:
        mean = stage.batch_texts.total / batches
        yield Figure("stage_batch_mean_texts", "Mean size of a batch.", mean, labels=labels)
