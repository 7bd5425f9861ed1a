"""Rate, quota and budget: reserved at admission, trued up after, never overshot by anyone."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from metering_requests import answered, new_caller, run, serve, usd
from sqlalchemy import delete, func, select

from undercut.core.errors import BooksUnavailableError, QuotaExceededError
from undercut.core.money import Money
from undercut.core.requests import Caller, Ticket
from undercut.operate.metering.books import OpenBooks
from undercut.operate.metering.checks import check_books
from undercut.operate.metering.clock import Clock
from undercut.operate.metering.granting import Granted
from undercut.operate.metering.jobs import TaskJob
from undercut.operate.metering.lease_desk import LeaseDesk
from undercut.operate.metering.lease_rows import Room
from undercut.operate.metering.rate import TokenBucket
from undercut.operate.metering.schema import leases, requests
from undercut.operate.metering.usage import usage

RACER = Path(__file__).with_name("metering_racer.py")


class Hands:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, 12, tzinfo=UTC)
        self.seconds = 1000.0

    def turn(self, **by: float) -> None:
        step = timedelta(**by)
        self.at += step
        self.seconds += step.total_seconds()

    def clock(self) -> Clock:
        return Clock(now=lambda: self.at, steady=lambda: self.seconds)


def inputs_of(books: OpenBooks) -> int:
    return int(books.read(lambda c: c.execute(select(func.sum(requests.c.inputs))).scalar() or 0))


async def spend(books: OpenBooks, caller: Caller, *, times: int, inputs: int = 1) -> int:
    """Ask so often, all at once; returns how many were answered."""

    async def one() -> bool:
        try:
            await serve(books, answered(caller, inputs=inputs))
        except QuotaExceededError:
            return False
        return True

    return sum(await asyncio.gather(*(one() for _ in range(times))))


def test_64_callers_cannot_overshoot_a_quota(books: OpenBooks) -> None:
    caller, _ = new_caller(books, monthly_inputs=50)
    assert run(spend(books, caller, times=64)) == 50
    assert inputs_of(books) == 50
    with pytest.raises(QuotaExceededError, match="quota") as refused:
        run(books.gate.admit(caller, 1, None))
    assert refused.value.retry_after_seconds is not None
    assert refused.value.retry_after_seconds > 0
    assert books.read(check_books) == ()


def test_64_callers_cannot_overshoot_a_budget(books: OpenBooks) -> None:
    """Each may cost 0.00001 and costs a tenth of it: what was not spent is spent by others."""
    caller, _ = new_caller(books, budget=usd("0.00005"))
    while run(spend(books, caller, times=64)):
        pass
    total = books.read(lambda c: usage(c, "acme", f"{datetime.now(UTC):%Y-%m}")).total
    # the last nine cannot be reserved: each could have cost ten times as much
    assert total.costs == (usd("0.000041"),)
    assert books.read(check_books) == ()


def test_a_request_larger_than_what_is_left_does_not_stop_a_smaller_one(books: OpenBooks) -> None:
    caller, _ = new_caller(books, monthly_inputs=10)
    assert run(spend(books, caller, times=1, inputs=8)) == 1
    assert run(spend(books, caller, times=1, inputs=3)) == 0
    assert run(spend(books, caller, times=1, inputs=2)) == 1
    with pytest.raises(QuotaExceededError) as refused:
        run(books.gate.admit(caller, 11, None))
    assert refused.value.retry_after_seconds is None


def test_threads_of_several_servers_share_one_quota(opening: Callable[..., OpenBooks]) -> None:
    servers = [opening() for _ in range(4)]
    caller, _ = new_caller(servers[0], monthly_inputs=100)
    for one in servers:
        one.refresh_keys()
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda b=one: counts.append(run(spend(b, caller, times=64))))
        for one in servers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == inputs_of(servers[0]) <= 100
    # what one server holds and does not use comes back, and is used to the last
    deadline = time.monotonic() + 8
    while inputs_of(servers[0]) < 100 and time.monotonic() < deadline:
        run(spend(servers[0], caller, times=4))
        time.sleep(0.2)
    assert inputs_of(servers[0]) == 100
    assert servers[0].read(check_books) == ()


def test_processes_share_one_quota(books: OpenBooks, books_at: str) -> None:
    caller, secret = new_caller(books, monthly_inputs=150, budget=Money.parse("1usd"))
    racers = [
        subprocess.Popen(
            [sys.executable, str(RACER), books_at, secret, "64"], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    counts = [int(racer.communicate(timeout=60)[0]) for racer in racers]
    assert all(racer.returncode == 0 for racer in racers)
    assert sum(counts) == inputs_of(books) <= 150
    # racers gave everything back when they closed
    assert run(spend(books, caller, times=64)) == 150 - sum(counts)
    assert inputs_of(books) == 150
    assert books.read(check_books) == ()


def test_what_was_not_answered_is_given_back(books: OpenBooks) -> None:
    caller, _ = new_caller(books, monthly_inputs=4)

    async def work() -> None:
        tickets = [await books.gate.admit(caller, 2, None) for _ in range(2)]
        with pytest.raises(QuotaExceededError):
            await books.gate.admit(caller, 1, None)
        for ticket in tickets:
            await books.gate.release(ticket)
            await books.gate.release(ticket)

    run(work())
    assert run(spend(books, caller, times=8)) == 4


def test_a_repeat_gives_its_reservation_back(books: OpenBooks) -> None:
    caller, _ = new_caller(books, monthly_inputs=2)
    for _ in range(5):
        run(serve(books, answered(caller, key="same")))
    assert inputs_of(books) == 1
    assert run(spend(books, caller, times=3)) == 1


def test_a_release_during_a_commit_gives_nothing_back(books: OpenBooks) -> None:
    """The caller hangs up while the row is being written: what was charged stays spent."""
    caller, _ = new_caller(books, monthly_inputs=5)

    async def hang_up() -> None:
        ticket = await books.gate.admit(caller, 5, None)
        task = asyncio.create_task(books.record(ticket, answered(caller, inputs=5)))
        await asyncio.sleep(0)
        task.cancel()
        await books.gate.release(ticket)
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(QuotaExceededError):
            await books.gate.admit(caller, 1, None)

    run(hang_up())
    assert inputs_of(books) == 5


def test_a_lease_that_was_taken_back_cannot_overshoot(opening: Callable[..., OpenBooks]) -> None:
    """A server sleeps longer than its lease; another spends everything; the first wakes up."""
    hands = Hands()
    sleeper, other = opening(clock=hands.clock()), opening(clock=hands.clock())
    caller, _ = new_caller(sleeper, monthly_inputs=10)
    other.refresh_keys()
    held = run(sleeper.gate.admit(caller, 6, None))
    hands.turn(minutes=5)
    other.refresh_keys()
    assert run(spend(other, caller, times=10)) == 10
    with pytest.raises(QuotaExceededError, match="while"):
        run(sleeper.record(held, answered(caller, inputs=6)))
    assert inputs_of(other) == 10
    assert other.read(check_books) == ()


def test_a_refused_record_leaves_its_key_free(opening: Callable[..., OpenBooks]) -> None:
    books = opening()
    caller, _ = new_caller(books, monthly_inputs=5)
    # a ticket of which the gate knows nothing, for more than there is
    with pytest.raises(QuotaExceededError):
        run(books.record(Ticket(caller, 9), answered(caller, inputs=9, key="k")))
    assert run(books.replay(caller, "k", answered(caller).body_sha256)) is None
    assert not run(serve(books, answered(caller, key="k"))).repeat
    assert books.read(check_books) == ()


def test_a_crashed_server_strands_its_lease_only_until_it_expires(
    opening: Callable[..., OpenBooks],
) -> None:
    hands = Hands()
    crashed, other = opening(clock=hands.clock()), opening(clock=hands.clock())
    caller, _ = new_caller(crashed, monthly_inputs=10)
    other.refresh_keys()
    run(crashed.gate.admit(caller, 10, None))
    assert run(spend(other, caller, times=1)) == 0
    hands.turn(seconds=61)
    other.refresh_keys()
    assert run(spend(other, caller, times=12)) == 10


def test_a_new_month_starts_afresh(books_at: str, opening: Callable[..., OpenBooks]) -> None:
    hands = Hands()
    hands.at = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
    books = opening(clock=hands.clock())
    caller, _ = new_caller(books, monthly_inputs=3)
    late = run(books.gate.admit(caller, 1, None))
    assert run(spend(books, caller, times=5)) == 2
    with pytest.raises(QuotaExceededError):
        run(books.gate.admit(caller, 1, None))
    hands.turn(seconds=2)
    assert run(spend(books, caller, times=5)) == 3
    # admitted in November, answered in December: November's
    run(books.record(late, answered(caller, at=hands.at)))
    for month in ("2026-11", "2026-12"):
        assert books.read(lambda c, m=month: usage(c, "acme", m)).total.inputs == 3
    assert books.read(check_books) == ()


def test_idle_leases_go_back_and_closing_leaves_none(opening: Callable[..., OpenBooks]) -> None:
    books = opening()
    caller, _ = new_caller(books, monthly_inputs=800)
    run(spend(books, caller, times=1))
    deadline = time.monotonic() + 5
    while books.read(lambda c: c.execute(select(func.sum(leases.c.inputs))).scalar()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    run(spend(books, caller, times=1))
    books.close()
    left = opening().read(lambda c: c.execute(select(func.count()).select_from(leases)).scalar())
    assert left == 0


def test_a_lost_lease_row_is_noticed(books: OpenBooks) -> None:
    """Somebody removed the lease: charging falls back to what is left for all."""
    caller, _ = new_caller(books, monthly_inputs=5)
    held = run(books.gate.admit(caller, 5, None))
    books.write(lambda c: c.execute(delete(leases)))
    run(books.record(held, answered(caller, inputs=5)))
    assert run(spend(books, caller, times=1)) == 0
    assert books.read(check_books) == ()


def test_a_budget_needs_a_known_cost_in_its_currency(books: OpenBooks) -> None:
    caller, _ = new_caller(books, budget=usd("1"))
    for most, why in ((None, "unknown"), (Money.parse("1eur"), "EUR"), (usd("2"), "may cost")):
        with pytest.raises(QuotaExceededError, match=why) as refused:
            run(books.gate.admit(caller, 1, most))
        assert refused.value.retry_after_seconds is None


def test_an_unknown_cost_uses_up_what_was_reserved(books: OpenBooks) -> None:
    caller, _ = new_caller(books, budget=usd("0.00003"))
    for _ in range(3):
        run(serve(books, answered(caller, cost=None)))
    with pytest.raises(QuotaExceededError):
        run(serve(books, answered(caller, cost=None)))
    total = books.read(lambda c: usage(c, "acme", f"{datetime.now(UTC):%Y-%m}")).total
    assert (total.costs, total.unknown_cost) == ((), 3)
    assert books.read(check_books) == ()


def test_a_key_that_is_slowed_down_says_when(books: OpenBooks) -> None:
    caller, _ = new_caller(books, per_minute=3)
    for _ in range(3):
        run(books.gate.admit(caller, 1000, None))
    with pytest.raises(QuotaExceededError, match="3 requests a minute") as refused:
        run(books.gate.admit(caller, 1, None))
    assert refused.value.retry_after_seconds == pytest.approx(20, abs=1)


def test_the_bucket_fills_evenly() -> None:
    bucket = TokenBucket(60, now=0.0)
    assert [bucket.take(0.0) for _ in range(60)] == [0.0] * 60
    assert bucket.take(0.0) == pytest.approx(1.0)
    assert bucket.take(0.5) == pytest.approx(0.5)
    assert bucket.take(1.0) == 0.0
    # an hour's pause is worth a minute
    assert sum(bucket.take(3600.0) == 0.0 for _ in range(100)) == 60


def test_closed_books_admit_nobody(books: OpenBooks) -> None:
    caller, _ = new_caller(books, monthly_inputs=10)
    books.close()
    with pytest.raises(BooksUnavailableError):
        run(books.gate.admit(caller, 1, None))
    with pytest.raises(BooksUnavailableError):
        run(books.record(Ticket(caller, 1), answered(caller)))


@pytest.mark.parametrize("granted", [Granted(0, 0, False, Room(0, None, False)), None])
def test_a_caller_who_comes_as_a_lease_is_decided_does_not_stop_the_server(
    granted: Granted | None,
) -> None:
    """The trip to the books has ended, and the loop has not yet heard of it: that outcome, empty or
    over already, must not be looked at again and again without a pause."""
    jobs: list[TaskJob] = []
    hands = Hands()
    desk = LeaseDesk(jobs.append, hands.clock(), lease_seconds=60)

    def decide(outcome: Granted | None) -> None:
        if outcome is None:
            # as where the process slept for longer than its lease lasts
            hands.turn(seconds=120)
            outcome = Granted(16, 0, True, Room(1000, None, False))
        jobs.pop().future.set_result(outcome)

    async def work() -> None:
        first = asyncio.create_task(desk.reserve("account", "2026-11", 1, 0))
        while not jobs:
            await asyncio.sleep(0)
        decide(granted)
        # runs in the same round of the loop, after the trip and before what follows from it
        late = asyncio.create_task(desk.reserve("account", "2026-11", 1, 0))
        while not (first.done() and late.done()):
            await asyncio.sleep(0)
            if jobs:
                decide(granted or Granted(16, 0, True, Room(1000, None, False)))
        ended = await asyncio.gather(first, late, return_exceptions=True)
        kinds = {type(one) for one in ended}
        assert kinds == {int if granted is None else QuotaExceededError}

    def stands_still(*_: object) -> None:
        raise AssertionError("the event loop stands still")

    before = signal.signal(signal.SIGALRM, stands_still)
    signal.setitimer(signal.ITIMER_REAL, 10)
    try:
        run(work())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
