"""The main job on 5 and 10 labels a class of BANKING77, judged on its test split once.

    python benchmarks/few_labels.py [--labels 5 10] [--seeds 3] [--first 0] [--dev] [--out ...json]

Labels are drawn at random from the training set; no other text is used. --dev judges on the rest of
the training set instead of the test split: for trying things. Of each labels count it prints the
mean, least and most accuracy, wall seconds and CPU seconds of the whole job.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
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


def cpu_seconds() -> float:
    """Of this process and the ones it waited for: wall time shared with other work says little."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def one(train: Rows, judge: Rows, seed: int) -> dict[str, float | str]:
    """Train, then judge the plan and every candidate that was made."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "few.csv", Path(folder) / "out"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "intent"), *train])
        started, cpu_before = time.perf_counter(), cpu_seconds()
        report = run(RunConfig(train=str(path), out=str(out), seed=seed))
        seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu_before
        texts, right = [row[0] for row in judge], np.array([row[1] for row in judge])
        plan = load_plan(out / "plan")
        said = np.array([answer.label for answer in plan.predict(texts)])
        result: dict[str, float | str] = {
            "plan": report.plan.stages[0].name,
            "accuracy": round(float((said == right).mean()), 4),
            "by_folds": round(report.plan.accuracy, 4),
            "seconds": round(seconds, 1),
            "cpu_seconds": round(cpu, 1),
        }
        names = np.array(plan.classes)
        for model in sorted((out / "plan").glob("models/*")):
            guess = names[load_model(model).predict_proba(texts).argmax(axis=1)]
            result[model.name] = round(float((guess == right).mean()), 4)
        return result


def summary(runs: list[dict[str, float | str]]) -> dict[str, list[float]]:
    """Mean, least and most over the seeds."""
    found = {}
    for name in ("accuracy", "seconds", "cpu_seconds"):
        values = [float(run[name]) for run in runs]
        found[name] = [round(float(f(values)), 4) for f in (np.mean, np.min, np.max)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=int, nargs="+", default=[10])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--dev", action="store_true")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    table = {}
    for labels in arguments.labels:
        runs = []
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            train, rest = few(read("train.csv"), labels, seed)
            runs.append(one(train, rest[::4] if arguments.dev else read("test.csv"), seed))
            print(labels, seed, runs[-1], flush=True)
        table[labels] = summary(runs) | {"runs": runs}
        print(f"{labels} labels a class: {summary(runs)}", flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
