"""Which texts go to which stage when: the cascade's queues, met by many requests.

A batch starts as soon as its stage has a free place; while all places are taken, what arrives
gathers, and the next batch takes as much of it as its budget allows. So a lone request never
waits, and load makes batches by itself. Deferred texts queue at their next stage, where those of
many requests go in one batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from undercut.core.errors import AnswerFailedError, DeadlineExceededError, UndercutError
from undercut.models.cascade import CascadeSpec
from undercut.operate.serving.engine.counters import EngineCounters, StageCounters
from undercut.operate.serving.engine.deferral import (
    deferred_portions,
    joined_known,
    take_answers,
)
from undercut.operate.serving.engine.lanes import Lanes, WorkerLostError
from undercut.operate.serving.engine.pending import PendingRequest, Portion
from undercut.operate.serving.engine.rates import StageRate, reach_shares
from undercut.operate.serving.engine.settings import EngineSettings
from undercut.operate.serving.engine.stage_batch import StageBatch, StageOutcome
from undercut.operate.serving.engine.stage_queue import StageQueue

# A batch shared out over free places is not cut below this: its fixed cost would weigh too much.
SMALLEST_SHARE = 16
# Background work is cut so fine that what comes in between hardly waits for it.
BACKGROUND_SHARE = 0.25


class CascadeScheduler:
    """Moves portions of requests through the stages; lives on one event loop."""

    def __init__(
        self,
        spec: CascadeSpec,
        lanes: Lanes,
        settings: EngineSettings,
        clock: Callable[[], float],
        counters: EngineCounters,
    ) -> None:
        self._spec = spec
        self._lanes = lanes
        self._settings = settings
        self._clock = clock
        self._counters = counters
        stages = range(len(spec.stages))
        self.queues = [StageQueue(turn_texts=settings.turn_texts) for _ in stages]
        self.background = [StageQueue(turn_texts=settings.turn_texts) for _ in stages]
        self.rates = [StageRate() for _ in stages]
        self.stages = [StageCounters() for _ in stages]
        self.pending: set[PendingRequest] = set()
        self.pending_texts = 0
        self.pending_bytes = 0
        self.background_texts = 0
        self._pump_is_due = False

    def admit(self, request: PendingRequest, characters: int) -> None:
        """Take a request in; its `answered` is done when it is answered or has failed."""
        self.pending.add(request)
        self.pending_texts += len(request.texts)
        self.pending_bytes += request.bytes
        self.background_texts += len(request.texts) * request.background
        portion = Portion(request, range(len(request.texts)), {}, characters=characters)
        self._queue(request, 0).put(portion)
        self.pump_soon()

    def settle(self, request: PendingRequest, error: UndercutError | None) -> None:
        """End a request: it is answered, or fails with `error`; what of it waits is dropped."""
        if request.settled:
            return
        request.settled = True
        self.pending.discard(request)
        self.pending_texts -= len(request.texts)
        self.pending_bytes -= request.bytes
        self.background_texts -= len(request.texts) * request.background
        for portion in tuple(request.portions):
            if portion.queue is not None:
                portion.queue.drop(portion)
        request.texts = ()  # a batch that still runs keeps its own
        if request.answered.done():
            return
        if error is None:
            request.answered.set_result(None)
        else:
            request.answered.set_exception(error)

    def pump_soon(self) -> None:
        """Start batches once the loop has taken in what has already arrived."""
        if not self._pump_is_due:
            self._pump_is_due = True
            asyncio.get_running_loop().call_soon(self._pump)

    def wait_seconds(self, texts: int, characters: int) -> float:
        """What a request of this size would take from now on, by estimate.

        For each stage what waits and runs there, shared over its places, times the chance that the
        request has a text that gets there.
        """
        total = 0.0
        for stage, reached in enumerate(reach_shares(self.rates)):
            queue, rate = self.queues[stage], self.rates[stage]
            places = max(1, self._lanes.places(stage))
            running = rate.seconds(self.stages[stage].texts_in_flight, 0)
            ahead = (rate.seconds(queue.texts, queue.characters) + running) / places
            own = rate.seconds(max(1, int(texts * reached)), int(characters * reached))
            total += (ahead + own) * min(1.0, texts * reached)
        return total

    def drain_seconds(self) -> float:
        """What is accepted takes so long to answer, by estimate."""
        total = 0.0
        for stage in range(len(self.queues)):
            ahead = self.queues[stage]
            places = max(1, self._lanes.places(stage))
            later = sum(
                self.rates[stage].seconds(queue.texts, queue.characters) * share
                for queue, share in self._upstream(stage)
            )
            total += (self.rates[stage].seconds(ahead.texts, ahead.characters) + later) / places
        return total

    def _upstream(self, stage: int) -> list[tuple[StageQueue, float]]:
        """Queues of earlier stages with the share of their texts that gets to this one."""
        found, share = [], 1.0
        for earlier in reversed(range(stage)):
            share *= self.rates[earlier].deferred_share
            found.append((self.queues[earlier], share))
        return found

    def _queue(self, request: PendingRequest, stage: int) -> StageQueue:
        return (self.background if request.background else self.queues)[stage]

    def _pump(self) -> None:
        self._pump_is_due = False
        if not self._start_suspects():
            return
        for stage, queue in enumerate(self.queues):
            while len(queue) and (free := self._lanes.free(stage)) > 0:
                if not self._start(stage, queue, free, self._settings.batch_seconds):
                    break
        if any(len(queue) for queue in self.queues):
            return
        for stage, queue in enumerate(self.background):
            # One place at a time: what comes in next finds the others free.
            while len(queue) and self._lanes.free(stage) == self._lanes.places(stage) > 0:
                seconds = self._settings.batch_seconds * BACKGROUND_SHARE
                if not self._start(stage, queue, 1, seconds):
                    break

    def _start_suspects(self) -> bool:
        """Give each suspect a worker to itself; False while one waits for that.

        Nothing else starts in the meantime: it would keep the workers busy, and the next one that
        the suspect kills would take other requests with it.
        """
        for queues in (self.queues, self.background):
            for stage, queue in enumerate(queues):
                while queue.suspects:
                    if not self._lanes.idle():
                        return False
                    if portions := queue.take_suspect(self._still_in_time):
                        self._run(stage, portions, alone=True)
        return True

    def _start(self, stage: int, queue: StageQueue, free: int, seconds: float) -> bool:
        fair = max(SMALLEST_SHARE, -(-queue.texts // free))
        within = self.rates[stage].characters_within(
            seconds,
            self._settings.batch_characters,
            texts=queue.texts,
            characters=queue.characters,
        )
        portions = queue.take(min(fair, self._settings.batch_texts), within, self._still_in_time)
        if portions:
            self._run(stage, portions)
        return bool(portions)

    def _run(self, stage: int, portions: Sequence[Portion], *, alone: bool = False) -> None:
        batch = self._batch(stage, portions)
        self.stages[stage].texts_in_flight += len(batch.texts)

        def finished(result: StageOutcome | Exception) -> None:
            self._finished(batch, portions, result)

        self._lanes.run(batch, finished, alone=alone)

    def _batch(self, stage: int, portions: Sequence[Portion]) -> StageBatch:
        if len(portions) == 1:
            only = portions[0]
            return StageBatch(stage, only.request.top, only.texts(), only.known)
        texts = [text for portion in portions for text in portion.texts()]
        top = max(portion.request.top for portion in portions)
        return StageBatch(stage, top, texts, joined_known(portions))

    def _still_in_time(self, request: PendingRequest) -> bool:
        if request.deadline is not None and self._clock() >= request.deadline:
            self.settle(request, DeadlineExceededError("the deadline passed while texts waited"))
            return False
        return not request.settled

    def _finished(
        self, batch: StageBatch, portions: Sequence[Portion], result: StageOutcome | Exception
    ) -> None:
        self.stages[batch.stage].texts_in_flight -= len(batch.texts)
        if isinstance(result, WorkerLostError):
            self._again(batch.stage, portions)
        elif isinstance(result, Exception):
            self._failed(batch.stage, portions, result)
        else:
            self._count(batch, portions, result)
            for request in take_answers(batch.stage, portions, result):
                self.settle(request, None)
            self._defer(batch.stage, portions, result)
        self.pump_soon()

    def _defer(self, stage: int, portions: Sequence[Portion], outcome: StageOutcome) -> None:
        for later in deferred_portions(portions, outcome, self._spec.kept_models(stage)):
            self._queue(later.request, stage + 1).put(later)

    def _again(self, stage: int, portions: Sequence[Portion]) -> None:
        self._counters.retried_batches += 1
        for portion in portions:
            portion.attempts += 1
            if portion.request.settled:
                continue
            if portion.attempts >= self._settings.most_attempts:
                why = f"{portion.attempts} workers died while they answered these texts"
                self.settle(portion.request, AnswerFailedError(why))
            else:
                self._queue(portion.request, stage).put_suspect(portion)

    def _failed(self, stage: int, portions: Sequence[Portion], error: Exception) -> None:
        if len(portions) == 1:
            why = f"the plan failed on this request: {type(error).__name__}: {error}"
            self.settle(portions[0].request, AnswerFailedError(why))
            return
        # Each alone: the text that the models stumble over fails no other request.
        for portion in portions:
            if not portion.request.settled:
                self._queue(portion.request, stage).put_alone(portion)

    def _count(self, batch: StageBatch, portions: Sequence[Portion], outcome: StageOutcome) -> None:
        texts, answered = len(batch.texts), len(outcome.classes)
        self.rates[batch.stage].saw(
            texts=texts,
            characters=sum(portion.characters for portion in portions),
            deferred=texts - answered,
            seconds=outcome.seconds,
        )
        counters = self.stages[batch.stage]
        counters.texts_run += texts
        counters.texts_answered += answered
        counters.seconds += outcome.seconds
        counters.cpu_seconds += outcome.cpu_seconds
        counters.batch_texts.add(texts)
