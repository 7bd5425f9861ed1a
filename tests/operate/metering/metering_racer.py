"""A server process that races for a quota: prints how many requests it could answer."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[3] / "src"))

from metering_requests import answered, serve, usd

from undercut.core.errors import QuotaExceededError
from undercut.core.requests import Caller
from undercut.operate.metering.books import OpenBooks, open_books


async def one(books: OpenBooks, caller: Caller, name: str) -> int:
    try:
        await serve(books, answered(caller, request_id=name), most=usd("0.00001"))
    except QuotaExceededError:
        return 0
    return 1


async def race(books: OpenBooks, caller: Caller, callers: int) -> int:
    names = [f"{os.getpid()}-{n}" for n in range(callers)]
    return sum(await asyncio.gather(*(one(books, caller, name) for name in names)))


if __name__ == "__main__":
    url, secret, callers = sys.argv[1:]
    with open_books(url) as books:
        caller = books.gate.authenticate(secret)
        print(asyncio.run(race(books, caller, int(callers))))
