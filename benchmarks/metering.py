"""What metering adds to a request: CPU per row and waiting, at a steady rate of requests.

    python benchmarks/metering.py                       # SQLite in a temporary folder
    python benchmarks/metering.py --books postgresql://user@host/empty_database

The same loop runs without the books first, and its CPU is subtracted: what is left is spent by
admission, the event loop's part of recording, and the writer.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import resource
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from undercut.core.money import Money
from undercut.core.requests import AnsweredRequest, Caller
from undercut.operate.metering.books import OpenBooks, open_books
from undercut.operate.metering.key_rows import KeyTerms, create_key

ANSWER = b'{"label": "card_arrival", "confidence": 0.93, "stage": "ngram"}' * 2
COST = Money.parse("0.000000123usd")
Step = Callable[[AnsweredRequest], Awaitable[None]]


@dataclass(frozen=True)
class Measured:
    """CPU seconds of the process, rows, seconds on the clock and each row's wait."""

    cpu: float
    rows: int
    seconds: float
    waits: list[float]


def request(caller: Caller, numbers: itertools.count[int], keyed: bool) -> AnsweredRequest:
    # ids that grow keep the index of request ids in order, as a server's should
    name = f"{next(numbers):016x}"
    key = uuid.uuid4().hex if keyed else None
    return AnsweredRequest(
        name, caller, "p" * 64, 1, 12, {"ngram": 1}, COST, datetime.now(UTC), ANSWER, key, "a" * 64
    )


async def paced(
    step: Step, make: Callable[[], AnsweredRequest], rate: int, seconds: int
) -> Measured:
    """Start `rate` requests a second, evenly; each is a task of its own, as in a server."""
    waits: list[float] = []
    tasks: set[asyncio.Task[None]] = set()

    async def one() -> None:
        made = make()
        start = time.perf_counter()
        await step(made)
        waits.append(time.perf_counter() - start)

    before, start = _cpu(), time.perf_counter()
    for number in range(rate * seconds):
        ahead = number / rate - (time.perf_counter() - start)
        if ahead > 0.001:
            await asyncio.sleep(ahead)
        task = asyncio.create_task(one())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return Measured(_cpu() - before, rate * seconds, time.perf_counter() - start, sorted(waits))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(books: OpenBooks, terms: KeyTerms, *, keyed: bool, rate: int, seconds: int) -> str:
    made = books.write(lambda c: create_key(c, "bench", terms, datetime.now(UTC)))
    books.refresh_keys()
    caller = books.gate.authenticate(made.secret)
    numbers = itertools.count(time.time_ns())

    async def nothing(_made: AnsweredRequest) -> None:
        await asyncio.sleep(0)

    async def metered(made: AnsweredRequest) -> None:
        ticket = await books.gate.admit(caller, 1, COST)
        if keyed:
            await books.replay(caller, str(made.idempotency_key), made.body_sha256)
        await books.record(ticket, made)

    def make() -> AnsweredRequest:
        return request(caller, numbers, keyed)

    async def both() -> tuple[Measured, Measured]:
        await paced(metered, make, rate, 1)
        return await paced(nothing, make, rate, seconds), await paced(metered, make, rate, seconds)

    without, found = asyncio.run(both())
    added = (found.cpu - without.cpu) / found.rows * 1e6
    base = without.cpu / without.rows * 1e6
    half, most = (found.waits[int(len(found.waits) * share)] * 1e3 for share in (0.5, 0.99))
    return (
        f"{found.rows / found.seconds:7,.0f} rows/s   {added:5.1f} us CPU a row"
        f" ({base:.1f} without)   wait p50 {half:.2f} p99 {most:.2f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--books", help="default: SQLite in a temporary folder")
    parser.add_argument("--rate", type=int, default=3000)
    parser.add_argument("--seconds", type=int, default=4)
    given = parser.parse_args()
    limited = KeyTerms(per_minute=10**8, monthly_inputs=10**12, budget=Money.parse("1000usd"))
    with tempfile.TemporaryDirectory() as folder:
        url = given.books or f"sqlite:///{Path(folder) / 'books.sqlite'}"
        with open_books(url) as books:
            for name, terms, keyed in (
                ("plain", KeyTerms(), False),
                ("limited", limited, False),
                ("keyed, replayed", limited, True),
            ):
                found = measure(books, terms, keyed=keyed, rate=given.rate, seconds=given.seconds)
                print(f"{name:16} {found}")


if __name__ == "__main__":
    main()
