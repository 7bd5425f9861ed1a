"""`undercut predict`: files and lines in, answers out, problems told."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from cli_fakes import Call

from undercut.cli.predict import default_target
from undercut.core.dataset import FloatArray
from undercut.models.cascade import Cascade, CascadeSpec, StageSpec
from undercut.models.plan import Plan, PlanDescription

CLASSES = ("long", "short")


class LengthModel:
    """Texts of more than ten characters are long."""

    kind = "length"
    classes = CLASSES

    def predict_proba(self, texts: Sequence[str], *, threads: int = 1) -> FloatArray:
        long = np.array([len(text) > 10 for text in texts], dtype=np.float32)
        return np.stack([0.8 * long + 0.1, 0.9 - 0.8 * long], axis=1).astype(np.float32)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    spec = CascadeSpec(stages=(StageSpec(name="quick", weights={"m": 1.0}),))
    made = Plan(
        PlanDescription(
            name="lengths",
            undercut_version="0",
            created="2026-11-23",
            classes=CLASSES,
            cascade=spec,
            models={"m": "models/m"},
            teacher="m",
        ),
        Cascade(spec, {"m": LengthModel()}, CLASSES),
        digest="0",
    )
    monkeypatch.setattr("undercut.models.plan.load_plan", lambda folder: made)
    return made


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    file = tmp_path / "新 工单.csv"
    file.write_text('id,text\n1,hello\n2,"a much longer text"\n3,\n', encoding="utf-8")
    return file


def test_answers_stand_beside_the_file(undercut_cli: Call, plan: Plan, tickets: Path) -> None:
    outcome = undercut_cli("predict", "plan", str(tickets))
    assert outcome.code == 0
    rows = list(csv.DictReader((tickets.parent / "新 工单.answers.csv").open(encoding="utf-8")))
    assert [row["label"] for row in rows] == ["short", "long", ""]
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert "2 answers in" in outcome.out
    assert "1 rows have no text (lines 4)" in outcome.err
    assert "answer 新 工单.csv" in outcome.err


def test_json_is_a_summary_and_nothing_else(
    undercut_cli: Call, plan: Plan, tickets: Path, tmp_path: Path
) -> None:
    out = tmp_path / "answers.jsonl"
    outcome = undercut_cli("predict", "plan", str(tickets), "--out", str(out), "--json", "--quiet")
    summary = json.loads(outcome.out)
    assert (summary["rows"], summary["answered"], summary["empty"]) == (3, 2, 1)
    assert summary["stages"] == {"quick": 2}
    assert summary["out"] == str(out)
    assert len(out.read_text(encoding="utf-8").splitlines()) == 3
    assert outcome.err == ""


def test_rows_that_cannot_be_read_are_told_and_stop_nothing(
    undercut_cli: Call, plan: Plan, tmp_path: Path
) -> None:
    file = tmp_path / "broken.csv"
    file.write_text("id,text\n1,hello\n2,too,many,cells\n3,bye\n", encoding="utf-8")
    outcome = undercut_cli("predict", "plan", str(file), "--quiet")
    assert outcome.code == 0
    assert "2 answers in" in outcome.out
    assert f"{file}:3: " in outcome.err
    assert "rejected" in outcome.err


def test_the_input_is_never_overwritten(undercut_cli: Call, plan: Plan, tickets: Path) -> None:
    before = tickets.read_bytes()
    outcome = undercut_cli("predict", "plan", str(tickets), "--out", str(tickets))
    assert outcome.code == 2
    assert "input file itself" in outcome.err
    assert tickets.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("a/new.csv", "a/new.answers.csv"),
        ("new.csv.gz", "new.answers.csv"),
        ("工单.v2.jsonl", "工单.v2.answers.csv"),
        ("saved", "saved.answers.csv"),
    ],
)
def test_default_target(name: str, target: str) -> None:
    assert default_target(Path(name)) == Path(target)


def test_a_missing_plan(undercut_cli: Call, tmp_path: Path) -> None:
    outcome = undercut_cli("predict", str(tmp_path), str(tmp_path / "gone.csv"))
    assert outcome.code == 6
    assert "plan.json" in outcome.err


def test_a_missing_file(undercut_cli: Call, plan: Plan, tmp_path: Path) -> None:
    outcome = undercut_cli("predict", "plan", str(tmp_path / "gone.csv"))
    assert outcome.code == 3
    assert "gone.csv" in outcome.err
    assert list(tmp_path.iterdir()) == []


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))


def test_lines_in_lines_out(
    undercut_cli: Call, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin(monkeypatch, '\ufeff你好, "friend"\r\n\na text that is long\nlast'.encode())
    outcome = undercut_cli("predict", "plan", "-")
    assert outcome.code == 0, outcome.err
    rows = list(csv.reader(io.StringIO(outcome.out)))
    assert rows[0] == ["text", "label", "confidence", "stage"]
    assert [row[0] for row in rows[1:]] == ['你好, "friend"', "", "a text that is long", "last"]
    assert rows[3][1:] == ["long", "0.9000", "quick"]
    assert outcome.err == ""


def test_lines_as_json(undercut_cli: Call, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("undercut.cli.predict_lines.LINES_AT_ONCE", 2)
    texts = [f"text {number}" for number in range(5)]
    stdin(monkeypatch, "\n".join(texts).encode())
    outcome = undercut_cli("predict", "plan", "-", "--json")
    answers = [json.loads(line) for line in outcome.out.splitlines()]
    assert [answer["text"] for answer in answers] == texts
    assert {answer["label"] for answer in answers} == {"short"}


def test_lines_and_out_contradict(undercut_cli: Call, plan: Plan) -> None:
    outcome = undercut_cli("predict", "plan", "-", "--out", "x.csv")
    assert outcome.code == 2
    assert "stdout" in outcome.err
