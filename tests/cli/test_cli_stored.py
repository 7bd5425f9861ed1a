"""`show`, `ledger` and `doctor`: what is stored and what is here, as tables and as JSON."""

from __future__ import annotations

import io
import json
import sqlite3
import types
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from cli_fakes import Call
from rich.console import Console

from undercut.cli.ledger_table import render_ledger
from undercut.core.ledger import Ledger
from undercut.core.ledger_entries import Entry, Event
from undercut.core.money import Money
from undercut.core.price_files import load_prices
from undercut.core.usage import Unit, Usage
from undercut.runs.report.documents import document_json

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture
def finished(tmp_path: Path, samples: types.ModuleType) -> Path:
    """An output folder with a report and a ledger: paid, failed, reused, unpriced, open."""
    out = tmp_path / "输出"
    out.mkdir()
    (out / "report.json").write_text(document_json(samples.certified()), encoding="utf-8")
    host = load_prices().host("c7i.large")
    with Ledger.open(out / "ledger.sqlite") as book:

        def attempt(name: str, stage: str, end: Event | None, *, priced: bool = True) -> int:
            price = host if priced else None
            for event in (Event.STARTED, *([end] if end else [])):
                entry = book.append(
                    run_id="first",
                    attempt_id=name,
                    stage=stage,
                    event=event,
                    at=NOW,
                    usage=() if event is Event.STARTED else SPENT,
                    price=price,
                    artefact=f"key-{stage}",
                )
            return entry.id

        payer = attempt("a", "teacher", Event.FINISHED)
        attempt("b", "teacher", Event.FAILED)
        attempt("c", "labels", Event.FINISHED, priced=False)
        attempt("d", "plan", None)
        book.append(
            run_id="second",
            attempt_id="e",
            stage="teacher",
            event=Event.REUSED,
            at=NOW,
            artefact="key-teacher",
            paid_by=payer,
        )
    return out


SPENT = (Usage(Unit.WALL_SECONDS, Decimal("36.5")), Usage(Unit.CPU_SECONDS, Decimal("70.25")))


def test_show_tells_the_report_again(undercut_cli: Call, finished: Path) -> None:
    outcome = undercut_cli("show", str(finished))
    assert (outcome.code, outcome.err) == (0, "")
    assert "93.7%" in outcome.out


def test_show_in_chinese_and_as_json(undercut_cli: Call, finished: Path) -> None:
    assert "已认证" in undercut_cli("show", str(finished), "--language", "zh").out
    assert json.loads(undercut_cli("show", str(finished), "--json").out)["schema_version"] == 1


@pytest.mark.parametrize("command", ["show", "ledger"])
def test_a_folder_without_a_run_is_refused_and_left_alone(
    undercut_cli: Call, tmp_path: Path, command: str
) -> None:
    outcome = undercut_cli(command, str(tmp_path))
    assert outcome.code == 6
    assert "--out" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_ledger_table_names_payers_and_unknown_costs(undercut_cli: Call, finished: Path) -> None:
    outcome = undercut_cli("ledger", str(finished))
    assert outcome.code == 0
    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert any("reused entry 2" in line for line in lines)
    assert any(line.startswith("7 plan open") for line in lines)
    assert any(line.startswith("total") and "1 unknown" in line for line in lines)
    assert "add up" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_a_narrow_ledger_cuts_names_and_no_numbers() -> None:
    entries = [
        Entry(
            id=number,
            run_id="r",
            attempt_id=str(number),
            stage="a-stage-with-quite-a-long-name-that-nobody-needs-whole",
            event=Event.FINISHED,
            at=datetime(2026, 11, 23, tzinfo=UTC),
            usage=(Usage.measured(Unit.WALL_SECONDS, 108.8),),
            amount=Money.parse("0.00000973 USD"),
        )
        for number in (1, 2)
    ]
    console = Console(width=72, file=io.StringIO())
    render_ledger(entries, [], console)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert shown.count("$0.00000973") == 2
    assert "finished" in shown
    assert "108.8" in shown
    assert "a-stag" in shown


def test_ledger_json_adds_up_exactly(undercut_cli: Call, finished: Path) -> None:
    book = json.loads(undercut_cli("ledger", str(finished), "--json").out)
    amounts = [Decimal(entry["amount"]) for entry in book["entries"] if entry["amount"]]
    stages = [Decimal(total["amounts"].get("USD", 0)) for total in book["stages"].values()]
    assert len(amounts) == 2
    assert sum(amounts) == sum(stages) == Decimal(book["total"]["amounts"]["USD"])
    assert book["total"]["unpriced"] == 1
    assert book["total"]["usage"]["wall_seconds"] == "109.5"
    assert book["problems"] == []


def test_a_forged_ledger_is_told_and_exits_with_6(undercut_cli: Call, finished: Path) -> None:
    forger = sqlite3.connect(finished / "ledger.sqlite")
    forger.execute("DROP TRIGGER entries_stay")
    forger.execute("UPDATE entries SET amount = '0.00001' WHERE event = 'finished' AND amount > 0")
    forger.commit()
    forger.close()
    outcome = undercut_cli("ledger", str(finished))
    assert outcome.code == 6
    assert "does not add up" in outcome.out
    assert json.loads(undercut_cli("ledger", str(finished), "--json").out)["problems"]


def test_a_file_that_is_no_ledger_is_refused(undercut_cli: Call, tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database at all, but long enough" * 40)
    outcome = undercut_cli("ledger", str(tmp_path))
    assert outcome.code == 6
    assert "Traceback" not in outcome.err


def test_doctor_says_what_will_be_used(undercut_cli: Call) -> None:
    outcome = undercut_cli("doctor")
    assert outcome.code == 0
    for word in ("processor", "memory", "GPU", "predicting", "encoder", "c7i.large"):
        assert word in outcome.out


def test_doctor_as_json(undercut_cli: Call, tmp_path: Path) -> None:
    outcome = undercut_cli("doctor", "--json", "--out", str(tmp_path / "not yet" / "there"))
    found = json.loads(outcome.out)
    assert found["machine"]["cores"] >= 1
    assert found["machine"]["libraries"]["numpy"]
    assert found["price"]["id"] == "c7i.large"
    assert found["folder"] == str(tmp_path)
    assert outcome.err == ""


def test_doctor_with_an_unknown_host(undercut_cli: Call) -> None:
    outcome = undercut_cli("doctor", "--host", "c7i.larg")
    assert outcome.code == 2
    assert "c7i.large" in outcome.err
