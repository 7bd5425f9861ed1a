"""The main job on 5 and 10 labels a class of BANKING77, judged on its test split once.

    python benchmarks/few_labels.py [--labels 10] [--seeds 3] [--dev] [--out ...json]

Labels are drawn at random from the training set; no other text is used. --dev judges on the rest of
the training set instead of the test split: for trying things.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from undercut.models.folder import load_model
from undercut.models.plan import load_plan
from undercut.runs.config import RunConfig
from undercut.runs.main_job import run

ASSETS = Path(__file__).parents[1] / "src" / "undercut" / "assets" / "banking77"
Rows = list[tuple[str, str]]


def read(name: str) -> Rows:
    with (ASSETS / name).open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["intent"]) for row in csv.DictReader(file)]


def few(rows: Rows, labels: int, seed: int) -> tuple[Rows, Rows]:
    """`labels` rows a class, and the others."""
    random = np.random.default_rng(seed)
    names = np.array([row[1] for row in rows])
    chosen = np.concatenate(
        [random.choice(np.flatnonzero(names == c), labels, replace=False) for c in np.unique(names)]
    )
    rest = np.setdiff1d(np.arange(len(rows)), chosen)
    return [rows[at] for at in np.sort(chosen)], [rows[at] for at in rest]


def one(train: Rows, judge: Rows, seed: int) -> dict[str, float | str]:
    """Train, then judge the plan and every candidate that was made."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "few.csv", Path(folder) / "out"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "intent"), *train])
        started = time.perf_counter()
        report = run(RunConfig(train=str(path), out=str(out), seed=seed))
        seconds = time.perf_counter() - started
        texts, right = [row[0] for row in judge], np.array([row[1] for row in judge])
        plan = load_plan(out / "plan")
        said = np.array([answer.label for answer in plan.predict(texts)])
        result: dict[str, float | str] = {
            "plan": report.plan.stages[0].name,
            "accuracy": round(float((said == right).mean()), 4),
            "by_folds": round(report.plan.accuracy, 4),
            "seconds": round(seconds, 1),
        }
        names = np.array(plan.classes)
        for model in sorted((out / "plan").glob("models/*")):
            guess = names[load_model(model).predict_proba(texts).argmax(axis=1)]
            result[model.name] = round(float((guess == right).mean()), 4)
        return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=int, nargs="+", default=[10])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--dev", action="store_true")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    table = {}
    for labels in arguments.labels:
        runs = []
        for seed in range(arguments.seeds):
            train, rest = few(read("train.csv"), labels, seed)
            runs.append(one(train, rest[::4] if arguments.dev else read("test.csv"), seed))
            print(labels, seed, runs[-1], flush=True)
        accuracy = [float(found["accuracy"]) for found in runs]
        table[labels] = {"mean": round(float(np.mean(accuracy)), 4), "runs": runs}
        print(f"{labels} labels a class: {table[labels]['mean']}", flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
