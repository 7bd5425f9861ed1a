"""A price test as a shop would run it: fair, resumable, refusing what is broken."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from undercut.core.errors import ArtefactError, ConfigError, InputError
from undercut.runs.selling.experiment import (
    StartRequest,
    analyse_file,
    price_for,
    record_outcome,
    standing_of,
    start_test,
)

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.fixture
def test_file(tmp_path: Path) -> Path:
    file = tmp_path / "test.json"
    _start(file)
    return file


def _start(file: Path, **changes) -> None:
    given = {
        "file": file,
        "prices": ("75usd", "50usd", "60usd"),
        "control": "60usd",
        "loss_bound": "5000usd",
        "cost": "10usd",
        "floor": "20usd",
        "least_visitors": 4,
    }
    start_test(StartRequest(**(given | changes)), now=NOW)


def test_one_customer_one_price_whatever_happens_between(test_file) -> None:
    first = {name: price_for(test_file, name)["price"] for name in map(str, range(12))}
    assert sorted(first.values()) == ["50 USD"] * 4 + ["60 USD"] * 4 + ["75 USD"] * 4
    for name in first:
        record_outcome(test_file, name, bought=name in {"1", "4"})
    for name, price in first.items():
        again = price_for(test_file, name)
        assert again == {"price": price, "new": False, "test_over": False}


def test_names_of_customers_are_not_in_the_file(test_file) -> None:
    price_for(test_file, "alice@example.org")
    assert "alice" not in test_file.read_text(encoding="utf-8")


def test_a_test_goes_on_where_it_stopped(tmp_path) -> None:
    """Copied in the middle and continued, it shows the same prices."""
    file, copy = tmp_path / "one.json", tmp_path / "two.json"
    _start(file)
    rng = np.random.default_rng(0)
    bought = {str(n): bool(rng.random() < 0.3) for n in range(60)}
    shown = []
    for n in range(60):
        if n == 30:
            copy.write_bytes(file.read_bytes())
        shown.append(price_for(file, str(n))["price"])
        record_outcome(file, str(n), bought=bought[str(n)])
    for n in range(30, 60):
        assert price_for(copy, str(n))["price"] == shown[n]
        record_outcome(copy, str(n), bought=bought[str(n)])
    assert standing_of(copy)["analysis"] == standing_of(file)["analysis"]


def test_after_the_end_new_customers_get_the_result_and_old_ones_keep_their_price(tmp_path) -> None:
    file = tmp_path / "short.json"
    _start(file, loss_bound="1usd")
    mine = price_for(file, "first")["price"]
    record_outcome(file, "first", bought=False)
    now = standing_of(file)
    assert now["verdict"] == "loss bound reached"
    assert now["price_from_now_on"] == "60 USD"
    assert price_for(file, "late") == {"price": "60 USD", "new": False, "test_over": True}
    assert price_for(file, "first")["price"] == mine


def test_many_at_once_lose_nobody(test_file) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: price_for(test_file, f"c{n}"), range(24)))
    assert standing_of(test_file)["open"] == 24


def test_what_cannot_be_is_refused(test_file, tmp_path) -> None:
    with pytest.raises(InputError, match="was shown no price"):
        record_outcome(test_file, "stranger", bought=True)
    with pytest.raises(InputError, match="empty"):
        price_for(test_file, "  ")
    price_for(test_file, "a")
    record_outcome(test_file, "a", bought=True)
    record_outcome(test_file, "a", bought=True)
    with pytest.raises(InputError, match="not taken back"):
        record_outcome(test_file, "a", bought=False)
    with pytest.raises(ConfigError, match="never overwritten"):
        _start(test_file)
    with pytest.raises(InputError, match="below the floor"):
        _start(tmp_path / "x.json", floor="55usd")
    with pytest.raises(ConfigError, match="not among the prices"):
        _start(tmp_path / "x.json", control="61usd")
    with pytest.raises(ConfigError, match="unknown is not zero"):
        _start(tmp_path / "x.json", floor=None)
    with pytest.raises(InputError, match="no price test here"):
        price_for(tmp_path / "none.json", "a")
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: "no json",
        lambda state: json.dumps(state | {"prices": ["50 USD"]}),
        lambda state: json.dumps(state | {"floor": "70 USD"}),
        lambda state: json.dumps(state | {"schema_version": 2}),
        lambda state: json.dumps(state | {"customers": {"x": {"price": 7}}}),
        lambda state: json.dumps(state | {"key": 3}),
    ],
)
def test_a_damaged_file_is_named(test_file, damage) -> None:
    state = json.loads(test_file.read_text(encoding="utf-8"))
    test_file.write_text(damage(state), encoding="utf-8")
    with pytest.raises(ArtefactError, match=r"test\.json"):
        price_for(test_file, "a")


def test_the_floor_is_the_plans_measured_one(costed_plan, tmp_path) -> None:
    market = tmp_path / "market.yaml"
    market.write_text(
        "as_of: 2026-11-01\ncurrency: USD\nown: {name: t, price: 60, share: 0.1, "
        "monthly_answers: 40_000_000}\n",
        encoding="utf-8",
    )
    plan = {"plan": costed_plan, "market": market, "cost": None, "floor": None}
    _start(tmp_path / "t.json", **plan)
    assert "measured" in standing_of(tmp_path / "t.json")["floor_source"]
    with pytest.raises(InputError, match="below the floor"):
        _start(tmp_path / "u.json", prices=("0.1usd", "60usd"), **plan)


def test_a_finished_test_from_a_table(tmp_path) -> None:
    table = tmp_path / "counts.csv"
    table.write_text("price,visitors,sales\n50usd,1000,100\n60usd,1000,60\n", encoding="utf-8")
    found = analyse_file(table, cost="10usd", control="60usd")
    assert found["best"] == "50 USD"
    assert found["prices"][0]["profit_a_visitor"] == pytest.approx(4.0)
    for text, said in (
        ("price,visitors\n50usd,1000\n", "sales missing"),
        ("price,visitors,sales\n50usd,10,11\n", ":2: 11 sales by 10"),
        ("price,visitors,sales\n50usd,10,1\n60cny,10,1\n", ":3: .*one currency"),
        ("price,visitors,sales\n50usd,10,1\n50usd,10,1\n", ":3: .*twice"),
        ("price,visitors,sales\n50usd,ten,1\n", "whole number"),
        ("price,visitors,sales\n", "no line"),
        ("price,visitors,sales\nfifty,10,1\n", ":2: not an amount"),
    ):
        table.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=said):
            analyse_file(table, cost="10usd", control="50usd")
    with pytest.raises(InputError, match="cannot be read"):
        analyse_file(tmp_path / "none.csv", cost="10usd", control="50usd")


def test_the_commands(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    from undercut.cli.main import run_command_line

    file = str(tmp_path / "t.json")
    begin = ["experiment", "start", file, "--price", "50usd", "--price", "60usd"]
    begin += ["--control", "60usd", "--loss-bound", "100usd", "--floor", "20usd", "--cost", "5usd"]
    assert run_command_line(begin) == 0
    capsys.readouterr()
    assert run_command_line(["experiment", "next", file, "alice"]) == 0
    assert capsys.readouterr().out in {"50 USD\n", "60 USD\n"}
    assert run_command_line(["experiment", "record", file, "alice", "--bought"]) == 0
    assert run_command_line(["experiment", "show", file]) == 0
    assert "goes on" in capsys.readouterr().out
    assert run_command_line(["experiment", "show", file, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["open"] == 0
    assert run_command_line(["experiment", "record", file, "bob", "--bought"]) == 3
    assert "was shown no price" in capsys.readouterr().err
