"""What the engine foretells: batch sizes, waits, when half of the queue is drained."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from undercut.core.errors import DeadlineExceededError, OverloadedError
from undercut.models.plan import load_plan
from undercut.operate.serving.engine import opening
from undercut.operate.serving.engine.plan_engine import PlanEngine
from undercut.operate.serving.engine.rates import StageRate, reach_shares
from undercut.operate.serving.engine.settings import EngineSettings, default_workers
from undercut.operate.serving.engine.thread_lanes import ThreadLanes

SECONDS_A_TEXT = 0.002


class Paced:
    """Takes its time over each text."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def predict_proba(self, texts: Sequence[str], *, threads: int = 1) -> Any:
        time.sleep(SECONDS_A_TEXT * len(texts))
        return self.inner.predict_proba(texts, threads=threads)


async def paced(folder: Path, model: str, **settings: Any) -> PlanEngine:
    plan = load_plan(folder)
    models = {**plan.cascade.models, model: Paced(plan.cascade.models[model])}
    plan.cascade.models = models
    chosen = EngineSettings(workers=0, slots=1, **settings)
    engine = PlanEngine(plan.description, plan.digest, ThreadLanes(plan, slots=1), chosen)
    await engine.start()
    return engine


def test_a_rate_follows_what_is_seen_and_forgets() -> None:
    rate = StageRate()
    assert rate.seconds(1, 100) == 0.0
    assert rate.characters_within(0.05, 5000, texts=1, characters=84) == 5000
    for _ in range(100):
        rate.saw(texts=10, characters=840, deferred=3, seconds=0.1)
    assert rate.seconds(10, 840) == pytest.approx(0.1)
    assert rate.seconds(100, 8400) == pytest.approx(1.0)
    assert rate.deferred_share == pytest.approx(0.3, abs=0.01)
    assert rate.characters_within(0.05, 5000, texts=10, characters=840) == pytest.approx(420, abs=1)
    assert rate.characters_within(0.05, 100, texts=10, characters=840) == 100
    assert rate.characters_within(0.0, 100, texts=10, characters=840) == 1
    for _ in range(500):
        rate.saw(texts=10, characters=840, deferred=0, seconds=0.2)
    assert rate.seconds(10, 840) == pytest.approx(0.2, rel=0.01)
    assert rate.deferred_share < 0.01
    other = StageRate()
    assert reach_shares([rate, other])[0] == 1.0
    assert reach_shares([rate, other])[1] == rate.deferred_share


@pytest.mark.parametrize(
    ("cores", "workers"), [(1, 1), (2, 1), (4, 3), (8, 7), (64, 56), (256, 64)]
)
def test_default_workers(cores: int, workers: int) -> None:
    assert default_workers(cores) == workers


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 2), (4, 4), (64, 64), (256, 64)])
def test_default_workers_where_an_encoder_reads_every_text(cores: int, workers: int) -> None:
    assert default_workers(cores, encoder_first=True) == workers


def test_workers_are_chosen_by_the_first_stage(
    onnx_plan_folder: Path, encoder_plan_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "available_cores", lambda: 2)
    chosen = EngineSettings()
    assert opening.workers_for(onnx_plan_folder, chosen) == 1
    assert opening.workers_for(encoder_plan_folder, chosen) == 2
    for workers in (0, 5):
        told = EngineSettings(workers=workers)
        assert opening.workers_for(encoder_plan_folder, told) == workers


def test_batches_are_cut_to_the_time_they_may_take(tiny_plan_folder: Path) -> None:
    async def main() -> None:
        engine = await paced(tiny_plan_folder, "small", batch_seconds=0.05)
        await engine.answer(["where is my card"] * 400)
        batches = sum(engine.queue_state().stages[0].batch_texts.counts)
        mean_seconds = 400 * SECONDS_A_TEXT / batches
        assert 0.02 < mean_seconds < 0.075  # 0.8 seconds in one batch without the cut
        await engine.close()

    asyncio.run(main())


def test_a_long_queue_refuses_a_deadline_that_an_empty_one_takes(tiny_plan_folder: Path) -> None:
    async def main() -> None:
        engine = await paced(tiny_plan_folder, "small")
        await engine.answer(["where is my card"] * 20)
        first = asyncio.create_task(engine.answer(["where is my card"] * 500))  # about a second
        await asyncio.sleep(0.05)
        assert 0.3 < engine.queue_state().wait_seconds < 4
        with pytest.raises(DeadlineExceededError, match="would take about"):
            await engine.answer(["where is my card"], deadline=time.monotonic() + 0.2)
        await first
        answered = await engine.answer(["where is my card"], deadline=time.monotonic() + 0.2)
        assert answered.answers
        await engine.close()

    asyncio.run(main())


@pytest.mark.parametrize("slow", ["small", "large"])
def test_retry_after_is_when_half_of_the_queue_is_drained(
    tiny_plan_folder: Path, engine_texts: list[str], slow: str
) -> None:
    """Also where what takes the time is a later stage that the texts have not reached yet."""
    stages = load_plan(tiny_plan_folder).answer(engine_texts, threads=1).stages
    hard = [text for text, stage in zip(engine_texts, stages, strict=True) if stage == 2] * 40

    async def main() -> None:
        engine = await paced(tiny_plan_folder, slow, queue_texts=500)
        for _ in range(3):
            await engine.answer(hard[:60])  # all go to the last stage: the shares are learnt
        full = asyncio.create_task(engine.answer(hard[:500]))
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError) as refused:
            await engine.answer(["one more"])
        expected = 500 * SECONDS_A_TEXT / 2
        assert refused.value.retry_after_seconds == pytest.approx(expected, rel=0.6)
        await full
        await engine.close()

    asyncio.run(main())
