"""The picture of an engine that metrics read."""

from __future__ import annotations

from undercut.operate.serving.answering import PlanFacts
from undercut.operate.serving.engine.counters import EngineCounters, QueueState, StageState
from undercut.operate.serving.engine.lanes import LanesState
from undercut.operate.serving.engine.scheduler import CascadeScheduler
from undercut.operate.serving.engine.settings import EngineSettings

SHORT_REQUEST_CHARACTERS = 60


def picture(
    plan: PlanFacts,
    scheduler: CascadeScheduler,
    lanes: LanesState,
    counters: EngineCounters,
    settings: EngineSettings,
) -> QueueState:
    """Everything that is counted, frozen."""
    return QueueState(
        plan_digest=plan.digest,
        stages=tuple(_stage(name, scheduler, at) for at, name in enumerate(plan.stages)),
        pending_texts=scheduler.pending_texts,
        pending_bytes=scheduler.pending_bytes,
        queue_texts=settings.queue_texts,
        queue_bytes=settings.queue_bytes,
        wait_seconds=scheduler.wait_seconds(1, SHORT_REQUEST_CHARACTERS),
        workers=lanes.workers,
        restarts=lanes.restarts,
        answered=counters.answered,
        overloaded=counters.overloaded,
        too_late=counters.too_late,
        cancelled=counters.cancelled,
        failed=counters.failed,
        retried_batches=counters.retried_batches,
        background_dropped=counters.background_dropped,
        latency_seconds=counters.latency_seconds.frozen(),
    )


def _stage(name: str, scheduler: CascadeScheduler, at: int) -> StageState:
    counters = scheduler.stages[at]
    return StageState(
        name=name,
        queued_texts=scheduler.queues[at].texts,
        queued_characters=scheduler.queues[at].characters,
        background_texts=scheduler.background[at].texts,
        texts_in_flight=counters.texts_in_flight,
        texts_run=counters.texts_run,
        texts_answered=counters.texts_answered,
        seconds=counters.seconds,
        cpu_seconds=counters.cpu_seconds,
        batch_texts=counters.batch_texts.frozen(),
    )
