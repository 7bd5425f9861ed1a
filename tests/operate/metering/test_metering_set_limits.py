"""Limits changed while servers run: obeyed within a second, never overshot, told from damage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from metering_requests import answered, new_caller, run, serve, usd
from sqlalchemy import select, text
from test_metering_keys import waits
from test_metering_limits import Hands, inputs_of, spend

from undercut.core.errors import ConfigError, QuotaExceededError
from undercut.core.money import Money
from undercut.core.requests import AnsweredRequest, Caller, Ticket
from undercut.operate.metering.books import OpenBooks, open_books
from undercut.operate.metering.checks import check_books
from undercut.operate.metering.key_rows import KeyTerms as Terms
from undercut.operate.metering.key_rows import create_key, list_keys, rotate_key
from undercut.operate.metering.limit_rows import NewLimits, key_to_change, set_limits
from undercut.operate.metering.migrate import NEWEST
from undercut.operate.metering.schema import limit_changes


def change(books: OpenBooks, caller: Caller, **limits: object) -> None:
    key = books.read(lambda c: key_to_change(c, caller.tenant, caller.key_id))
    books.write(
        lambda c: set_limits(
            c,
            caller.tenant,
            caller.key_id,
            NewLimits(**limits),  # type: ignore[arg-type]
            books.clock.now(),
        ),
        locks=[key.account],
    )


def admits(books: OpenBooks, caller: Caller, inputs: int) -> bool:
    async def ask() -> bool:
        try:
            ticket = await books.gate.admit(caller, inputs, usd("0.00001"))
        except QuotaExceededError:
            return False
        await books.gate.release(ticket)
        return True

    return run(ask())


def test_running_servers_obey_within_a_second(opening: Callable[..., OpenBooks]) -> None:
    server, other = opening(), opening()
    caller, _ = new_caller(server, monthly_inputs=10)
    assert admits(server, caller, 10)
    assert not admits(server, caller, 11)
    change(other, caller, monthly_inputs=20)
    waits(lambda: admits(server, caller, 20))
    assert not admits(server, caller, 21)
    change(other, caller, monthly_inputs=5)
    waits(lambda: not admits(server, caller, 6))
    assert admits(server, caller, 5)
    change(other, caller, monthly_inputs=None, budget=usd("0.00003"))
    waits(lambda: admits(server, caller, 1000))
    assert run(spend(server, caller, times=64)) < 30
    change(other, caller, budget=None, per_minute=3)
    # in the look that first sees it some may still pass unlimited
    waits(lambda: _burst(server, caller) < 64)
    assert _burst(server, caller) <= 3
    change(other, caller, per_minute=None)
    waits(lambda: _burst(server, caller) == 64)
    assert server.read(check_books) == ()


def _burst(books: OpenBooks, caller: Caller) -> int:
    return sum(admits(books, caller, 1) for _ in range(64))


def test_what_was_leased_under_the_old_limit_is_not_spent_beyond_the_new_one(
    opening: Callable[..., OpenBooks],
) -> None:
    """Sixteen callers hold tickets of a large quota when it shrinks: the new one holds at once."""
    server, other = opening(), opening()
    caller, _ = new_caller(server, monthly_inputs=1000)

    async def work() -> int:
        tickets = [await server.gate.admit(caller, 1, None) for _ in range(16)]
        await asyncio.to_thread(change, other, caller, monthly_inputs=5)
        done = await asyncio.gather(
            *(server.record(ticket, answered(caller)) for ticket in tickets),
            return_exceptions=True,
        )
        kinds = {type(one).__name__ for one in done}
        assert kinds == {"Recorded", "QuotaExceededError"}
        return sum(not isinstance(one, BaseException) for one in done)

    assert run(work()) == 5 == inputs_of(server)
    assert server.read(check_books) == ()


def test_a_race_of_64_callers_and_changing_limits(opening: Callable[..., OpenBooks]) -> None:
    servers = [opening(), opening()]
    caller, _ = new_caller(servers[0], monthly_inputs=400)
    servers[1].refresh_keys()

    async def work() -> None:
        callers = [asyncio.create_task(spend(one, caller, times=32)) for one in servers * 2]
        for quota in (30, 90, 50, 70):
            await asyncio.to_thread(change, servers[0], caller, monthly_inputs=quota)
            await asyncio.sleep(0.005)
        await asyncio.gather(*callers)

    run(work())
    before = servers[0].read(
        lambda c: (
            c.execute(select(limit_changes.c.inputs).order_by(limit_changes.c.id)).scalars().all()
        )
    )
    assert len(before) == 4
    assert list(before) == sorted(before)
    limits = (30, 90, 50, 70)
    for (charged, limit), after in zip(
        zip(before, limits, strict=True), [*before[1:], inputs_of(servers[0])], strict=True
    ):
        assert after <= max(limit, charged)
    # the rest is to be had, and no more, once both have heard of the last change
    for one in servers:
        one.refresh_keys()

    def all_spent() -> bool:
        run(spend(servers[0], caller, times=8))
        return inputs_of(servers[0]) >= max(70, before[-1])

    waits(all_spent, 10)
    assert run(spend(servers[0], caller, times=8)) == 0
    assert inputs_of(servers[0]) == max(70, before[-1])
    assert servers[0].read(check_books) == ()


def test_a_limit_below_what_is_used_is_no_damage(opening: Callable[..., OpenBooks]) -> None:
    hands = Hands()
    books = opening(clock=hands.clock())
    caller, _ = new_caller(books)
    at = hands.at
    run(serve(books, answered(caller, inputs=30, cost=usd("2"), at=at), most=usd("3")))
    hands.turn(seconds=1)
    change(books, caller, monthly_inputs=10, budget=usd("1"))
    books.refresh_keys()
    assert books.read(check_books) == ()
    assert not admits(books, caller, 1)
    # a server that has not heard of it charges on for a moment, and that is no damage either
    late = answered(caller, inputs=4, cost=usd("1"), at=hands.at + timedelta(seconds=2))
    _charge_unchecked(books, late)
    assert books.read(check_books) == ()
    damage = answered(caller, inputs=7, cost=usd("1"), at=hands.at + timedelta(minutes=5))
    _charge_unchecked(books, damage)
    problems = books.read(check_books)
    assert any("7 inputs beyond the quota of 10" in problem for problem in problems)
    assert any("1 USD beyond the budget of 1 USD" in problem for problem in problems)


def _charge_unchecked(books: OpenBooks, request: AnsweredRequest) -> None:
    """As a server that knows of no limits."""
    ticket = Ticket(request.caller, request.inputs, None, books.clock.month())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(books.gate, "need", lambda *_: None)
        run(books.record(ticket, request))


def test_keys_that_replaced_each_other_share_a_change(opening: Callable[..., OpenBooks]) -> None:
    books = opening()
    caller, _ = new_caller(books, monthly_inputs=5)
    now = datetime.now(UTC)
    made = books.write(
        lambda c: rotate_key(c, "acme", caller.key_id, now, old_until=now + timedelta(days=1))
    )
    change(books, caller, monthly_inputs=9, budget=usd("1"))
    terms = [key.terms for key in books.read(lambda c: list_keys(c, "acme"))]
    assert {(one.monthly_inputs, one.budget) for one in terms} == {(9, usd("1"))}
    books.refresh_keys()
    renewed = books.gate.authenticate(made.secret)
    assert admits(books, renewed, 9)
    assert not admits(books, renewed, 10)


def test_which_key_is_meant(books: OpenBooks) -> None:
    with pytest.raises(ConfigError, match="has no key"):
        books.read(lambda c: key_to_change(c, "acme", None))
    caller, _ = new_caller(books)
    assert books.read(lambda c: key_to_change(c, "acme", None)).key_id == caller.key_id
    other = books.write(lambda c: create_key(c, "acme", Terms(), datetime.now(UTC)))
    with pytest.raises(ConfigError, match="has to be named"):
        books.read(lambda c: key_to_change(c, "acme", None))
    assert books.read(lambda c: key_to_change(c, "acme", f"uc_{other.key_id}")) is not None
    with pytest.raises(ConfigError, match="no key"):
        books.read(lambda c: key_to_change(c, "other", caller.key_id))


@pytest.mark.parametrize(
    "limits", [{"per_minute": 0}, {"monthly_inputs": -1}, {"budget": Money.parse("0usd")}]
)
def test_limits_that_make_no_sense_change_nothing(
    books: OpenBooks, limits: dict[str, object]
) -> None:
    caller, _ = new_caller(books, monthly_inputs=5)
    with pytest.raises(ConfigError, match="above 0"):
        change(books, caller, **limits)
    assert books.read(lambda c: list_keys(c, "acme"))[0].terms.monthly_inputs == 5
    assert books.read(lambda c: c.execute(select(limit_changes.c.id)).all()) == []


def test_books_of_the_first_schema_are_brought_up_to_date(books_at: str) -> None:
    with open_books(books_at) as first:
        caller, secret = new_caller(first, monthly_inputs=5)
        run(serve(first, answered(caller)))
        first.write(lambda c: c.execute(text("DROP TABLE limit_changes")))
        first.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '0001'")))
    with open_books(books_at) as second:
        assert second.gate.authenticate(secret) == caller
        assert inputs_of(second) == 1
        change(second, caller, monthly_inputs=7)
        second.refresh_keys()
        assert admits(second, caller, 6)
        version = second.read(
            lambda c: c.execute(text("SELECT version_num FROM alembic_version")).scalar()
        )
        assert version == NEWEST
        assert second.read(check_books) == ()
