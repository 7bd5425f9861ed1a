"""Recording and replaying: one row, one claim and one charge for each answered request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from metering_requests import answered, new_caller, run, serve, usd
from sqlalchemy import func, select, text

from undercut.core.errors import ConfigError, IdempotencyConflictError, InputError
from undercut.core.requests import AnsweredRequest, Caller, Recorded, Ticket
from undercut.operate.metering.books import OpenBooks, open_books
from undercut.operate.metering.checks import check_books
from undercut.operate.metering.schema import claims, metadata, requests
from undercut.operate.metering.usage import usage


def rows(books: OpenBooks) -> int:
    return int(
        books.read(lambda c: c.execute(select(func.count()).select_from(requests)).scalar_one())
    )


def test_a_recorded_request_is_a_row_and_a_sum(books: OpenBooks) -> None:
    caller, _ = new_caller(books)
    for cost in ("0.1", "0.000000000000000001", "0.000000001"):
        run(serve(books, answered(caller, inputs=3, cost=usd(cost))))
    run(serve(books, answered(caller, cost=None)))
    found = books.read(lambda c: usage(c, "acme", _month()))
    assert found.total.requests == 4
    assert found.total.inputs == 10
    assert found.total.tokens == 70
    assert found.total.costs == (usd("0.100000001000000001"),)
    assert found.total.unknown_cost == 1
    assert books.read(check_books) == ()


def test_a_repeat_gets_the_first_answer_and_costs_nothing(books: OpenBooks) -> None:
    caller, _ = new_caller(books)
    big = bytes(range(256)) * 40 + b"x" * 5000
    first = run(serve(books, answered(caller, key="k1", answer=big)))
    again = run(serve(books, answered(caller, key="k1", answer=b"another")))
    assert (first.repeat, first.answer) == (False, big)
    assert (again.repeat, again.answer) == (True, big)
    assert rows(books) == 1
    assert run(books.replay(caller, "k1", answered(caller).body_sha256)) == big
    assert run(books.replay(caller, "k2", answered(caller).body_sha256)) is None


def test_the_same_key_with_another_body_is_a_conflict(books: OpenBooks) -> None:
    caller, _ = new_caller(books)
    run(serve(books, answered(caller, key="k1", body="one")))
    with pytest.raises(IdempotencyConflictError):
        run(serve(books, answered(caller, key="k1", body="two")))
    with pytest.raises(IdempotencyConflictError):
        run(books.replay(caller, "k1", answered(caller, body="two").body_sha256))
    assert rows(books) == 1


def test_a_large_answer_is_stored_packed(books: OpenBooks) -> None:
    caller, _ = new_caller(books)
    run(serve(books, answered(caller, key="k1", answer=b"a" * 50_000)))
    stored = books.read(lambda c: c.execute(select(claims.c.answer)).scalar_one())
    assert len(stored) < 1000


def test_keys_of_two_tenants_do_not_meet(books: OpenBooks) -> None:
    one, _ = new_caller(books, "one")
    two, _ = new_caller(books, "two")
    run(serve(books, answered(one, key="same", request_id="r", answer=b"for one")))
    other = run(serve(books, answered(two, key="same", request_id="r", body="b", answer=b"two")))
    assert (other.repeat, other.answer) == (False, b"two")
    assert run(books.replay(two, "same", answered(two, body="b").body_sha256)) == b"two"
    assert books.read(lambda c: usage(c, "one", _month())).total.requests == 1
    assert books.read(lambda c: usage(c, "three", _month())).total.requests == 0


def test_racing_repeats_are_charged_once(opening: Callable[..., OpenBooks]) -> None:
    """In one process and in two: one charge, the same bytes for everyone."""
    one, two = opening(), opening()
    caller, _ = new_caller(one)
    two.refresh_keys()

    async def race() -> list[bytes]:
        work = [
            serve(books, answered(caller, key=f"k{n % 5}", answer=f"{n}-{id(books)}".encode()))
            for n in range(100)
            for books in (one, two)
        ]
        return [done.answer for done in await asyncio.gather(*work)]

    answers = run(race())
    assert rows(one) == 5
    for n in range(5):
        assert len({answers[i] for i in range(200) if (i // 2) % 5 == n}) == 1
    assert one.read(check_books) == ()


def test_a_conflict_in_the_same_group_is_one(books: OpenBooks) -> None:
    caller, _ = new_caller(books)

    async def race() -> list[object]:
        bodies = ["a", "a", "b", "a", "b"]
        work = [serve(books, answered(caller, key="k", body=body)) for body in bodies]
        return await asyncio.gather(*work, return_exceptions=True)

    kinds = [type(one).__name__ for one in run(race())]
    assert kinds.count("IdempotencyConflictError") == 2
    assert rows(books) == 1


def test_followers_of_a_lost_claim_are_judged_by_the_standing_body(books: OpenBooks) -> None:
    caller, _ = new_caller(books)
    run(serve(books, answered(caller, key="k", body="b", answer=b"first")))

    async def race() -> list[object]:
        work = [serve(books, answered(caller, key="k", body=body)) for body in "abb"]
        return await asyncio.gather(*work, return_exceptions=True)

    conflict, *repeats = run(race())
    assert isinstance(conflict, IdempotencyConflictError)
    assert [one.answer for one in repeats] == [b"first", b"first"]  # type: ignore[attr-defined]


def test_a_request_id_is_used_once(books: OpenBooks) -> None:
    """Its neighbours in the group go through; a free second row would be a free answer."""
    caller, _ = new_caller(books)
    run(serve(books, answered(caller, request_id="twice")))

    async def race() -> list[object]:
        work = [serve(books, answered(caller, request_id=name)) for name in ("a", "twice", "b")]
        return await asyncio.gather(*work, return_exceptions=True)

    kinds = [type(one).__name__ for one in run(race())]
    assert kinds == ["Recorded", "IdempotencyConflictError", "Recorded"]
    assert rows(books) == 3
    assert books.read(check_books) == ()


def test_a_retry_with_the_same_request_id_and_key_is_a_repeat(books: OpenBooks) -> None:
    caller, _ = new_caller(books)
    first = run(serve(books, answered(caller, request_id="r", key="k", answer=b"1")))
    again = run(serve(books, answered(caller, request_id="r", key="k", answer=b"2")))
    assert (first.repeat, again.repeat, again.answer) == (False, True, b"1")


def test_a_caller_who_gave_up_is_charged_and_gets_the_answer_later(books: OpenBooks) -> None:
    caller, _ = new_caller(books, monthly_inputs=10)

    async def give_up() -> None:
        ticket = await books.gate.admit(caller, 1, None)
        task = asyncio.create_task(books.record(ticket, answered(caller, key="k", answer=b"1")))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(give_up())
    again = run(serve(books, answered(caller, key="k", answer=b"2")))
    assert (again.repeat, again.answer) == (True, b"1")
    assert rows(books) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "sp\nace", "schlüssel", "\0"])
def test_what_is_no_idempotency_key(books: OpenBooks, key: str) -> None:
    caller, _ = new_caller(books)
    with pytest.raises(InputError, match="Idempotency-Key"):
        run(books.replay(caller, key, "x"))
    with pytest.raises(InputError, match="Idempotency-Key"):
        run(serve(books, answered(caller, key=key)))


def test_a_server_without_keys_records_too(books: OpenBooks) -> None:
    nobody = Caller("local", "none")
    request = answered(nobody)
    assert not run(books.record(Ticket(nobody, 1), request)).repeat
    assert books.read(lambda c: usage(c, "local", "2026-11")).total.requests == 1


def test_a_text_that_the_database_refuses_harms_no_neighbour(books: OpenBooks) -> None:
    caller, _ = new_caller(books)

    async def race() -> list[object]:
        plans = ["good", "nul\0", "good"]
        work = [serve(books, answered(caller, plan=plan)) for plan in plans]
        return await asyncio.gather(*work, return_exceptions=True)

    kinds = [type(one).__name__ for one in run(race())]
    assert kinds[0] == kinds[2] == "Recorded"
    # SQLite stores what PostgreSQL refuses
    assert kinds[1] in ("Recorded", "InputError")


def test_the_migrations_make_the_schema(books: OpenBooks) -> None:
    def difference(connection: object) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})  # type: ignore[arg-type]
        return [d for d in compare_metadata(context, metadata) if "alembic_version" not in str(d)]

    assert books.read(difference) == []


def test_opening_twice_keeps_the_books(books_at: str) -> None:
    with open_books(books_at) as first:
        identity = first.books_id
        caller, secret = new_caller(first)
        run(serve(first, answered(caller)))
    with open_books(books_at) as second:
        assert second.books_id == identity
        assert second.gate.authenticate(secret) == caller
        assert rows(second) == 1


def test_newer_and_foreign_books_are_refused(books_at: str) -> None:
    with open_books(books_at) as opened:
        opened.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(ConfigError, match="9999"):
        open_books(books_at)


def test_what_is_no_place_for_books(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("not a database at all")
    for url in (
        f"sqlite:///{note}",
        "sqlite://",
        "mysql://x/y",
        "nonsense",
        "sqlite:////no/such/f",
    ):
        with pytest.raises(ConfigError):
            open_books(url)


def test_times_without_a_zone_and_strangers_tickets_are_refused(books: OpenBooks) -> None:
    caller, _ = new_caller(books)
    other = Caller("other", "key")
    request: AnsweredRequest = answered(caller, at=datetime(2026, 1, 1))
    with pytest.raises(ConfigError, match="zone"):
        run(serve(books, request))
    with pytest.raises(ConfigError, match="caller"):
        run(books.record(Ticket(other, 1), answered(caller)))


def _month() -> str:
    return f"{datetime.now(UTC):%Y-%m}"


def test_recording_is_not_interrupted(books: OpenBooks) -> None:
    """Cancelled again and again, it gets its outcome; the cancelling is heard behind it."""
    caller, _ = new_caller(books)
    told: list[Recorded] = []

    async def one() -> None:
        ticket = await books.gate.admit(caller, 1, None)
        told.append(await books.record(ticket, answered(caller, answer=b"1")))
        await asyncio.sleep(10)

    async def cancel() -> None:
        task = asyncio.create_task(one())
        while not told:
            await asyncio.sleep(0)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 1.0)
        assert task.cancelled()

    run(cancel())
    assert [one.answer for one in told] == [b"1"]
    assert rows(books) == 1


def test_a_cancelled_caller_is_told_what_went_wrong(books: OpenBooks) -> None:
    caller, _ = new_caller(books)
    seen: list[Exception] = []

    async def one() -> None:
        ticket = await books.gate.admit(caller, 1, None)
        try:
            await books.record(ticket, answered(caller, request_id="used"))
        except IdempotencyConflictError as error:
            seen.append(error)
            raise

    async def cancel() -> None:
        await serve(books, answered(caller, request_id="used"))
        task = asyncio.create_task(one())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    run(cancel())
    assert len(seen) == 1
    assert rows(books) == 1
