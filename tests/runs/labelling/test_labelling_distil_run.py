"""`--then-run` where distilling is what pays: chosen by the trial, confirmed on a test file."""

from __future__ import annotations

import csv
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from test_labelling_then_run import rows_of, write

from undercut.cli.exit_codes import ExitCode
from undercut.cli.main import run_command_line

INTENTS = 20


def accuracies(folder: Path) -> dict[str, float]:
    """Of every candidate, on the test file."""
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["measured_on"]["where"] == "test"
    return {each["name"]: each["accuracy"] for each in report["candidates"]}


@pytest.mark.slow
def test_distilling_is_chosen_and_small_models_gain_by_it(tmp_path: Path) -> None:
    """The seed is the first for which the trial, on training texts alone, says that it pays."""
    draw = random.Random(0)
    rows = rows_of("train.csv", INTENTS)
    draw.shuffle(rows)
    names = sorted({name for _, name in rows})
    texts = write(
        tmp_path / "texts.csv", ("id", "text"), *((f"t{n}", t) for n, (t, _) in enumerate(rows))
    )
    votes = [
        (f"t{n}", "e", name if draw.random() < 0.99 else draw.choice(names))
        for n, (_, name) in enumerate(rows)
    ]
    write(tmp_path / "votes.csv", ("task", "worker", "label"), *votes)
    test = write(tmp_path / "test.csv", ("text", "label"), *rows_of("test.csv", INTENTS))
    workers = tmp_path / "workers.yaml"
    workers.write_text(
        "- {name: crowd, kind: file, answers: votes.csv, price: 0.01 usd, accuracy: 0.98,"
        " weight: 50}\n",
        encoding="utf-8",
    )
    out = tmp_path / "out"
    arguments = ["label", texts, "--workers", str(workers), "--budget", "15usd", "--then-run"]
    arguments += ["--classes", ",".join(names), "--test", test, "--explore", "60", "--seed", "1"]
    arguments += ["--choose", "random", "--point-worth", "0.2usd", "--effort", "quick"]
    assert run_command_line([*arguments, "--out", str(out)]) == ExitCode.OK
    labels = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert [line["chosen"] for line in labels["curve"]] == ["distil", "stop"]
    assert labels["pseudo_labels"] > 1500
    with (out / "pseudo.csv").open(encoding="utf-8") as file:
        told = [(int(row["id"][1:]), row["label"]) for row in csv.DictReader(file)]
    assert sum(rows[at][1] == label for at, label in told) > 0.94 * len(told)

    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(out / "labels.csv", alone / "labels.csv")
    again = ["run", str(alone), "--test", test, "--effort", "quick", "--seed", "1"]
    again += ["--text-column", "text", "--label-column", "label"]
    assert run_command_line([*again, "--out", str(alone / "run")]) == ExitCode.OK
    distilled, plain = accuracies(out / "run"), accuracies(alone / "run")
    print({name: (plain[name], distilled[name]) for name in distilled})
    assert distilled["ngram"] > plain["ngram"] + 0.01
    assert distilled["static"] > plain["static"]
    # the teacher learnt from bought labels alone: it is the same
    assert distilled["all-MiniLM-L6-v2"] == pytest.approx(plain["all-MiniLM-L6-v2"], abs=0.005)
