"""`undercut keys` and `undercut usage`, on books that a server could use."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli_fakes import Call

from undercut.core.money import Money
from undercut.core.requests import AnsweredRequest, Role
from undercut.operate.metering.books import OpenBooks, open_books
from undercut.operate.metering.migrate import bring_up_to_date
from undercut.runs.books import book_serving_cost, books_url, open_books_here


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    place = f"sqlite:///{tmp_path / 'books.sqlite'}"
    monkeypatch.setenv("UNDERCUT_BOOKS", place)
    return place


@pytest.fixture
def server(url: str) -> Iterator[OpenBooks]:
    with open_books(url) as books:
        yield books


def test_a_key_from_making_to_revoking(undercut_cli: Call, server: OpenBooks) -> None:
    made = undercut_cli("keys", "create", "acme", "--per-minute", "9", "--budget", "50usd")
    secret = made.out.strip()
    assert made.code == 0
    assert "not shown again" in made.err
    assert secret not in made.err
    server.refresh_keys()
    caller = server.gate.authenticate(secret)
    assert (caller.tenant, caller.roles) == ("acme", {Role.PREDICT})
    listed = undercut_cli("keys", "list", "acme")
    assert caller.key_id in listed.out
    assert "$50.00" in listed.out
    assert secret[17:] not in listed.out
    again = json.loads(undercut_cli("keys", "rotate", "acme", f"uc_{caller.key_id}", "--json").out)
    assert again["key"].startswith(f"uc_{again['key_id']}")
    assert undercut_cli("keys", "revoke", "acme", caller.key_id).code == 0
    states = {one["key_id"]: one for one in json.loads(undercut_cli("keys", "list", "--json").out)}
    assert states[caller.key_id]["state"] == "revoked"
    assert states[again["key_id"]]["state"] == "active"
    assert states[again["key_id"]]["budget"] == "50 USD"
    assert states[again["key_id"]]["account"] == caller.key_id


def test_what_is_wrong_is_said(undercut_cli: Call, url: str, tmp_path: Path) -> None:
    for arguments, said in (
        (("keys", "create", "../x"), "tenant"),
        (("keys", "create", "acme", "--budget", "much"), "money"),
        (("keys", "create", "acme", "--monthly", "0"), "monthly"),
        (("keys", "revoke", "acme", "nothing"), "no key"),
        (("usage", "acme", "--month", "November"), "YYYY-MM"),
        (("usage", "acme", "--books", "mysql://x"), "mysql"),
        (("keys",), "Missing command"),
    ):
        outcome = undercut_cli(*arguments)
        assert (outcome.code, said in outcome.err) == (2, True), outcome
        assert "Traceback" not in outcome.err


def test_books_that_cannot_be_reached_are_told(
    undercut_cli: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    # how long a server that is starting is waited for
    monkeypatch.setattr(bring_up_to_date, "__kwdefaults__", {"wait_seconds": 0.3})
    gone = undercut_cli("usage", "acme", "--books", "postgresql://u:hidden@127.0.0.1:1/none")
    assert gone.code == 7
    assert "hidden" not in gone.err


def test_usage_of_a_month(undercut_cli: Call, server: OpenBooks, tmp_path: Path) -> None:
    secret = undercut_cli("keys", "create", "acme").out.strip()
    server.refresh_keys()
    caller = server.gate.authenticate(secret)
    at = datetime(2026, 11, 3, tzinfo=UTC)

    async def work() -> None:
        for number, cost in enumerate((Money.parse("0.5usd"), None)):
            ticket = await server.gate.admit(caller, 4, None)
            request = AnsweredRequest(
                f"r{number}", caller, "plan", 4, 40, {"ngram": 4}, cost, at, b"{}"
            )
            await server.record(ticket, request)

    asyncio.run(work())
    month = server.clock.month()
    events = tmp_path / "events.jsonl"
    shown = undercut_cli("usage", "acme", "--month", month, "--cloudevents", str(events))
    assert "1 unknown" in shown.out
    assert "$0.50" in shown.out
    assert [json.loads(line)["id"] for line in events.read_text().splitlines()] == ["r0", "r1"]
    exact = json.loads(undercut_cli("usage", "acme", "--month", month, "--json").out)
    assert exact["total"] == {
        "requests": 2,
        "inputs": 8,
        "tokens": 80,
        "own_cost": {"USD": "0.5"},
        "unknown_cost": 1,
    }
    assert json.loads(undercut_cli("usage", "other", "--json").out)["total"]["requests"] == 0
    assert len(book_serving_cost(server, tmp_path / "ledger.sqlite", through=at.date())) == 2


def test_where_the_books_are() -> None:
    assert books_url(None, {}) == "sqlite:///undercut-books.sqlite"
    assert books_url(None, {"UNDERCUT_BOOKS": "sqlite:///a"}) == "sqlite:///a"
    assert books_url("sqlite:///b", {"UNDERCUT_BOOKS": "sqlite:///a"}) == "sqlite:///b"


def test_books_are_made_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNDERCUT_BOOKS", raising=False)
    monkeypatch.chdir(tmp_path)
    open_books_here().close()
    assert (tmp_path / "undercut-books.sqlite").is_file()
