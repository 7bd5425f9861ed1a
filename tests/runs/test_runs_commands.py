"""The commands on a real finished job, as a user types them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from main_job_files import Job, write_rows


def undercut(*words: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "undercut", *map(str, words)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


def test_predict_adds_columns_and_keeps_order(job: Job, tmp_path: Path) -> None:
    questions = write_rows(tmp_path / "questions.csv", job.rows)
    answers = tmp_path / "answers.csv"
    result = undercut("predict", job.out / "plan", questions, "--out", answers)
    assert result.returncode == 0, result.stderr
    with answers.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["text", "intent", "label", "confidence", "stage"]
    assert [row["text"] for row in rows] == [text for text, _ in job.rows]
    right = sum(row["label"] == row["intent"] for row in rows) / len(rows)
    assert right == pytest.approx(job.report.plan.accuracy, abs=0.01)


def test_show_prints_the_report_again(job: Job) -> None:
    shown = undercut("show", job.out, "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["plan"]["name"] == job.report.plan.name
    chinese = undercut("show", job.out, "--language", "zh")
    assert "准确率" in chinese.stdout


def test_the_ledger_adds_up(job: Job) -> None:
    result = undercut("ledger", job.out, "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["problems"] == []
    assert undercut("ledger", job.out).returncode == 0


def test_a_wrong_plan_folder_is_a_clear_error(tmp_path: Path) -> None:
    result = undercut("predict", tmp_path, tmp_path / "x.csv")
    assert result.returncode == 6
    assert "plan.json" in result.stderr
    assert "Traceback" not in result.stderr
