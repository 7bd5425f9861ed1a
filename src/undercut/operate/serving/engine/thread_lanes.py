"""Batches run in threads of this process, some for each stage."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from undercut.models.plan import Plan
from undercut.operate.serving.engine.lanes import Finished, LanesState
from undercut.operate.serving.engine.stage_batch import StageBatch, StageOutcome, run_batch
from undercut.operate.serving.engine.warm_up import warm_up

MOST_NICE = 19


class ThreadLanes:
    """Every stage has its own threads, so that a cheap one never waits behind a dear one."""

    def __init__(self, plan: Plan, *, slots: int, nice: int = 0) -> None:
        self._plan = plan
        self._slots = slots
        self._running = [0] * len(plan.stages)
        self._pools = [
            ThreadPoolExecutor(
                slots,
                thread_name_prefix=f"stage-{number}",
                initializer=lower_priority,
                initargs=(nice + number,),
            )
            for number in range(len(plan.stages))
        ]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed: Callable[[], None] = lambda: None

    @property
    def state(self) -> LanesState:
        """No workers: threads answer."""
        return LanesState(workers=0, restarts=0)

    @property
    def broken(self) -> str | None:
        """Threads do not die."""
        return None

    def places(self, stage: int) -> int:
        """Threads of the stage."""
        return self._slots

    def free(self, stage: int) -> int:
        """Threads of the stage that have nothing to do."""
        return self._slots - self._running[stage]

    def idle(self) -> int:
        """Threads share one process: none ever has it to itself, and none needs to."""
        return 0

    async def start(self, changed: Callable[[], None]) -> list[float]:
        """Warm the models up; see `Lanes.start`."""
        self._loop = asyncio.get_running_loop()
        self._changed = changed
        return await asyncio.to_thread(warm_up, self._plan.cascade)

    def run(self, batch: StageBatch, finished: Finished, *, alone: bool = False) -> None:
        """Run a batch on a thread of its stage."""
        self._running[batch.stage] += 1
        loop = self._loop
        assert loop is not None, "start() comes first"

        def land(future: Future[StageOutcome]) -> None:
            error = future.exception()
            result: StageOutcome | Exception
            if error is None:
                result = future.result()
            elif isinstance(error, Exception):
                result = error
            else:
                raise error
            self._running[batch.stage] -= 1
            finished(result)
            self._changed()

        def hand_over(future: Future[StageOutcome]) -> None:
            # The loop is closed where the process ends without waiting for its answers.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(land, future)

        future = self._pools[batch.stage].submit(run_batch, self._plan.cascade, batch)
        future.add_done_callback(hand_over)

    async def close(self) -> None:
        """Let the threads end; what they still run is not waited for."""
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)


def lower_priority(nice: int) -> None:
    """Let this thread alone yield to others; Linux only, elsewhere niceness is the process's."""
    if nice <= 0 or not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(MOST_NICE, nice))
