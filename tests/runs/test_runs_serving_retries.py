"""Clients that time out at random moments and ask again: one charge, one answer, always."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from serving_process import free_port, new_key, plan_folder, served
from sqlalchemy import select

from undercut.client import Client, ClientConfig
from undercut.operate.metering.checks import check_books
from undercut.operate.metering.schema import requests
from undercut.operate.metering.usage import usage
from undercut.runs.books import open_books_here

TEXTS = ("where is my card", "I lost it", "how do I pay", "a card payment was declined")
CALLERS = 24


@dataclass
class Seen:
    """What the callers met. answers: by idempotency key, every whole body that ever came."""

    answers: dict[str, list[bytes]] = field(default_factory=dict)
    retries: int = 0
    cut_while_sending: int = 0
    replayed: int = 0
    refused: int = 0
    seconds: list[float] = field(default_factory=list)


class ImpatientCaller:
    """Gives most attempts up: within the request, or some time after it, by a closed connection."""

    def __init__(self, port: int, secret: str, seen: Seen, seed: int) -> None:
        self._port = port
        self._secret = secret
        self._seen = seen
        self._random = random.Random(seed)

    async def ask(self, key: str, attempts: int) -> None:
        """So many attempts that are given up, then one that is waited for."""
        body = json.dumps({"inputs": [TEXTS[hash(key) % len(TEXTS)]] * (1 + len(key) % 3)})
        request = (
            f"POST /v1/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self._secret}\r\n"
            f"Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()
        for _ in range(attempts):
            await self._give_up(key, request)
        while True:
            started = time.monotonic()
            status, replayed, answer = await self._whole(request)
            if status == 200:
                break
            assert status in (429, 503), (status, answer)
            self._seen.refused += 1
            await asyncio.sleep(0.02)
        self._seen.seconds.append(time.monotonic() - started)
        self._seen.replayed += replayed
        self._seen.answers.setdefault(key, []).append(answer)

    async def _give_up(self, key: str, request: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            if self._random.random() < 0.1:
                writer.write(request[: self._random.randrange(len(request))])
                await writer.drain()
                self._seen.cut_while_sending += 1
                return
            writer.write(request)
            usual = self._seen.seconds[-50:] or [0.005]
            patience = self._random.uniform(0, 1.5 * sum(usual) / len(usual))
            async with asyncio.timeout(patience):
                status, _, answer = await _reply(reader)
            if status == 200:
                self._seen.answers.setdefault(key, []).append(answer)
        except TimeoutError:
            self._seen.retries += 1
        finally:
            # half of them without a goodbye
            if self._random.random() < 0.5:
                writer.transport.abort()
            writer.close()

    async def _whole(self, request: bytes) -> tuple[int, bool, bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(request)
            return await _reply(reader)
        finally:
            writer.close()


async def _reply(reader: asyncio.StreamReader) -> tuple[int, bool, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    return int(head.split()[1]), b"idempotency-replayed: true" in head, body


async def drive(port: int, secret: str, retries: int, seen: Seen) -> None:
    """Callers with keys of their own, until so many attempts have timed out."""

    async def caller(number: int) -> None:
        mine = ImpatientCaller(port, secret, seen, number)
        attempts = random.Random(number)
        asked = 0
        while seen.retries < retries:
            await mine.ask(f"key-{number}-{asked}", attempts.randint(0, 4))
            asked += 1

    await asyncio.gather(*(caller(number) for number in range(CALLERS)))


def time_out_and_repeat(url: str, folder: Path, retries: int) -> Seen:
    """Against a real server with books at `url`; then a recount."""
    secret = new_key(url, "acme", monthly_inputs=10**7)
    plan, port, seen = plan_folder(folder / "plan"), free_port(), Seen()
    arguments = (str(plan), "--books", url, "--workers", "0", "-q")
    with served(*arguments, port=port) as (_, process, stop):
        asyncio.run(drive(port, secret, retries, seen))
        stop()
        assert process.returncode == 0
    recount(url, seen)
    return seen


def recount(url: str, seen: Seen) -> None:
    """One row for each key, as many inputs as its answer has, and every answer of it the same."""
    with open_books_here(url) as books:
        rows = books.read(
            lambda c: c.execute(
                select(requests.c.idempotency_key, requests.c.request_id, requests.c.inputs)
            ).all()
        )
        month = books.read(lambda c: usage(c, "acme", books.clock.month())).total
        assert books.read(check_books) == ()
    charged = Counter(row.idempotency_key for row in rows)
    assert set(charged.values()) == {1}
    assert set(charged) == set(seen.answers)
    by_key = {row.idempotency_key: row for row in rows}
    for key, answers in seen.answers.items():
        assert len(set(answers)) == 1
        told = json.loads(answers[0])
        assert told["request_id"] == by_key[key].request_id
        assert len(told["answers"]) == by_key[key].inputs
    assert month.requests == len(seen.answers)
    assert month.inputs == sum(row.inputs for row in rows)


def told(seen: Seen) -> str:
    return (
        f"{len(seen.answers)} requests, {seen.retries} attempts timed out,"
        f" {seen.cut_while_sending} cut while sending, {seen.replayed} last attempts replayed,"
        f" {seen.refused} refused"
    )


def test_a_few_hundred_time_outs(tmp_path: Path) -> None:
    seen = time_out_and_repeat(f"sqlite:///{tmp_path / 'books.sqlite'}", tmp_path, 300)
    # else no attempt that was given up had been charged, and this shows nothing
    assert seen.replayed > 30, told(seen)


@pytest.fixture
def postgres_url() -> Iterator[str]:
    from metering_postgres import PostgresServer, binaries

    if binaries() is None:
        pytest.skip("no PostgreSQL server is installed: neither initdb nor pg_ctl was found")
    server = PostgresServer()
    yield server.database()
    server.remove()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_ten_thousand_time_outs(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    if kind == "postgres":
        url = request.getfixturevalue("postgres_url")
    seen = time_out_and_repeat(url, tmp_path, 10_000)
    with capsys.disabled():
        print(f"\n{kind}: {told(seen)}")
    assert seen.replayed > 1000


def restart_behind_clients(folder: Path, times: int) -> None:
    """`undercut serve` stopped by SIGTERM and started again under the library's own client."""
    url = f"sqlite:///{folder / 'books.sqlite'}"
    secret = new_key(url, "acme")
    plan, port = plan_folder(folder / "plan"), free_port()
    arguments = (str(plan), "--books", url, "--workers", "0", "-q")
    config = ClientConfig(
        request_inputs=4,
        concurrency=4,
        attempts=60,
        first_wait_seconds=0.05,
        longest_wait_seconds=1.0,
    )
    texts = [f"{TEXTS[number % 4]} {number}" for number in range(400)]

    async def ask_on(client: Client, stop: asyncio.Event) -> int:
        calls = 0
        while not stop.is_set():
            answers = await asyncio.to_thread(client.predict, texts, idempotency_key=f"j{calls}")
            assert len(answers) == len(texts)
            calls += 1
        return calls

    async def main() -> int:
        stop = asyncio.Event()
        with Client(f"http://127.0.0.1:{port}", key=secret, config=config) as client:
            asking = asyncio.create_task(ask_on(client, stop))
            for number in range(times):
                # the server is away in between: what is asked then has to be asked again
                running = served(*arguments, port=port)
                _, process, halt = await asyncio.to_thread(running.__enter__)
                await asyncio.sleep(0.2)
                await asyncio.to_thread(halt)
                assert process.returncode == 0, number
                assert not asking.done(), asking.exception()
            with served(*arguments, port=port):
                stop.set()
                return await asking

    calls = asyncio.run(main())
    assert calls > 0
    with open_books_here(url) as books:
        rows = books.read(
            lambda c: c.execute(select(requests.c.idempotency_key, requests.c.inputs)).all()
        )
        assert books.read(check_books) == ()
    assert max(Counter(row.idempotency_key for row in rows).values()) == 1
    assert sum(row.inputs for row in rows) == calls * len(texts)


def test_two_restarts_behind_the_client(tmp_path: Path) -> None:
    restart_behind_clients(tmp_path, 2)


@pytest.mark.slow
def test_a_hundred_restarts_behind_the_client(tmp_path: Path) -> None:
    restart_behind_clients(tmp_path, 100)
