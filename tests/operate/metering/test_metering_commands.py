"""`undercut keys set` and `undercut books`, beside a server, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from metering_requests import answered, new_caller, run, serve, usd
from sqlalchemy import Connection, text
from test_metering_keys import waits
from test_metering_set_limits import admits

from undercut.cli.main import run_command_line
from undercut.operate.metering.books import OpenBooks

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(
    books_at: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Call:
    monkeypatch.setenv("UNDERCUT_BOOKS", books_at)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = run_command_line(arguments)
        return (code, *capsys.readouterr())

    return command


def test_limits_are_set_beside_a_running_server(books: OpenBooks, call: Call) -> None:
    caller, _ = new_caller(books, monthly_inputs=5, per_minute=600)
    assert not admits(books, caller, 6)
    code, out, _ = call("keys", "set", "acme", caller.key_id, "--monthly", "1,000", "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["monthly_inputs"], told["per_minute"], told["budget"]) == (1000, 600, None)
    waits(lambda: admits(books, caller, 1000))
    code, out, _ = call(
        "keys", "set", "acme", "--monthly", "none", "--per-minute", "none", "--budget", "50usd"
    )
    assert (code, "$50.00" in out) == (0, True)
    waits(lambda: admits(books, caller, 100_000))
    assert call("books", "check")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("acme",), "nothing to change"),
        (("nobody", "--monthly", "5"), "has no key"),
        (("acme", "unknown", "--monthly", "5"), "no key"),
        (("acme", "--monthly", "-5"), "--monthly"),
        (("acme", "--monthly", "0"), "above 0"),
        (("acme", "--per-minute", "many"), "number or none"),
        (("acme", "--budget", "much"), "money"),
    ],
)
def test_what_cannot_be_set_is_said(
    books: OpenBooks, call: Call, arguments: tuple[str, ...], said: str
) -> None:
    new_caller(books)
    code, _, err = call("keys", "set", *arguments)
    assert (code, said in err, "Traceback" in err) == (2, True, False), err


def test_books_are_checked_and_booked(books: OpenBooks, call: Call, tmp_path: Path) -> None:
    caller, _ = new_caller(books, monthly_inputs=100)
    today = datetime.now(UTC)
    ledger = str(tmp_path / "ledger.sqlite")
    for days, cost in ((2, usd("0.25")), (1, None), (0, usd("0.5"))):
        at = today - timedelta(days=days)
        run(serve(books, answered(caller, at=at, cost=cost, key=f"k{days}", inputs=2)))
    code, out, _ = call("books", "check", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["adds_up"], found["problems"]) == (True, [])
    assert (found["requests"], found["inputs"], found["answers_kept"]) == (3, 6, 3)
    assert (found["booked"], found["unbooked"]) == (0, 3)

    booked = json.loads(call("books", "book", ledger, "--json")[1])
    assert [(one["requests"], one["own_cost"]) for one in booked] == [(1, "0.25"), (1, None)]
    code, out, _ = call("books", "book", ledger, "--through", f"{today:%Y-%m-%d}")
    assert (code, "$0.50" in out) == (0, True)
    assert "nothing to book" in call("books", "book", ledger, "--through", f"{today:%Y-%m-%d}")[1]
    # what came late is booked as a difference
    run(serve(books, answered(caller, at=today, cost=usd("0.125"))))
    (late,) = json.loads(
        call("books", "book", ledger, "--through", f"{today:%Y-%m-%d}", "--json")[1]
    )
    assert (late["part"], late["own_cost"]) == (2, "0.125")

    code, out, _ = call("books", "check", "--ledger", ledger)
    assert (code, "everything adds up" in out) == (0, True), out
    assert "of 4 requests is booked, of 0 not yet" in out
    shown = json.loads(call("ledger", ledger, "--json")[1])
    assert shown["total"]["amounts"] == {"USD": "0.875"}


DAMAGES = [
    ("month_totals SET inputs = inputs + 1", "sums of rows"),
    ("leases SET inputs = inputs - 1000", "less than nothing"),
    ("leases SET account = 'gone'", "not in the books"),
    ("writers SET last_group = 0", "mark"),
    ("bookings SET requests = requests + 1", "booked"),
    ("bookings SET nano = nano + 1", "attos booked"),
]


def test_what_does_not_add_up_is_told(books: OpenBooks, call: Call, tmp_path: Path) -> None:
    caller, _ = new_caller(books, monthly_inputs=100)
    run(serve(books, answered(caller)))
    # the lease that this server holds now would be given back beside the damage
    books._watcher.close()
    assert call("books", "book", str(tmp_path / "ledger"), "--through", "2099-01-01")[0] == 0
    assert call("books", "check")[0] == 0
    for damage, said in DAMAGES:
        table = damage.split()[0]
        before = books.read(
            lambda c, t=table: c.execute(text(f"SELECT * FROM {t}")).mappings().all()
        )
        books.write(lambda c, d=damage: c.execute(text(f"UPDATE {d}")))
        code, out, _ = call("books", "check", "--json")
        assert code == 6, damage
        assert any(said in problem for problem in json.loads(out)["problems"]), out
        books.write(lambda c, t=table, b=before: _put_back(c, t, b))
    assert call("books", "check")[0] == 0


def _put_back(connection: Connection, table: str, before: Sequence[Mapping[str, object]]) -> None:
    connection.execute(text(f"DELETE FROM {table}"))
    names = list(before[0])
    marks = ", ".join(f":{name}" for name in names)
    connection.execute(
        text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"),
        [dict(row) for row in before],
    )


def test_a_ledger_that_differs_is_told(books: OpenBooks, call: Call, tmp_path: Path) -> None:
    caller, _ = new_caller(books)
    run(serve(books, answered(caller)))
    one, other = str(tmp_path / "one"), str(tmp_path / "other")
    assert call("books", "book", one, "--through", "2099-01-01")[0] == 0
    assert call("books", "book", other, "--through", "2099-01-01")[0] == 0
    code, out, _ = call("books", "check", "--ledger", other)
    assert (code, "not in this ledger" in out) == (6, True)
    books.write(lambda c: c.execute(text("DELETE FROM bookings")))
    code, out, _ = call("books", "check", "--ledger", one)
    assert (code, "never booked" in out) == (6, True)
    assert call("books", "check", "--ledger", str(tmp_path / "nowhere"))[0] == 2


def test_looking_makes_no_books(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERCUT_BOOKS", raising=False)
    for arguments in (
        ("books", "check"),
        ("books", "book", "ledger"),
        ("keys", "set", "acme", "--monthly", "5"),
    ):
        assert run_command_line(arguments) == 2
        assert "there are no books" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
