"""Requests on their way: to the current plan, to a canary, and copies to compare the two."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from itertools import count

from undercut.core.errors import (
    AnswerFailedError,
    DeadlineExceededError,
    OverloadedError,
    RequestError,
)
from undercut.operate.serving.answering import Answered
from undercut.operate.serving.deploy.candidate import Candidate
from undercut.operate.serving.deploy.latency_reference import LatencyReference
from undercut.operate.serving.engine.plan_engine import PlanEngine

LOG = logging.getLogger(__name__)
# Copies that may be on their way at a time; more are dropped.
MOST_COPIES = 32


class Traffic:
    """Sends each request to a plan, and tells `judged` whenever something of a candidate is seen.

    current, candidate: may be assigned at any time; a request in flight stays with its plan.
    """

    def __init__(
        self,
        current: PlanEngine,
        *,
        judged: Callable[[Candidate], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.current = current
        self.candidate: Candidate | None = None
        self.reference = LatencyReference()
        self._judged = judged
        self._clock = clock
        self._numbers = count(1)
        self._copies: set[asyncio.Task[None]] = set()

    async def answer(
        self, texts: Sequence[str], *, top_k: int, deadline: float | None, route: str | None
    ) -> Answered:
        """One request, to the canary where it is in its share and to the current plan otherwise."""
        candidate = self.candidate
        if candidate is not None and candidate.takes(route or str(next(self._numbers))):
            answered = await self._try_candidate(candidate, texts, top_k, deadline)
            if answered is not None:
                return answered
        started = self._clock()
        answered = await self.current.answer(texts, top_k=top_k, deadline=deadline)
        self.reference.saw(sum(map(len, texts)), self._clock() - started)
        if candidate is not None and candidate.share is None:
            self._copy(candidate, candidate.engine, texts, answered)
        return answered

    def drop_copies(self) -> None:
        """Forget the copies that are still on their way: their comparison is over."""
        for task in self._copies:
            task.cancel()

    async def finish(self) -> None:
        """Wait until no copy is on its way; raises what went wrong in one, where that was ours."""
        while self._copies:
            for result in await asyncio.gather(*self._copies, return_exceptions=True):
                if isinstance(result, Exception):
                    raise result

    async def _try_candidate(
        self, candidate: Candidate, texts: Sequence[str], top_k: int, deadline: float | None
    ) -> Answered | None:
        """The canary's answer; None where the current plan is to answer instead."""
        comparison, started = candidate.comparison, self._clock()
        try:
            answered = await candidate.engine.answer(texts, top_k=top_k, deadline=deadline)
        except AnswerFailedError as error:
            LOG.warning("the candidate failed on a request: %s", error)
            comparison.failed()
            self._judged(candidate)
            return None
        except DeadlineExceededError:
            comparison.too_late()
            self._judged(candidate)
            return None
        except OverloadedError:
            comparison.dropped()
            return None
        comparison.answered()
        comparison.took(sum(map(len, texts)), self._clock() - started)
        self._judged(candidate)
        self._copy(candidate, self.current, texts, answered)
        return answered

    def _copy(
        self, candidate: Candidate, other: PlanEngine, texts: Sequence[str], answered: Answered
    ) -> None:
        """Let the other plan answer the same texts in the background; nobody waits for it."""
        if candidate is not self.candidate:
            return
        if len(self._copies) >= MOST_COPIES:
            candidate.comparison.dropped()
            return
        work = self._compare(candidate, other, texts, answered)
        task = asyncio.get_running_loop().create_task(work)
        self._copies.add(task)
        task.add_done_callback(self._copies.discard)

    async def _compare(
        self, candidate: Candidate, other: PlanEngine, texts: Sequence[str], answered: Answered
    ) -> None:
        comparison = candidate.comparison
        shadow = other is candidate.engine
        try:
            copy = await other.answer(texts, background=True)
        except AnswerFailedError as error:
            if shadow:
                LOG.warning("the candidate failed on a copy: %s", error)
                comparison.failed()
                self._judged(candidate)
            return
        except RequestError:
            comparison.dropped()
            return
        if shadow:
            comparison.answered()
            comparison.compared(answered, copy)
        else:
            comparison.compared(copy, answered)
        self._judged(candidate)
