"""Worker processes: killed, poisoned, stuck, orphaned; no request is lost or hung."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import undercut
from undercut.core.artefacts import write_manifest
from undercut.core.errors import AnswerFailedError, ArtefactError, OverloadedError
from undercut.models.plan import PLAN_KIND, load_plan
from undercut.operate.serving.engine import frames, worker_lanes, worker_process
from undercut.operate.serving.engine.plan_engine import PlanEngine
from undercut.operate.serving.engine.settings import EngineSettings
from undercut.operate.serving.engine.worker_lanes import WorkerLanes


async def opened(folder: Path, **settings: object) -> tuple[PlanEngine, WorkerLanes]:
    engine = await PlanEngine.open(folder, EngineSettings.model_validate(settings))
    await engine.start()
    lanes = engine._lanes
    assert isinstance(lanes, WorkerLanes)
    return engine, lanes


def test_workers_killed_at_random_lose_no_request(
    tiny_plan_folder: Path, engine_texts: list[str]
) -> None:
    plan = load_plan(tiny_plan_folder)
    expected = [plan.classes[label] for label in plan.answer(engine_texts, threads=1).labels]
    chance = random.Random(3)
    kills = 6

    async def main() -> None:
        engine, lanes = await opened(tiny_plan_folder, workers=2, most_attempts=kills + 2)
        stop = asyncio.Event()
        answered = 0

        async def ask() -> None:
            nonlocal answered
            while not stop.is_set():
                start = chance.randrange(len(engine_texts) - 20)
                result = await engine.answer(engine_texts[start : start + 20])
                assert [a.label for a in result.answers] == expected[start : start + 20]
                answered += 1

        clients = [asyncio.create_task(ask()) for _ in range(8)]
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.02, 0.2))
            while not lanes.pids:
                await asyncio.sleep(0.01)
            os.kill(chance.choice(lanes.pids), signal.SIGKILL)
        stop.set()
        await asyncio.gather(*clients)
        assert answered > 8
        for _ in range(1000):
            if len(lanes.pids) == 2:
                break
            await asyncio.sleep(0.01)
        state = engine.queue_state()
        assert (state.workers, state.restarts, state.pending_texts) == (2, kills, 0)
        await engine.close()

    asyncio.run(main())


def test_both_workers_killed_at_once_answer_after_the_restart(tiny_plan_folder: Path) -> None:
    async def main() -> None:
        engine, lanes = await opened(tiny_plan_folder, workers=2)
        tasks = [asyncio.create_task(engine.answer(["where is my card"] * 500)) for _ in range(8)]
        await asyncio.sleep(0.002)
        for pid in lanes.pids:
            os.kill(pid, signal.SIGKILL)
        results = await asyncio.wait_for(asyncio.gather(*tasks), 30)
        assert [len(result.answers) for result in results] == [500] * 8
        assert engine.queue_state().retried_batches > 0
        await engine.close()

    asyncio.run(main())


def test_workers_answer_on_uvloop_too(tiny_plan_folder: Path) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def main() -> None:
        engine, lanes = await opened(tiny_plan_folder, workers=1)
        assert len((await engine.answer(["where is my card"] * 300)).answers) == 300
        os.kill(lanes.pids[0], signal.SIGKILL)
        assert (await asyncio.wait_for(engine.answer(["where is my card"]), 20)).answers
        await engine.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def test_a_stopped_worker_is_killed_and_its_batch_answered_elsewhere(
    tiny_plan_folder: Path,
) -> None:
    async def main() -> None:
        engine, lanes = await opened(tiny_plan_folder, workers=2, stuck_seconds=0.3)
        os.kill(lanes.pids[0], signal.SIGSTOP)
        results = await asyncio.wait_for(
            asyncio.gather(*(engine.answer(["age limit"]) for _ in range(20))), 30
        )
        assert len(results) == 20
        assert engine.queue_state().restarts == 1
        await engine.close()

    asyncio.run(main())


def test_requests_that_outlive_every_worker_fail_and_others_do_not(
    tiny_plan_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every batch of one request kills its worker, as a crash in native code would."""
    real = frames.write_batch

    def poisoned(number: int, batch: object) -> bytes:
        frame = real(number, batch)  # type: ignore[arg-type]
        if "poison" in batch.texts:  # type: ignore[attr-defined]
            return frame[:4] + b"\xff" * (len(frame) - 4)  # the worker cannot read it and dies
        return frame

    monkeypatch.setattr(frames, "write_batch", poisoned)

    async def main() -> None:
        engine, _ = await opened(tiny_plan_folder, workers=2, most_attempts=3)
        requests = [["card"], ["poison"], ["pin"], ["age"]]
        results = await asyncio.wait_for(
            asyncio.gather(*(engine.answer(r) for r in requests), return_exceptions=True), 60
        )
        failed = [isinstance(result, AnswerFailedError) for result in results]
        assert failed == [False, True, False, False]
        assert "3 workers died" in str(results[1])
        await engine.close()

    asyncio.run(main())


def test_a_plan_changed_on_disk_stops_no_worker_that_runs_and_starts_none(
    tiny_plan_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "plan"
    shutil.copytree(tiny_plan_folder, folder)
    monkeypatch.setattr(worker_lanes, "LONGEST_PAUSE_SECONDS", 0.05)

    async def main() -> None:
        engine, lanes = await opened(folder, workers=1)
        (folder / "extra").write_text("another plan", encoding="utf-8")
        write_manifest(folder, kind=PLAN_KIND)
        assert (await engine.answer(["card"])).answers
        os.kill(lanes.pids[0], signal.SIGKILL)
        with pytest.raises(OverloadedError, match="another plan than the one"):
            await asyncio.wait_for(engine.answer(["card"]), 30)
        with pytest.raises(OverloadedError, match="no worker starts"):
            await engine.answer(["card"])
        shutil.rmtree(folder)
        shutil.copytree(tiny_plan_folder, folder)  # repaired: it answers again by itself
        for _ in range(1000):
            if engine.queue_state().workers:
                break
            await asyncio.sleep(0.01)
        assert (await engine.answer(["card"])).answers
        await engine.close()

    asyncio.run(main())


def test_a_plan_that_no_worker_can_load_says_why(tiny_plan_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    shutil.copytree(tiny_plan_folder, folder)
    (folder / "models" / "large" / "weights.safetensors").write_bytes(b"not weights")
    write_manifest(folder, kind=PLAN_KIND)

    async def main() -> None:
        with pytest.raises(ArtefactError, match=r"no worker starts: .*not a readable n-gram"):
            await opened(folder, workers=2)

    asyncio.run(main())
    assert not [c for c in psutil.Process().children() if c.status() != psutil.STATUS_ZOMBIE]


def test_workers_end_with_their_parent_and_ignore_signals_to_the_group(
    tiny_plan_folder: Path,
) -> None:
    script = (
        "import asyncio, sys, time\n"
        "from undercut.operate.serving.engine.plan_engine import PlanEngine\n"
        "from undercut.operate.serving.engine.settings import EngineSettings\n"
        "async def main():\n"
        "    engine = await PlanEngine.open(sys.argv[1], EngineSettings(workers=2))\n"
        "    await engine.start()\n"
        "    print(*engine._lanes.pids, flush=True)\n"
        "    time.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    source = str(Path(undercut.__file__).parents[1])
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tiny_plan_folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": source},
    )
    with parent:
        assert parent.stdout is not None
        workers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(workers) == 2
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
            worker.send_signal(signal.SIGINT)
        time.sleep(0.2)
        assert all(worker.is_running() for worker in workers)
        parent.kill()
        _, alive = psutil.wait_procs(workers, timeout=5)
        assert not alive


def test_the_worker_is_a_fresh_interpreter_without_its_parents_sockets(
    tiny_plan_folder: Path,
) -> None:
    digest = load_plan(tiny_plan_folder).digest
    first, ours = worker_process.start_process(tiny_plan_folder, digest, nice=0)
    second, theirs = worker_process.start_process(tiny_plan_folder, digest, nice=0)
    ours.close()  # the second worker holds no copy of it, so the first one sees the end
    assert first.wait(10) == 0
    assert second.poll() is None
    theirs.close()
    assert second.wait(10) == 0
