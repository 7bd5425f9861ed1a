"""Plans swapped, tried and rolled back while requests come in: none fails, each names its plan."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from undercut.core.artefacts import write_manifest
from undercut.core.errors import ArtefactError, ConfigError
from undercut.models.cascade import StageSpec
from undercut.models.plan import PLAN_KIND, load_plan
from undercut.operate.serving.answering import Answered
from undercut.operate.serving.deploy.bounds import DeploymentBounds
from undercut.operate.serving.deploy.deployments import Deployments, Order
from undercut.operate.serving.deploy.events import Action, DeploymentEvent
from undercut.operate.serving.deploy.following import OrderFollower
from undercut.operate.serving.deploy.orders import DeploymentRow
from undercut.operate.serving.engine import opening
from undercut.operate.serving.engine.settings import EngineSettings

THREADS = EngineSettings(workers=0, slots=1)
MakePlan = Callable[..., Path]


@pytest.fixture(scope="module")
def good(make_plan: MakePlan) -> Path:
    return make_plan([StageSpec(name="one", weights={"large": 1.0})], name="good")


@pytest.fixture(scope="module")
def alike(make_plan: MakePlan) -> Path:
    """Another plan that nearly always agrees with the good one."""
    stages = [StageSpec(name="two", weights={"large": 0.9, "medium": 0.1})]
    return make_plan(stages, name="alike")


@pytest.fixture(scope="module")
def bad(make_plan: MakePlan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole plan that answers something else: its classes stand in another order."""
    folder = tmp_path_factory.mktemp("bad") / "plan"
    shutil.copytree(make_plan([StageSpec(name="one", weights={"large": 1.0})]), folder)
    for file in (folder / "plan.json", folder / "models" / "large" / "model.json"):
        text = file.read_text(encoding="utf-8")
        text = text.replace('"activate_my_card"', '"X"').replace('"age_limit"', '"Y"')
        file.write_text(text.replace('"X"', '"age_limit"').replace('"Y"', '"activate_my_card"'))
    write_manifest(folder, kind=PLAN_KIND)
    assert load_plan(folder).answer(["how old must I be"]) is not None
    return folder


class Books:
    """Keeps events as the table does."""

    def __init__(self) -> None:
        self.events: list[DeploymentEvent] = []

    async def record(self, event: DeploymentEvent) -> None:
        await asyncio.sleep(0)
        self.events.append(event)

    def actions(self) -> list[str]:
        return [event.action.value for event in self.events]


class Load:
    """Clients that ask without a pause until told to stop."""

    def __init__(self, served: Deployments, texts: Sequence[str], clients: int = 4) -> None:
        self._served, self._texts = served, texts
        self._stop = False
        self._tasks = [asyncio.create_task(self._ask(number)) for number in range(clients)]
        self.answers: list[Answered] = []
        self.asked: list[str] = []

    async def _ask(self, client: int) -> None:
        number = 0
        while not self._stop:
            number += 1
            text = self._texts[(number * 7 + client) % len(self._texts)]
            route = f"{client} {number}"
            async with asyncio.timeout(30):
                answered = await self._served.answer([text], route=route)
            self.answers.append(answered)
            self.asked.append(text)

    async def until(self, done: Callable[[], Any]) -> None:
        for _ in range(3000):
            if done():
                return
            await asyncio.sleep(0.005)
        raise AssertionError("it did not come about")

    async def stop(self) -> Counter[str]:
        """Raises what any client met; returns answers by plan digest."""
        self._stop = True
        await asyncio.gather(*self._tasks)
        return Counter(answered.plan.digest for answered in self.answers)


async def deployed(folder: Path, **more: Any) -> tuple[Deployments, Books]:
    books = Books()
    served = Deployments(folder, THREADS, record=books.record, **more)
    await served.start()
    return served, books


@pytest.mark.parametrize("swaps", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_hot_swaps_under_load_fail_no_request(
    good: Path, alike: Path, engine_texts: list[str], swaps: int
) -> None:
    folders = (alike, good)
    digests = [load_plan(folder).digest for folder in folders]
    labels = {
        (digest, text): answer.label
        for folder, digest in zip(folders, digests, strict=True)
        for text, answer in zip(engine_texts, load_plan(folder).predict(engine_texts), strict=True)
    }

    async def main() -> None:
        served, books = await deployed(good)
        load = Load(served, engine_texts)
        for number in range(swaps):
            await served.deploy(folders[number % 2])
            assert served.plan.digest == digests[number % 2]
        by_plan = await load.stop()
        assert set(by_plan) == set(digests)
        for text, answered in zip(load.asked, load.answers, strict=True):
            assert answered.answers[0].label == labels[answered.plan.digest, text]
        assert sum(by_plan.values()) > swaps
        await served.close()
        assert books.actions() == ["started", *["deployed"] * swaps]

    asyncio.run(main())


def test_answers_in_flight_name_the_plan_that_gave_them(
    good: Path, bad: Path, engine_texts: list[str]
) -> None:
    plans = {load_plan(folder).digest: load_plan(folder) for folder in (good, bad)}

    async def main() -> list[Answered]:
        served, _ = await deployed(good)
        tasks = []
        for number in range(40):
            tasks.append(asyncio.create_task(served.answer(engine_texts)))
            await asyncio.sleep(0)
            if number % 10 == 9:
                await served.deploy((bad, good)[number // 10 % 2])
        answers = list(await asyncio.gather(*tasks))
        await served.close()
        return answers

    answers = asyncio.run(main())
    assert len({answered.plan.digest for answered in answers}) == 2
    for answered in answers:
        wanted = [p.label for p in plans[answered.plan.digest].predict(engine_texts)]
        assert [answer.label for answer in answered.answers] == wanted


def test_a_canary_answers_its_share_and_is_promoted_by_order(
    good: Path, alike: Path, engine_texts: list[str]
) -> None:
    async def main() -> None:
        served, books = await deployed(good)
        first = served.plan.digest
        await served.canary(alike, 0.25, Order("ann", "try it", 3))
        routes = [f"r{i}" for i in range(1200)]
        answers = [
            await served.answer([engine_texts[i % 200]], route=r) for i, r in enumerate(routes)
        ]
        share = sum(a.plan.digest != first for a in answers) / len(answers)
        assert abs(share - 0.25) < 4 * (0.25 * 0.75 / 1200) ** 0.5
        again = [await served.answer(["card"], route=r) for r in routes[:200]]
        assert [a.plan.digest for a in again] == [a.plan.digest for a in answers[:200]]
        await served._traffic.finish()
        state = served.state()
        assert state.candidate_share == 0.25
        assert state.comparison is not None
        assert state.comparison.error_share == 0.0
        assert state.comparison.compared + state.comparison.dropped == state.comparison.requests
        assert state.comparison.compared >= 20
        await served.promote(Order("ann", "", 4))
        assert served.plan.digest != first
        assert served.candidate is None
        assert books.actions() == ["started", "canary_started", "promoted"]
        event = books.events[1]
        assert (event.canary_share, event.shadow, event.actor, event.note) == (
            0.25,
            False,
            "ann",
            "try it",
        )
        assert books.events[2].detail["requests"] == state.comparison.requests
        await served.rollback()
        assert served.plan.digest == first
        await served.close()

    asyncio.run(main())


@pytest.mark.parametrize("share", [0.3, None])
def test_a_plan_that_answers_otherwise_rolls_back_by_itself(
    good: Path, bad: Path, engine_texts: list[str], share: float | None
) -> None:
    async def main() -> None:
        served, books = await deployed(good)
        first = served.plan.digest
        load = Load(served, engine_texts)
        await (served.shadow(bad) if share is None else served.canary(bad, share))
        await load.until(lambda: "rolled_back" in books.actions())
        by_plan = await load.stop()
        assert served.candidate is None
        assert served.plan.digest == first
        event = books.events[-1]
        assert event.actor == "undercut"
        assert "another label" in str(event.detail["why"])
        assert event.detail["compared"] >= 5
        if share is None:
            assert set(by_plan) == {first}
        await served.close()

    asyncio.run(main())


class Failing:
    def predict_proba(self, texts: Sequence[str], *, threads: int = 1) -> Any:
        raise RuntimeError("this plan is broken")


@pytest.mark.parametrize("share", [0.5, None])
def test_a_plan_that_fails_rolls_back_and_no_caller_notices(
    good: Path, alike: Path, engine_texts: list[str], share: float | None
) -> None:
    async def main() -> None:
        served, books = await deployed(good)
        await (served.shadow(alike) if share is None else served.canary(alike, share))
        candidate = served.candidate
        assert candidate is not None
        models = {"large": Failing(), "medium": Failing()}
        candidate.engine._lanes._plan.cascade.models = models  # type: ignore[attr-defined]
        load = Load(served, engine_texts)
        await load.until(lambda: "rolled_back" in books.actions())
        by_plan = await load.stop()
        assert set(by_plan) == {served.plan.digest}
        assert "requests fail" in str(books.events[-1].detail["why"])
        assert books.events[-1].detail["requests"] <= 40
        await served.close()

    asyncio.run(main())


def test_a_good_canary_is_promoted_by_itself(
    good: Path, alike: Path, engine_texts: list[str]
) -> None:
    async def main() -> None:
        served, books = await deployed(good, bounds=DeploymentBounds(promote_after=60))
        digest = (await served.canary(alike, 0.5, Order("ann", "", 9))).digest
        load = Load(served, engine_texts)
        await load.until(lambda: "promoted" in books.actions())
        await load.stop()
        assert served.plan.digest == digest
        assert books.actions().count("promoted") == 1
        assert (books.events[-1].actor, books.events[-1].detail["order"]) == ("undercut", 9)
        await served.close()

    asyncio.run(main())


class Slow:
    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def predict_proba(self, texts: Sequence[str], *, threads: int = 1) -> Any:
        import time

        time.sleep(0.2)
        return self.inner.predict_proba(texts, threads=threads)


def test_a_slow_shadow_delays_nobody_and_its_copies_are_dropped(
    good: Path, alike: Path, engine_texts: list[str]
) -> None:
    async def main() -> None:
        served, _ = await deployed(good)
        await served.shadow(alike)
        candidate = served.candidate
        assert candidate is not None
        cascade = candidate.engine._lanes._plan.cascade  # type: ignore[attr-defined]
        cascade.models = {name: Slow(model) for name, model in cascade.models.items()}
        for text in engine_texts[:150]:
            await asyncio.wait_for(served.answer([text]), 10)
        state = served.queue_state()
        assert state.latency_seconds.quantile(0.9) <= 0.1  # a copy takes 0.4 s
        comparison = candidate.comparison.state()
        assert comparison.dropped > 100
        assert comparison.error_share in (None, 0.0)
        await served.close()

    asyncio.run(main())


def test_a_slow_canary_rolls_back(good: Path, alike: Path, engine_texts: list[str]) -> None:
    async def main() -> None:
        served, books = await deployed(good)
        load = Load(served, ["where is my card, please"] * 10)
        await load.until(lambda: len(load.answers) > 100)
        await served.canary(alike, 0.2)
        candidate = served.candidate
        assert candidate is not None
        cascade = candidate.engine._lanes._plan.cascade  # type: ignore[attr-defined]
        cascade.models = {name: Slow(model) for name, model in cascade.models.items()}
        await load.until(lambda: "rolled_back" in books.actions())
        await load.stop()
        assert "slow" in str(books.events[-1].detail["why"])
        await served.close()

    asyncio.run(main())


def test_a_plan_that_cannot_be_loaded_changes_nothing(
    good: Path, tmp_path: Path, engine_texts: list[str]
) -> None:
    broken = tmp_path / "plan"
    shutil.copytree(good, broken)
    weights = broken / "models" / "large" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")

    async def main() -> None:
        served, books = await deployed(good)
        load = Load(served, engine_texts)
        digest = served.plan.digest
        for change in (served.deploy(broken), served.canary(broken, 0.1), served.shadow(broken)):
            with pytest.raises(ArtefactError, match="changed"):
                await change
        with pytest.raises(ArtefactError, match=r"holds no plan\.json"):
            await served.deploy(tmp_path / "missing")
        with pytest.raises(ConfigError, match="share"):
            await served.canary(good, 1.5)
        with pytest.raises(ConfigError, match="no candidate"):
            await served.promote()
        with pytest.raises(ConfigError, match="nothing to roll back"):
            await served.rollback()
        assert set(await load.stop()) == {digest}
        assert books.actions() == ["started"]
        await served.close()

    asyncio.run(main())


def test_two_processes_follow_the_same_history(
    good: Path, alike: Path, tmp_path: Path, engine_texts: list[str]
) -> None:
    async def main() -> None:
        one, books = await deployed(good)
        other, _ = await deployed(good)
        followers = [OrderFollower(one, str(good)), OrderFollower(other, str(good))]
        rows: list[DeploymentRow] = []

        async def order(action: str, path: Path | str = "", **more: Any) -> None:
            rows.append(DeploymentRow(len(rows) + 1, action, str(path), actor="ann", **more))
            for follower in followers:
                await follower.follow(rows)
                await follower.follow(rows)

        first = one.plan.digest
        await order("canary", alike, canary_share=0.5)
        second = one.candidate.engine.plan.digest  # type: ignore[union-attr]
        assert other.state().candidate_share == 0.5
        await order("promote")
        assert {one.plan.digest, other.plan.digest} == {second}
        await order("rollback")
        assert {one.plan.digest, other.plan.digest} == {first}
        await order("deploy", tmp_path / "missing")
        assert {one.plan.digest, other.plan.digest} == {first}
        failures = [event for event in books.events if event.action is Action.FAILED]
        assert len(failures) == 1
        assert failures[0].detail["order"] == 4
        assert "holds no plan.json" in str(failures[0].detail["why"])
        await order("deploy", alike, plan_digest=first)  # not the plan that was meant
        assert one.plan.digest == first
        await order("deploy", alike, plan_digest=second)
        assert {one.plan.digest, other.plan.digest} == {second}
        await asyncio.gather(one.close(), other.close())

    asyncio.run(main())


def test_worker_processes_swap_too(good: Path, alike: Path, engine_texts: list[str]) -> None:
    async def main() -> None:
        served = Deployments(good, EngineSettings(workers=1))
        await served.start()
        load = Load(served, engine_texts)
        await served.canary(alike, 0.5)
        await served.promote()
        await served.deploy(good)
        assert len(await load.stop()) == 2
        await served.close()

    asyncio.run(main())


def test_each_plan_gets_the_workers_that_its_first_stage_asks_for(
    good: Path, encoder_plan_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "available_cores", lambda: 2)

    async def main() -> list[int]:
        served = Deployments(good, EngineSettings())
        await served.start()
        seen = [served.queue_state().workers]
        await served.deploy(encoder_plan_folder)
        seen.append(served.queue_state().workers)
        await served.rollback()
        seen.append(served.queue_state().workers)
        # half of two workers answer its share, both do once it has all of the traffic
        await served.canary(encoder_plan_folder, 0.5)
        assert served.candidate is not None
        seen.append(served.candidate.engine.queue_state().workers)
        await served.promote()
        seen.append(served.queue_state().workers)
        await served.close()
        return seen

    assert asyncio.run(main()) == [1, 2, 1, 1, 2]
