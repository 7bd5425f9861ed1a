"""`undercut deploy` again and again under load: every request is answered, by the plan it names."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from serving_process import new_key, plan_folder, served
from sqlalchemy import select

from undercut.models.plan import load_plan
from undercut.operate.metering.books import OpenBooks
from undercut.operate.metering.checks import check_books
from undercut.operate.metering.schema import requests
from undercut.operate.serving.deploy.events import Action
from undercut.runs.books import open_books_here
from undercut.runs.deploying import give_order, history

TEXTS = (
    "where is my card",
    "I lost it",
    "how do I pay",
    "a card payment was declined",
    "lost card",
)
WORKERS = 2
# the scribe of the books besides
CHILDREN = WORKERS + 1
CALLERS = 8
PAUSE_SECONDS = 0.02
# A machine may stand still for a while; a request that was dropped is never answered.
PATIENCE_SECONDS = 280.0
# A worker is a process of some 60 MiB, so one that stays behind, or its thread and sockets, shows.
MOST_GROWTH_BYTES = 24 << 20


@dataclass
class Expected:
    """What a plan answers each text, asked without any server: (label, confidence, stage)."""

    name: str
    digest: str
    answers: dict[str, tuple[str, float, str]]

    @classmethod
    def of(cls, folder: Path) -> Expected:
        plan = load_plan(folder)
        answers = zip(TEXTS, plan.predict(TEXTS), strict=True)
        return cls(
            plan.description.name,
            plan.digest,
            {text: (a.label, a.confidence, a.stage) for text, a in answers},
        )


@dataclass
class Load:
    """Callers that ask on until told to stop, each request once: a failed one stays failed.

    answered: request id -> the digest it named and how many texts it had.
    """

    url: str
    secret: str
    plans: dict[str, Expected]
    answered: dict[str, tuple[str, int]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=lambda: asyncio.run(self._all()))
        thread.start()
        try:
            yield
        finally:
            self.stop.set()
            thread.join()

    async def _all(self) -> None:
        async with httpx.AsyncClient(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.secret}"},
            timeout=PATIENCE_SECONDS,
            trust_env=False,
        ) as client:
            await asyncio.gather(*(self._caller(client, number) for number in range(CALLERS)))

    async def _caller(self, client: httpx.AsyncClient, number: int) -> None:
        asked = number
        while not self.stop.is_set():
            texts = [TEXTS[(asked + more) % len(TEXTS)] for more in range(1 + asked % 3)]
            asked += 1
            try:
                reply = await client.post(
                    "/v1/predict",
                    json={"inputs": texts, "deadline_seconds": PATIENCE_SECONDS},
                    headers={"Idempotency-Key": f"{number}-{asked}"} if number % 2 else {},
                )
            except httpx.HTTPError as error:
                self.failed.append(repr(error))
                continue
            if reply.status_code != 200:
                self.failed.append(f"{reply.status_code}: {reply.text}")
                continue
            self._check(texts, reply.json())
            await asyncio.sleep(PAUSE_SECONDS)

    def _check(self, texts: list[str], told: dict[str, Any]) -> None:
        """The answers are those of the plan that is named, all of them."""
        plan = self.plans[told["plan"]["digest"]]
        found = [(a["label"], pytest.approx(a["confidence"]), a["stage"]) for a in told["answers"]]
        wanted = [plan.answers[text] for text in texts]
        if wanted != found or plan.name != told["plan"]["name"]:
            self.failed.append(f"{plan.name}: {texts}: {told}")
        self.answered[told["request_id"]] = (plan.digest, len(texts))


@dataclass(frozen=True)
class Held:
    """What a server process holds: bytes of memory, open files, threads, child processes."""

    memory: int
    files: int
    threads: int
    children: int

    @classmethod
    def by(cls, pid: int) -> Held:
        server = psutil.Process(pid)
        return cls(
            server.memory_info().rss,
            server.num_fds(),
            server.num_threads(),
            len(server.children(recursive=True)),
        )


def swap(opened: OpenBooks, plan: Path) -> None:
    """One deployment, as `undercut deploy` gives it, that a server has followed."""
    ordered = give_order(opened, Action.DEPLOY, plan, wait_seconds=PATIENCE_SECONDS)
    assert ordered.outcome is not None, "no server followed the order"
    assert ordered.outcome.action == Action.DEPLOYED, ordered.outcome


def at_rest(pid: int, files: int) -> Held:
    """What it holds once the plans before have ended, which takes a moment."""
    until = time.monotonic() + 20
    while (held := Held.by(pid)).children > CHILDREN or held.files > files:
        if time.monotonic() > until:
            return held
        time.sleep(0.1)
    return held


def swap_under_load(folder: Path, swaps: int) -> str:
    """Deployments between two plans while callers ask, then a recount; what it was, in words."""
    url = f"sqlite:///{folder / 'books.sqlite'}"
    secret = new_key(url, "acme")
    plans = [plan_folder(folder / "left"), plan_folder(folder / "right", temperature=1.5)]
    expected = {plan.digest: plan for plan in map(Expected.of, plans)}
    assert len({tuple(plan.answers.values()) for plan in expected.values()}) == 2
    arguments = (str(plans[0]), "--books", url, "--workers", str(WORKERS), "-q")
    with served(*arguments) as (address, process, stop), open_books_here(url) as opened:
        load = Load(address, secret, expected)
        started = time.monotonic()
        with load.running():
            # the first ones make pools and caches that stay
            warm = max(4, swaps // 20)
            for number in range(swaps):
                if number == warm:
                    before = Held.by(process.pid)
                swap(opened, plans[(number + 1) % 2])
        seconds = time.monotonic() - started
        after = at_rest(process.pid, before.files)
        stop()
        assert process.returncode == 0
        done = Counter(row.action for _, row in history(opened))
        assert (done["deploy"], done["deployed"], done["failed"]) == (swaps, swaps, 0)
        recount(opened, load)
    assert load.failed == []
    by_plan = Counter(digest for digest, _ in load.answered.values())
    assert min(by_plan[digest] for digest in expected) > swaps
    assert after.children == CHILDREN
    assert after.files <= before.files
    assert after.threads <= before.threads
    grown = after.memory - before.memory
    assert grown <= MOST_GROWTH_BYTES, f"{grown / (1 << 20):.1f} MiB"
    return (
        f"{swaps} swaps in {seconds:.0f} s, {len(load.answered)} requests answered, 0 failed;"
        f" memory {before.memory / (1 << 20):.1f} MiB, {grown / (1 << 20):+.1f}"
    )


def recount(opened: OpenBooks, load: Load) -> None:
    """Every answered request is one row, of the plan that it named, and there is no other row."""
    columns = requests.c.request_id, requests.c.plan, requests.c.inputs
    rows = opened.read(lambda connection: connection.execute(select(*columns)).all())
    assert {row.request_id: (row.plan, row.inputs) for row in rows} == load.answered
    assert len(rows) == len(load.answered)
    assert opened.read(check_books) == ()


def test_a_dozen_swaps_under_load(tmp_path: Path) -> None:
    swap_under_load(tmp_path, 12)


@pytest.mark.slow
def test_a_thousand_swaps_under_load(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = swap_under_load(tmp_path, 1000)
    with capsys.disabled():
        print(f"\n{told}")
