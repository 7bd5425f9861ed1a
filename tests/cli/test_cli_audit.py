"""`undercut audit`: tasks out, a certificate back, words for both."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from cli_fakes import Call


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    rows = [f"{'pay' if row % 2 else 'close'} account {row},{'ab'[row % 2]}" for row in range(300)]
    path.write_text("\n".join(["text,label", *rows, "unlabelled text,"]) + "\n", encoding="utf-8")
    return tmp_path


def test_draw_then_certify(undercut_cli: Call, labels: Path) -> None:
    drawn = undercut_cli("audit", str(labels), "--sample", "60")
    assert drawn.code == 0
    tasks = Path(drawn.out.strip())
    assert tasks == labels / "audit" / "tasks.csv"
    assert "60 of 300 labels" in drawn.err
    assert "1 rows without a label" in drawn.err
    with tasks.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    filled = labels / "filled.csv"
    with filled.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["task", "text", "truth"])
        writer.writeheader()
        for at, row in enumerate(rows):
            truth = "b" if row["text"].startswith("pay") else "a"
            writer.writerow(row | {"truth": "neither" if at == 0 else truth})
    shown = undercut_cli("audit", str(labels), "--answers", str(filled), "--target-error", "0.05")
    assert shown.code == 0
    assert "NOT met" in shown.out  # one wrong of 60 proves 7.7% only
    assert "Not covered: 1 rows" in shown.out
    assert "none of the labels" in shown.out
    told = json.loads(undercut_cli("audit", str(labels), "--answers", str(filled), "--json").out)
    assert told["wrong"] == 1
    assert told["met"] is None
    kept = json.loads((labels / "certificate.json").read_text(encoding="utf-8"))
    assert kept["error_upper"] == told["error_upper"]


def test_a_second_sample_must_be_asked_for(undercut_cli: Call, labels: Path) -> None:
    assert undercut_cli("audit", str(labels), "--sample", "60", "--quiet").err == ""
    other = undercut_cli("audit", str(labels), "--sample", "61")
    assert other.code != 0
    assert "--again" in other.err
    told = undercut_cli("audit", str(labels), "--sample", "60", "--json")
    assert json.loads(told.out)["drawn_before"] is True
