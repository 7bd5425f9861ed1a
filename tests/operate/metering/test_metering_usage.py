"""Usage, its export, the ledger and deployments: sums that agree wherever they are shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from metering_requests import NOON, answered, new_caller, run, serve, usd
from sqlalchemy import delete, text, update

from undercut.core.errors import ConfigError
from undercut.core.ledger import Ledger
from undercut.core.money import Money
from undercut.operate.metering.amounts import attos, joined, money, split
from undercut.operate.metering.books import OpenBooks
from undercut.operate.metering.checks import check_books
from undercut.operate.metering.clock import Clock
from undercut.operate.metering.cloud_events import cloud_events
from undercut.operate.metering.deployments import (
    Deployment,
    append_deployment,
    deployments_since,
)
from undercut.operate.metering.own_cost import book_own_cost
from undercut.operate.metering.schema import bookings, claims, month_totals, requests
from undercut.operate.metering.usage import usage
from undercut.runs.serving_usage import BooksUsage
from undercut.runs.usage_export import export_cloud_events

TODAY = date(2026, 11, 20)


@pytest.fixture
def filled(opening: Callable[..., OpenBooks]) -> OpenBooks:
    """Two tenants, two days, two plans, two currencies and an unknown cost, in November."""
    books = opening(clock=Clock(now=lambda: NOON))
    one, _ = new_caller(books, "one")
    two, _ = new_caller(books, "two")
    lines = [
        (one, NOON, "plan-1", usd("0.25")),
        (one, NOON, "plan-2", usd("0.0000000001")),
        (one, NOON - timedelta(days=1), "plan-1", Money.parse("2eur")),
        (one, NOON, "plan-1", None),
        (two, NOON, "plan-1", usd("7")),
    ]
    for caller, at, plan, cost in lines:
        run(serve(books, answered(caller, at=at, plan=plan, cost=cost, inputs=2), most=None))
    return books


def test_usage_by_day_key_and_plan(filled: OpenBooks) -> None:
    found = filled.read(lambda c: usage(c, "one", "2026-11"))
    assert (found.total.requests, found.total.inputs, found.total.tokens) == (4, 8, 56)
    assert found.total.costs == (Money.parse("2eur"), usd("0.2500000001"))
    assert found.total.unknown_cost == 1
    assert {day: used.requests for day, used in found.by_day.items()} == {
        "2026-11-19": 1,
        "2026-11-20": 3,
    }
    assert [used.requests for used in found.by_key.values()] == [4]
    assert found.by_plan["plan-2"].costs == (usd("0.0000000001"),)
    empty = filled.read(lambda c: usage(c, "one", "2026-10"))
    assert (empty.total.requests, empty.total.costs, empty.by_day) == (0, (), {})
    for month in ("2026-13", "2026-1", "x", "2026-11\n"):
        with pytest.raises(ConfigError, match="YYYY-MM"):
            filled.read(lambda c, m=month: usage(c, "one", m))


def test_the_http_side_sums_the_same(filled: OpenBooks) -> None:
    caller, _ = new_caller(filled, "one")
    mixed = replace(answered(caller, inputs=5, cost=usd("1")), stages={"ngram": 3, "small": 2})
    run(serve(filled, mixed, most=None))
    found = run(BooksUsage(filled).month_usage("one", "2026-11"))
    total = filled.read(lambda c: usage(c, "one", "2026-11")).total
    assert (found.requests, found.inputs, found.tokens) == (5, 13, 91)
    assert (total.requests, total.inputs, total.tokens) == (5, 13, 91)
    assert found.costs == total.costs == (Money.parse("2eur"), usd("1.2500000001"))
    assert found.unknown_cost_inputs == 2
    assert found.stages == {"ngram": 11, "small": 2}
    nothing = run(BooksUsage(filled).month_usage("nobody", "2026-11"))
    assert (nothing.requests, nothing.costs, nothing.stages) == (0, (), {})


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (update(month_totals).values(inputs=month_totals.c.inputs + 1), "sums of rows"),
        (delete(requests).where(requests.c.plan == "plan-2"), "sums of rows"),
        (delete(claims), "does not claim"),
        (text("UPDATE accounts SET monthly_inputs = 1"), "beyond the quota"),
        (text("UPDATE accounts SET budget = '0.001 USD'"), "beyond the budget"),
        (text("UPDATE accounts SET tenant = 'x'"), "an account of x"),
    ],
)
def test_damage_is_found(filled: OpenBooks, damage: object, said: str) -> None:
    caller, _ = new_caller(filled, "one")
    run(serve(filled, answered(caller, key="k")))
    assert filled.read(check_books) == ()
    filled.write(lambda c: c.execute(damage))  # type: ignore[call-overload]
    assert any(said in problem for problem in filled.read(check_books))


def test_cloud_events_are_whole_and_stable(filled: OpenBooks, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert export_cloud_events(filled, "one", "2026-11", path) == 4
    first = path.read_bytes()
    assert export_cloud_events(filled, "one", "2026-11", path) == 4
    assert path.read_bytes() == first
    events = [json.loads(line) for line in first.splitlines()]
    for event in events:
        # the required attributes of CloudEvents 1.0.2, and RFC 3339 times
        assert event["specversion"] == "1.0"
        assert event["source"].endswith(":one")
        assert event["type"].startswith("dev.undercut.")
        assert event["id"]
        assert datetime.fromisoformat(event["time"]).tzinfo is not None
        assert event["time"].endswith("Z")
    assert len({(event["source"], event["id"]) for event in events}) == 4
    costs = [event["data"]["own_cost"] for event in events]
    assert costs.count(None) == 1
    assert {"amount": "0.0000000001", "currency": "USD"} in costs
    assert b"two" not in first


def test_long_exports_are_paged(filled: OpenBooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("undercut.operate.metering.cloud_events._AT_ONCE", 2)
    with filled.reading() as connection:
        lines = list(cloud_events(connection, "id", "one", "2026-11"))
    assert len(lines) == 4


def test_own_cost_is_booked_once(filled: OpenBooks, tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        assert len(book_own_cost(filled, ledger, through=TODAY - timedelta(days=1), now=NOON)) == 1
        assert ledger.total().amounts == (Money.parse("2eur"),)
        assert len(book_own_cost(filled, ledger, through=TODAY, now=NOON)) == 3
        assert len(book_own_cost(filled, ledger, through=TODAY, now=NOON)) == 0
        total = ledger.total()
        assert total.amounts == (Money.parse("2eur"), usd("7.2500000001"))
        # an unknown cost stays unknown in the ledger
        assert total.unpriced == 1
        # requests that came after a day was booked are booked as its next part
        caller, _ = new_caller(filled, "one")
        run(serve(filled, answered(caller, cost=usd("0.5"), at=NOON), most=None))
        assert len(book_own_cost(filled, ledger, through=TODAY, now=NOON)) == 1
        assert ledger.total().amounts[1] == usd("7.7500000001")
        assert ledger.verify() == ()
    assert filled.read(check_books) == ()


def test_a_booking_that_was_cut_short_is_finished(filled: OpenBooks, tmp_path: Path) -> None:
    """The process died after the ledger was written and before the books were told, or before."""
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        book_own_cost(filled, ledger, through=TODAY, now=NOON)
        before = ledger.total()
        filled.write(lambda c: c.execute(update(bookings).values(in_ledger=0)))
        later = NOON + timedelta(hours=1)
        assert len(book_own_cost(filled, ledger, through=TODAY, now=later)) == 4
        assert ledger.total() == before
        assert len(ledger.entries()) == 8
    with Ledger.open(tmp_path / "never-written.sqlite") as other:
        filled.write(lambda c: c.execute(update(bookings).values(in_ledger=0)))
        book_own_cost(filled, other, through=TODAY, now=NOON)
        assert other.total() == before


def test_deployments_are_read_on(books: OpenBooks) -> None:
    steps = [
        Deployment(NOON, "deploy", "plans/a", "d1", canary_share="0.1", actor="ops"),
        Deployment(NOON, "rollback", "plans/a", "d0", shadow=True, detail_json='{"why": "slow"}'),
    ]
    ids = [books.write(lambda c, s=step: append_deployment(c, s)) for step in steps]
    assert ids == sorted(ids)
    assert books.read(deployments_since) == tuple(zip(ids, steps, strict=True))
    assert books.read(lambda c: deployments_since(c, ids[0])) == ((ids[1], steps[1]),)
    assert books.read(lambda c: deployments_since(c, limit=1)) == ((ids[0], steps[0]),)


@pytest.mark.parametrize("written", ["0", "1", "-3.5", "0.000000000000000001", "999999999.99"])
def test_amounts_survive_their_columns(written: str) -> None:
    amount = Money.parse(f"{written}usd")
    nano, atto = split(attos(amount))
    assert 0 <= atto < 10**9
    assert money(joined(nano, atto), "USD") == amount


def test_an_amount_beyond_the_columns_is_refused() -> None:
    with pytest.raises(ConfigError, match="below 1e9"):
        attos(usd("1000000000"))


def test_months_turn_in_utc() -> None:
    now = [datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)]
    clock = Clock(now=lambda: now[0])
    assert clock.month() == "2026-12"
    assert clock.seconds_to_next_month() == pytest.approx(1e-6)
    now[0] += timedelta(microseconds=1)
    assert clock.month() == "2027-01"
    assert clock.seconds_to_next_month() == 31 * 86400
