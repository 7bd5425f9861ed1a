"""Overload, deadlines, cancelling, draining: bounded, prompt, and nobody else is hurt."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from undercut.core.errors import AnswerFailedError, DeadlineExceededError, OverloadedError
from undercut.models.plan import Plan, load_plan
from undercut.operate.serving.engine.plan_engine import PlanEngine
from undercut.operate.serving.engine.settings import EngineSettings
from undercut.operate.serving.engine.thread_lanes import ThreadLanes


class Gate:
    """A model that waits until it is let through, and notes what it was asked."""

    def __init__(self, inner: object) -> None:
        self.inner = inner
        self.open = threading.Event()
        self.asked: list[list[str]] = []

    def predict_proba(self, texts: Sequence[str], *, threads: int = 1) -> np.ndarray:
        self.asked.append(list(texts))
        assert self.open.wait(20)
        if "poison" in texts:
            raise ValueError("cannot read this text")
        return self.inner.predict_proba(texts, threads=threads)  # type: ignore[attr-defined]


def gated(folder: Path, model: str, **settings: object) -> tuple[PlanEngine, Gate]:
    """An engine over threads, one model of which waits at a gate."""
    plan: Plan = load_plan(folder)
    gate = Gate(plan.cascade.models[model])
    plan.cascade.models = {**plan.cascade.models, model: gate}  # type: ignore[dict-item]
    chosen = EngineSettings.model_validate({"workers": 0, "slots": 1, **settings})
    lanes = ThreadLanes(plan, slots=1)
    return PlanEngine(plan.description, plan.digest, lanes, chosen), gate


async def started(engine: PlanEngine, gate: Gate) -> None:
    gate.open.set()
    await engine.start()
    gate.open.clear()
    gate.asked.clear()


async def until(condition: object) -> None:
    for _ in range(2000):
        if condition():  # type: ignore[operator]
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it did not come about")


def hard_texts(folder: Path, texts: Sequence[str], stage: int) -> list[str]:
    """Texts that this stage answers."""
    stages = load_plan(folder).answer(texts, threads=1).stages
    return [text for text, at in zip(texts, stages, strict=True) if at == stage]


@pytest.mark.parametrize("limit", [{"queue_texts": 10}, {"queue_bytes": 1024}])
def test_a_full_queue_refuses_at_once_and_takes_again(
    tiny_plan_folder: Path, limit: dict[str, int]
) -> None:
    texts = ["x" * 100] * 10

    async def main() -> None:
        engine, gate = gated(tiny_plan_folder, "small", **limit)
        await started(engine, gate)
        tasks = [asyncio.create_task(engine.answer([text])) for text in texts]
        await until(lambda: engine.pending_texts == 10)
        refusals = []
        for _ in range(200):
            before = time.perf_counter()
            with pytest.raises(OverloadedError) as refused:
                await engine.answer(["x" * 100])
            refusals.append(time.perf_counter() - before)
            assert refused.value.retry_after_seconds is not None
            assert 0 < refused.value.retry_after_seconds <= 60
        assert sorted(refusals)[190] < 0.01
        state = engine.queue_state()
        assert state.pending_texts == 10
        assert state.overloaded == 200
        gate.open.set()
        assert len(await asyncio.gather(*tasks)) == 10
        assert (await engine.answer(["x" * 100])).answers
        assert engine.queue_state().pending_texts == engine.queue_state().pending_bytes == 0
        await engine.close()

    asyncio.run(main())


def test_bytes_count_wide_characters_fourfold(tiny_plan_folder: Path) -> None:
    async def main() -> None:
        engine, gate = gated(tiny_plan_folder, "small", queue_bytes=1024)
        await started(engine, gate)
        task = asyncio.create_task(engine.answer(["卡" * 200]))
        await until(lambda: engine.queue_state().pending_bytes == 800)
        with pytest.raises(OverloadedError):
            await engine.answer(["卡" * 57])
        gate.open.set()
        await task
        await engine.close()

    asyncio.run(main())


def test_the_first_stage_never_waits_behind_the_last(
    tiny_plan_folder: Path, engine_texts: list[str]
) -> None:
    hard = hard_texts(tiny_plan_folder, engine_texts, 2)
    easy = hard_texts(tiny_plan_folder, engine_texts, 0)

    async def main() -> None:
        engine, gate = gated(tiny_plan_folder, "large")
        await started(engine, gate)
        stuck = asyncio.create_task(engine.answer(hard))
        await until(lambda: gate.asked)
        for text in easy[:20]:
            answered = await asyncio.wait_for(engine.answer([text]), 5)
            assert answered.answers[0].stage == "first"
        assert not stuck.done()
        gate.open.set()
        assert len((await stuck).answers) == len(hard)
        await engine.close()

    asyncio.run(main())


def test_a_small_request_has_its_turn_before_the_end_of_a_large_one(tiny_plan_folder: Path) -> None:
    async def main() -> None:
        engine, gate = gated(tiny_plan_folder, "small", batch_texts=50, turn_texts=25)
        await started(engine, gate)
        large = asyncio.create_task(engine.answer(["where is my card"] * 2000))
        await until(lambda: gate.asked)
        small = asyncio.create_task(engine.answer(["age limit"]))
        await asyncio.sleep(0.01)
        gate.open.set()
        await small
        assert not large.done()
        first = next(i for i, batch in enumerate(gate.asked) if "age limit" in batch)
        assert first <= 1
        await large
        await engine.close()

    asyncio.run(main())


def test_a_deadline_that_waiting_would_break_is_refused_on_arrival(tiny_plan_folder: Path) -> None:
    async def main() -> None:
        engine, gate = gated(tiny_plan_folder, "small")
        await started(engine, gate)
        with pytest.raises(DeadlineExceededError, match="the deadline is in"):
            await engine.answer(["x"], deadline=time.monotonic() - 1)
        assert gate.asked == []
        assert engine.queue_state().too_late == 1
        gate.open.set()
        assert (await engine.answer(["x"], deadline=time.monotonic() + 30)).answers
        await engine.close()

    asyncio.run(main())


def test_a_deadline_is_checked_before_each_stage(
    tiny_plan_folder: Path, engine_texts: list[str]
) -> None:
    hard = hard_texts(tiny_plan_folder, engine_texts, 2)[:4]

    async def main() -> None:
        engine, gate = gated(tiny_plan_folder, "medium")
        await started(engine, gate)
        blocking = asyncio.create_task(engine.answer(hard[:1]))
        await until(lambda: len(gate.asked) == 1)
        late = asyncio.create_task(engine.answer(hard[1:], deadline=time.monotonic() + 0.15))
        await asyncio.sleep(0.25)
        gate.open.set()
        with pytest.raises(DeadlineExceededError, match="passed"):
            await late
        await blocking
        assert gate.asked == [hard[:1]]  # the late texts never reached the second stage
        assert engine.queue_state().pending_texts == 0
        await engine.close()

    asyncio.run(main())


def test_cancelled_requests_leave_the_queues(tiny_plan_folder: Path) -> None:
    async def main() -> None:
        engine, gate = gated(tiny_plan_folder, "small", turn_texts=8, batch_texts=8)
        await started(engine, gate)
        running = asyncio.create_task(engine.answer(["first"]))
        await until(lambda: gate.asked)
        gone = [asyncio.create_task(engine.answer([f"gone {i}"] * 20)) for i in range(300)]
        kept = asyncio.create_task(engine.answer(["kept"]))
        await until(lambda: engine.pending_texts == 6002)
        for task in gone:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        state = engine.queue_state()
        assert state.pending_texts == 2
        assert state.stages[0].queued_texts == 1
        assert state.cancelled == 300
        gate.open.set()
        await asyncio.gather(running, kept)
        assert not any("gone" in text for batch in gate.asked for text in batch)
        await engine.close()

    asyncio.run(main())


def test_a_text_that_breaks_the_model_fails_only_its_own_request(tiny_plan_folder: Path) -> None:
    async def main() -> None:
        engine, gate = gated(tiny_plan_folder, "small")
        await started(engine, gate)
        first = asyncio.create_task(engine.answer(["first"]))
        await until(lambda: gate.asked)
        texts = [["a"], ["b", "poison"], ["c"]]
        tasks = [asyncio.create_task(engine.answer(request)) for request in texts]
        await until(lambda: engine.pending_texts == 5)
        gate.open.set()
        results = await asyncio.gather(first, *tasks, return_exceptions=True)
        assert [isinstance(r, AnswerFailedError) for r in results] == [False, False, True, False]
        assert "cannot read this text" in str(results[2])
        assert engine.queue_state().failed == 1
        await engine.close()

    asyncio.run(main())


def test_close_finishes_what_was_accepted_and_takes_nothing_new(tiny_plan_folder: Path) -> None:
    async def main() -> None:
        engine, gate = gated(tiny_plan_folder, "large")
        await started(engine, gate)
        tasks = [asyncio.create_task(engine.answer(["how old must I be"] * 9)) for _ in range(9)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(engine.close())
        await asyncio.sleep(0.05)
        with pytest.raises(OverloadedError, match="stopping"):
            await engine.answer(["late"])
        gate.open.set()
        await closing
        assert [len(task.result().answers) for task in tasks] == [9] * 9

    asyncio.run(main())


def test_close_gives_up_after_its_limit(tiny_plan_folder: Path) -> None:
    async def main() -> None:
        engine, gate = gated(tiny_plan_folder, "small", drain_seconds=0.1)
        await started(engine, gate)
        task = asyncio.create_task(engine.answer(["stuck"]))
        await until(lambda: gate.asked)
        await asyncio.wait_for(engine.close(), 5)
        with pytest.raises(OverloadedError, match="stopping"):
            await task
        gate.open.set()

    asyncio.run(main())


def test_background_work_waits_for_all_other_work(tiny_plan_folder: Path) -> None:
    async def main() -> None:
        engine, gate = gated(tiny_plan_folder, "small")
        await started(engine, gate)
        running = asyncio.create_task(engine.answer(["running"]))
        await until(lambda: gate.asked)
        copy = asyncio.create_task(engine.answer(["copy"], background=True))
        await asyncio.sleep(0)
        wanted = asyncio.create_task(engine.answer(["wanted"]))
        await until(lambda: engine.pending_texts == 3)
        with pytest.raises(OverloadedError):  # something waits: copies are dropped first
            await engine.answer(["another copy"], background=True)
        gate.open.set()
        await asyncio.gather(running, copy, wanted)
        assert gate.asked == [["running"], ["wanted"], ["copy"]]
        state = engine.queue_state()
        assert (state.answered, state.background_dropped) == (2, 1)
        await engine.close()

    asyncio.run(main())
