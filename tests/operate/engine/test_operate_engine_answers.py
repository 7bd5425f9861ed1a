"""The engine gives what `Plan.answer` gives, whatever arrives when, in threads and in workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.models.cascade import Answers
from undercut.models.plan import Plan, load_plan
from undercut.models.token_count import count_tokens
from undercut.operate.serving.answering import Answered
from undercut.operate.serving.engine.plan_engine import PlanEngine
from undercut.operate.serving.engine.settings import EngineSettings

TOLERANCE = 2e-5


@asynccontextmanager
async def running(folder: Path, **settings: object) -> AsyncIterator[PlanEngine]:
    engine = await PlanEngine.open(folder, EngineSettings.model_validate(settings))
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()


def assert_equal(plan: Plan, answered: Answered, expected: Answers) -> None:
    """Labels, confidence and stages of `Plan.answer`; near a threshold either stage may answer."""
    labels = [plan.classes[label] for label in expected.labels]
    stages = [plan.stages[stage] for stage in expected.stages]
    assert [answer.label for answer in answered.answers] == labels
    assert [answer.stage for answer in answered.answers] == stages
    confidence = np.array([answer.confidence for answer in answered.answers])
    np.testing.assert_allclose(confidence, expected.confidence, atol=TOLERANCE)


async def arrive(
    engine: PlanEngine, requests: Sequence[Sequence[str]], pauses: Sequence[float]
) -> list[Answered]:
    """Requests come in one after another with pauses between them."""
    tasks = []
    for texts, pause in zip(requests, pauses, strict=True):
        tasks.append(asyncio.create_task(engine.answer(texts)))
        if pause:
            await asyncio.sleep(pause)
    return list(await asyncio.gather(*tasks))


@pytest.fixture(scope="module")
def plan(tiny_plan_folder: Path) -> Plan:
    return load_plan(tiny_plan_folder)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("fixture", ["tiny_plan_folder", "onnx_plan_folder"])
def test_equals_the_plan_for_random_arrivals(
    workers: int, fixture: str, engine_texts: list[str], request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(fixture)
    plan = load_plan(folder)
    random = np.random.default_rng(7)
    expected = plan.answer(engine_texts, threads=1)
    assert len(set(expected.stages.tolist())) == len(plan.stages)  # every stage has work
    picks = [random.integers(0, len(engine_texts), size=n) for n in [1] * 80 + [3, 40, 200, 700]]
    random.shuffle(picks)  # type: ignore[arg-type]
    pauses = random.choice([0, 0, 0, 0.001], size=len(picks))

    async def main() -> list[Answered]:
        async with running(folder, workers=workers, batch_texts=64, turn_texts=16) as engine:
            requests = [[engine_texts[i] for i in pick] for pick in picks]
            return await arrive(engine, requests, pauses.tolist())

    for pick, answered in zip(picks, asyncio.run(main()), strict=True):
        part = Answers(expected.labels[pick], expected.confidence[pick], expected.stages[pick])
        assert_equal(plan, answered, part)


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 30), min_size=1, max_size=12),
    budget=st.sampled_from([1, 3, 16, 1024]),
    characters=st.sampled_from([1, 200, 10_000]),
    turn=st.sampled_from([1, 4, 64]),
)
def test_any_budget_gives_the_same(
    tiny_plan_folder: Path,
    plan: Plan,
    engine_texts: list[str],
    sizes: list[int],
    budget: int,
    characters: int,
    turn: int,
) -> None:
    starts = np.cumsum([0, *sizes])
    requests = [engine_texts[a:b] for a, b in pairwise(starts)]

    async def main() -> list[Answered]:
        async with running(
            tiny_plan_folder,
            workers=0,
            batch_texts=budget,
            batch_characters=characters,
            turn_texts=turn,
        ) as engine:
            return list(await asyncio.gather(*(engine.answer(texts) for texts in requests)))

    for texts, answered in zip(requests, asyncio.run(main()), strict=True):
        assert_equal(plan, answered, plan.answer(texts, threads=1))


def test_deferred_texts_of_many_requests_meet_in_one_batch(
    tiny_plan_folder: Path, plan: Plan, engine_texts: list[str]
) -> None:
    expected = plan.answer(engine_texts, threads=1)
    hard = [engine_texts[i] for i in np.flatnonzero(expected.stages == 2)][:24]

    async def main() -> PlanEngine:
        async with running(tiny_plan_folder, workers=0) as engine:
            await asyncio.gather(*(engine.answer([text]) for text in hard))
            return engine

    state = asyncio.run(main()).queue_state()
    assert state.answered == len(hard) > 10
    assert [stage.texts_run for stage in state.stages] == [len(hard)] * 3
    batches = [sum(stage.batch_texts.counts) for stage in state.stages]
    assert batches[2] <= 4, "one batch for each request would be 24"
    assert [stage.texts_answered for stage in state.stages] == [0, 0, len(hard)]


def test_top_k_cost_tokens_and_stage_counts(
    tiny_plan_folder: Path, plan: Plan, engine_texts: list[str]
) -> None:
    async def main() -> tuple[Answered, Answered, Money | None]:
        async with running(tiny_plan_folder, workers=0) as engine:
            both = await asyncio.gather(
                engine.answer(engine_texts, top_k=3), engine.answer(engine_texts[:5], top_k=99)
            )
            return both[0], both[1], engine.most_cost(1000)

    many, few, most = asyncio.run(main())
    price = {
        "first": Decimal("0.0000005"), "second": Decimal("0.000002"), "third": Decimal("0.000008"),
    }  # fmt: skip
    for answer in many.answers:
        assert len(answer.top) == 3
        assert answer.top[0] == (answer.label, answer.confidence)
        values = [value for _, value in answer.top]
        assert values == sorted(values, reverse=True)
        assert answer.cost == Money(price[answer.stage], "USD")
    costs = [answer.cost.amount for answer in many.answers if answer.cost is not None]
    assert many.cost == Money(sum(costs, Decimal(0)), "USD")
    assert most == Money(Decimal("0.008"), "USD")
    assert sum(many.stages.values()) == len(engine_texts)
    assert many.tokens == count_tokens(engine_texts)
    assert many.plan.digest == plan.digest
    for answer in few.answers:
        assert sorted(name for name, _ in answer.top) == sorted(plan.classes)
        assert sum(value for _, value in answer.top) == pytest.approx(1, abs=1e-5)


def test_unknown_cost_is_none(onnx_plan_folder: Path) -> None:
    async def main() -> None:
        async with running(onnx_plan_folder, workers=0) as engine:
            answered = await engine.answer(["lost card"])
            assert answered.cost is None
            assert answered.answers[0].cost is None
            assert engine.most_cost(5) is None

    asyncio.run(main())


def test_no_texts_and_wrong_texts(tiny_plan_folder: Path) -> None:
    async def main() -> None:
        async with running(tiny_plan_folder, workers=0, queue_texts=10) as engine:
            empty = await engine.answer([])
            assert empty.answers == ()
            assert empty.cost == Money.zero("USD")
            with pytest.raises(InputError, match="one string"):
                await engine.answer("text")
            with pytest.raises(InputError, match="text 1 is a int"):
                await engine.answer(["a", 5])  # type: ignore[list-item]
            with pytest.raises(InputError, match="top_k"):
                await engine.answer(["a"], top_k=0)
            with pytest.raises(InputError, match="in parts"):
                await engine.answer(["a"] * 11)

    asyncio.run(main())
