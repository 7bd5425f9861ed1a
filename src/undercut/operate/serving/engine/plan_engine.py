"""One plan at work: admission, the cascade's queues, answers put together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from undercut.core.errors import (
    AnswerFailedError,
    DeadlineExceededError,
    InputError,
    OverloadedError,
    RequestError,
)
from undercut.core.money import Money
from undercut.models.plan import PlanDescription
from undercut.models.token_count import count_tokens
from undercut.operate.serving.answering import Answered, PlanFacts
from undercut.operate.serving.engine import opening, warm_up
from undercut.operate.serving.engine.assembly import assemble
from undercut.operate.serving.engine.counters import EngineCounters, QueueState
from undercut.operate.serving.engine.lanes import Lanes
from undercut.operate.serving.engine.pending import PendingRequest
from undercut.operate.serving.engine.prices import StagePrices
from undercut.operate.serving.engine.scheduler import CascadeScheduler
from undercut.operate.serving.engine.settings import EngineSettings
from undercut.operate.serving.engine.state import picture

SHORTEST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 60.0
# Background texts are taken in while no more than this wait: memory for them stays small.
MOST_BACKGROUND_TEXTS = 1024


class PlanEngine:
    """Answers texts of many requests with one plan; made by `PlanEngine.open`.

    All methods belong to one event loop; models run in threads or worker processes.
    """

    def __init__(
        self,
        description: PlanDescription,
        digest: str,
        lanes: Lanes,
        settings: EngineSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        stages = tuple(stage.name for stage in description.cascade.stages)
        self._facts = PlanFacts(digest, description.name, description.classes, stages)
        self._prices = StagePrices(description.cost, stages)
        self._lanes = lanes
        self._settings = settings
        self._clock = clock
        self.counters = EngineCounters()
        self._scheduler = CascadeScheduler(
            description.cascade, lanes, settings, clock, self.counters
        )
        self._closing = False

    @classmethod
    async def open(cls, folder: str | Path, settings: EngineSettings | None = None) -> PlanEngine:
        """Check a plan folder's hashes off the event loop and make an engine of it; not started.

        Raises ArtefactError where the folder is not a whole plan.
        """
        settings = settings or EngineSettings()
        opened = await asyncio.to_thread(opening.open_plan, Path(folder), settings)
        return cls(opened.description, opened.digest, opened.lanes, settings)

    @property
    def plan(self) -> PlanFacts:
        """The plan that answers."""
        return self._facts

    @property
    def pending_texts(self) -> int:
        """Texts accepted and not yet answered."""
        return self._scheduler.pending_texts

    def most_cost(self, inputs: int) -> Money | None:
        """The most that this many texts can cost: every stage runs. None where unknown."""
        return self._prices.most(inputs)

    async def start(self) -> None:
        """Load and warm up; returns when ready to answer."""
        seconds = await self._lanes.start(self._lanes_changed)
        for rate, taken in zip(self._scheduler.rates, seconds, strict=True):
            texts = len(warm_up.TEXTS)
            # Weighed lightly, so that the first real batch counts for more.
            rate.saw(texts=texts, characters=warm_up.CHARACTERS, deferred=0, seconds=taken)

    async def answer(
        self,
        texts: Sequence[str],
        *,
        top_k: int = 1,
        deadline: float | None = None,
        route: str | None = None,
        background: bool = False,
    ) -> Answered:
        """Answer texts together with those of other requests.

        deadline: on the clock of `time.monotonic`. route: of no account, one plan answers all.
        background: only while nothing else waits, and refused as soon as anything does.
        Raises InputError where texts are not strings or more than the queue ever holds,
        OverloadedError at once where the queue is full, DeadlineExceededError where the answer
        would come too late, AnswerFailedError where the plan fails on the texts.
        """
        try:
            request = self._admit(texts, top_k, deadline, background)
        except RequestError as error:
            self._count_refusal(error, background)
            raise
        try:
            await request.answered
        except asyncio.CancelledError:
            self._scheduler.settle(request, None)
            self.counters.cancelled += not background
            raise
        except RequestError as error:
            self._count_refusal(error, background)
            raise
        if not background:
            self.counters.answered += 1
            self.counters.latency_seconds.add(self._clock() - request.admitted_at)
        return assemble(self._facts, self._prices, request, count_tokens(texts))

    async def close(self) -> None:
        """Finish what was accepted, within `drain_seconds`, then stop; what is left then fails."""
        self._closing = True
        limit = self._clock() + self._settings.drain_seconds
        while (waiting := [r.answered for r in self._scheduler.pending]) and (
            left := limit - self._clock()
        ) > 0:
            await asyncio.wait(waiting, timeout=left)
        for request in tuple(self._scheduler.pending):
            self._scheduler.settle(request, self._stopping())
        await self._lanes.close()

    def backlog_seconds(self) -> float:
        """How long what is accepted will take to answer, by estimate."""
        return self._scheduler.drain_seconds()

    def queue_state(self) -> QueueState:
        """Depths, batch sizes, stage shares and latency as they are now; cheap."""
        return picture(
            self._facts, self._scheduler, self._lanes.state, self.counters, self._settings
        )

    def _admit(
        self, texts: Sequence[str], top_k: int, deadline: float | None, background: bool
    ) -> PendingRequest:
        sizes = checked_sizes(texts, top_k)
        characters, size = sum(sizes), _bytes(texts, sizes)
        self._refuse_where_full(len(texts), size, background)
        now = self._clock()
        if deadline is not None:
            wait = self._scheduler.wait_seconds(len(texts), characters)
            if now + wait > deadline:
                raise DeadlineExceededError(
                    f"the answer would take about {wait:.3f} s, the deadline is in "
                    f"{deadline - now:.3f} s",
                    retry_after_seconds=self._retry_seconds(),
                )
        request = PendingRequest(
            texts,
            top=min(top_k, len(self._facts.classes)),
            size=size,
            deadline=deadline,
            background=background,
            admitted_at=now,
            answered=asyncio.get_running_loop().create_future(),
        )
        if texts:
            self._scheduler.admit(request, characters)
        else:
            request.answered.set_result(None)
        return request

    def _refuse_where_full(self, texts: int, size: int, background: bool) -> None:
        if self._closing:
            raise self._stopping()
        if (why := self._lanes.broken) is not None:
            raise OverloadedError(f"nothing can be answered now: {why}", retry_after_seconds=5.0)
        limits, held = self._settings, self._scheduler
        if texts > limits.queue_texts or size > limits.queue_bytes:
            raise InputError(
                f"a request of {texts} texts and {size} bytes is more than this server ever "
                f"holds: {limits.queue_texts} texts, {limits.queue_bytes} bytes",
                hint="send it in parts",
            )
        full = (
            held.pending_texts + texts > limits.queue_texts
            or held.pending_bytes + size > limits.queue_bytes
        )
        if background:
            waits = any(len(queue) for queue in held.queues)
            full = full or waits or held.background_texts + texts > MOST_BACKGROUND_TEXTS
        if full:
            raise OverloadedError(
                f"the queue is full: {held.pending_texts} texts wait for answers",
                retry_after_seconds=self._retry_seconds(),
            )

    def _retry_seconds(self) -> float:
        """Half of the queue is drained by then, by estimate."""
        half = self._scheduler.drain_seconds() / 2
        return min(LONGEST_RETRY_SECONDS, max(SHORTEST_RETRY_SECONDS, half))

    def _count_refusal(self, error: RequestError, background: bool) -> None:
        counters = self.counters
        if background:
            counters.background_dropped += 1
        elif isinstance(error, OverloadedError):
            counters.overloaded += 1
        elif isinstance(error, DeadlineExceededError):
            counters.too_late += 1
        elif isinstance(error, AnswerFailedError):
            counters.failed += 1

    def _lanes_changed(self) -> None:
        why = self._lanes.broken
        if why is not None:
            for request in tuple(self._scheduler.pending):
                error = OverloadedError(
                    f"nothing can be answered now: {why}", retry_after_seconds=5.0
                )
                self._scheduler.settle(request, error)
        self._scheduler.pump_soon()

    @staticmethod
    def _stopping() -> OverloadedError:
        return OverloadedError("this server is stopping", retry_after_seconds=1.0)


def checked_sizes(texts: Sequence[str], top_k: int) -> list[int]:
    """Characters of each text. Raises InputError for one string, other things, or top_k < 1."""
    if isinstance(texts, str):
        raise InputError("answer takes a list of texts, got one string", hint="answer([text])")
    if top_k < 1:
        raise InputError(f"top_k must be at least 1, got {top_k}")
    for position, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"text {position} is a {type(text).__name__}, expected a string")
    return list(map(len, texts))


def _bytes(texts: Sequence[str], sizes: Sequence[int]) -> int:
    wide = (size if text.isascii() else 4 * size for text, size in zip(texts, sizes, strict=True))
    return sum(wide)
