"""kill -9 at random moments: nothing that was acknowledged is lost or counted twice."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from metering_requests import new_caller
from sqlalchemy import select

from undercut.core.money import Money
from undercut.operate.metering.books import OpenBooks, open_books
from undercut.operate.metering.checks import check_books
from undercut.operate.metering.schema import claims, requests

FORGE = Path(__file__).with_name("metering_kill_forge.py")
_AT_ONCE = 50


def kill(url: str, folder: Path, cycles: int) -> int:
    """Kill so many servers, recount after every fifty; returns the acknowledged requests."""
    with open_books(url) as books:
        _, secret = new_caller(books, monthly_inputs=10**9, budget=Money.parse("1000usd"))
    acknowledgements = folder / "acknowledged"
    for done in range(0, cycles, _AT_ONCE):
        count = min(_AT_ONCE, cycles - done)
        command = [url, secret, str(acknowledgements), str(count), str(done)]
        subprocess.run([sys.executable, str(FORGE), *command], check=True, timeout=300)
        with open_books(url) as books:
            recount(books, acknowledgements)
    return len(acknowledgements.read_text().splitlines())


def recount(books: OpenBooks, acknowledgements: Path) -> None:
    rows = Counter(books.read(lambda c: c.execute(select(requests.c.request_id)).scalars().all()))
    assert max(rows.values()) == 1
    first = dict(
        books.read(
            lambda c: [
                (row[0], row[1]) for row in c.execute(select(claims.c.request_id, claims.c.answer))
            ]
        )
    )
    lines = [line.split() for line in acknowledgements.read_text().splitlines()]
    assert lines
    for _name, answered_by in lines:
        # whoever asked got the answer of a request that is in the books
        assert rows[answered_by] == 1
        assert answered_by not in first or bytes(first[answered_by]).decode() == answered_by
    # a repeat was told the first one's answer and has no row of its own
    repeats = [name for name, answered_by in lines if name != answered_by]
    assert repeats
    assert not any(rows[name] for name in repeats)
    assert books.read(check_books) == ()


def test_killed_servers_lose_and_double_nothing(books_at: str, tmp_path: Path) -> None:
    cycles = 200
    acknowledged = kill(books_at, tmp_path, cycles)
    assert acknowledged > 5 * cycles


@pytest.mark.slow
def test_two_thousand_kills(books_at: str, tmp_path: Path) -> None:
    assert kill(books_at, tmp_path, 2000) > 10_000
