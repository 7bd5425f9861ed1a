"""A warm process that forks servers and kills each at a random moment.

Arguments: books URL, API key, file of acknowledgements, cycles, seed. Each server appends one
line to the file for every request that it may answer: its id, and the id inside the answer.
Every second server on SQLite has a scribe, which outlives it by what it was given.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import select
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[3] / "src"))

from metering_helped import helped
from metering_requests import answered, serve

from undercut.core.requests import Caller

# everything a server imports on the way, so that a fork starts in milliseconds
from undercut.operate.metering import postgres_database, sqlite_database  # noqa: F401
from undercut.operate.metering.books import open_books

# without limits, so that its requests are plain
NOBODY = Caller("local", "no-key")


def server(url: str, secret: str, acknowledgements: int, tell: int, *, has_scribe: bool) -> None:
    books = open_books(url)
    callers = itertools.cycle([books.gate.authenticate(secret), NOBODY])
    numbers = itertools.count()

    async def one() -> None:
        number = next(numbers)
        name = f"{os.getpid()}-{time.time_ns()}-{number}"
        # every third repeats one of a hundred keys that outlive the servers
        key = f"key-{random.randrange(100)}" if number % 3 == 0 else None
        caller = next(callers)
        done = await serve(books, answered(caller, request_id=name, key=key, answer=name.encode()))
        os.write(acknowledgements, f"{name} {done.answer.decode()}\n".encode())
        if number < 8:
            os.write(tell, b"!")

    async def caller_loop() -> None:
        while True:
            await one()
            # eight of them keep the books at work all the same, and leave the next server the
            # time to start: that is what a cycle waits for
            await asyncio.sleep(random.uniform(0, 0.004))

    async def main() -> None:
        if not has_scribe:
            await asyncio.gather(*(caller_loop() for _ in range(8)))
        async with helped(books):
            await asyncio.gather(*(caller_loop() for _ in range(8)))

    asyncio.run(main())


@dataclass
class Living:
    """A server; `first` can be read from once it has acknowledged something."""

    process: int
    first: int


def fork(url: str, secret: str, acknowledgements: int, *, has_scribe: bool) -> Living:
    first, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            server(url, secret, acknowledgements, tell, has_scribe=has_scribe)
        except BaseException:  # noqa: BLE001 - a server works until it is killed
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(1)
    os.close(tell)
    return Living(child, first)


def kill(living: Living) -> None:
    os.kill(living.process, signal.SIGKILL)
    _, status = os.waitpid(living.process, 0)
    os.close(living.first)
    if not os.WIFSIGNALED(status):
        raise SystemExit(f"a server ended by itself: {status}")


if __name__ == "__main__":
    url, secret, path, cycles, seed = sys.argv[1:]
    moments = random.Random(int(seed))
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    # two at a time, one of them just started: they share the books, and one dies under the other
    servers: list[Living] = []
    for number in range(int(cycles)):
        has_scribe = url.startswith("sqlite") and number % 2 == 0
        servers.append(fork(url, secret, file, has_scribe=has_scribe))
        # three of four are at work when they are killed, the fourth may be opening its books
        if number % 4 and not select.select([servers[0].first], [], [], 20)[0]:
            raise SystemExit("a server acknowledged nothing for twenty seconds")
        time.sleep(moments.uniform(0, 0.05))
        if len(servers) == 2:
            kill(servers.pop(0))
    for one in servers:
        kill(one)
