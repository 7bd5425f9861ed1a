"""`undercut label … --then-run` from the command line to a certified plan, on BANKING77."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest

from undercut.cli.exit_codes import ExitCode
from undercut.cli.main import run_command_line

BANKING77 = Path(__file__).parents[3] / "src" / "undercut" / "assets" / "banking77"


def rows_of(name: str, intents: int) -> list[tuple[str, str]]:
    with (BANKING77 / name).open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["intent"]) for row in csv.DictReader(file)]
    names = sorted({intent for _, intent in rows})[:intents]
    return [row for row in rows if row[1] in names]


def write(path: Path, *rows: tuple[str, ...]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return str(path)


@pytest.mark.slow
def test_labels_are_bought_and_a_model_is_trained_on_them(tmp_path: Path) -> None:
    draw = random.Random(0)
    rows = rows_of("train.csv", 6)
    draw.shuffle(rows)
    rows, names = rows[:420], sorted({name for _, name in rows})
    votes = [
        (f"t{n}", "e", name if draw.random() < 0.99 else draw.choice(names))
        for n, (_, name) in enumerate(rows)
    ]
    texts = write(
        tmp_path / "texts.csv", ("id", "text"), *((f"t{n}", t) for n, (t, _) in enumerate(rows))
    )
    test = write(tmp_path / "test.csv", ("text", "label"), *rows_of("test.csv", 6))
    write(tmp_path / "votes.csv", ("task", "worker", "label"), *votes)
    workers = tmp_path / "workers.yaml"
    workers.write_text(
        "- name: rules\n  kind: rules\n  rules:\n"
        f"  - {{label: {names[1]}, keywords: [activate, activation]}}\n"
        "- {name: crowd, kind: file, answers: votes.csv, price: 0.05 usd, accuracy: 0.98,"
        " weight: 50}\n",
        encoding="utf-8",
    )
    out = tmp_path / "out"
    arguments = ["label", texts, "--workers", str(workers), "--budget", "30usd", "--then-run"]
    arguments += ["--classes", ",".join(names), "--test", test, "--explore", "60"]
    arguments += ["--effort", "quick", "--out", str(out)]
    assert run_command_line(arguments) == ExitCode.OK
    labels = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert labels["status"] == "certified"
    assert labels["curve"][-1]["chosen"] == "stop"
    assert float(labels["committed"]) <= 30
    assert "The curve that the budget followed" in (out / "report.html").read_text("utf-8")
    trained = json.loads((out / "run" / "report.json").read_text(encoding="utf-8"))
    assert trained["config"]["effort"] == "quick"
