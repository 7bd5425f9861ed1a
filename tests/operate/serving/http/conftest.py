"""A server for the tests of a file, as if new for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from serving_http_server import Served, serving


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    """One server with the usual limits for the tests of a file."""
    with serving() as found:
        yield found


@pytest.fixture
def served(running: Served) -> Iterator[Served]:
    """That server as if new; the test leaves no ticket and no place behind."""
    for part in (running.gate, running.books, running.engine):
        fresh = type(part)(running.gate) if part is running.books else type(part)()  # type: ignore[call-arg]
        vars(part).update(vars(fresh))
    running.app.services.counters.__init__()  # type: ignore[misc]
    yield running
    running.engine.hold = None
    running.wait_until(lambda: running.app.services.capacity.requests == 0)
    running.wait_until(lambda: running.gate.open_tickets == [])
