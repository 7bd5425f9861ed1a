"""Does cleaning pay for the whole main job? Many seeds, each stored, pooled with one interval.

    python benchmarks/cleaning_pays_seeds.py FOLDER --seeds 3-10 [--out DIR] [--seconds 200]
    python benchmarks/cleaning_pays_seeds.py FOLDER --seeds 3-10 --pool test

FOLDER holds train.csv, dev.csv and test.csv with the columns text and label. Each seed runs
`undercut clean` with suspect labels treated and left alone, then the main job on both folders; the
seed is that of cleaning, splits and training. The plans' answers to dev.csv and test.csv are stored
by seed and side, so the work can be done in portions (--seconds: no new side is begun after
that many) and nothing is trained twice. --pool prints the mean difference in macro-F1 over the
seeds and its interval, in which seeds and rows are drawn at once. dev.csv is as noisy as the
training file: methods are developed on --pool dev, test.csv is asked once they stand.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "2")

import numpy as np

from undercut.build.data.paired_bootstrap import macro_f1, pooled_macro_f1_difference
from undercut.core.dataset import IntArray

SIDES = {"uncleaned": "off", "cleaned": "auto"}
ASKED = ("dev", "test")


def main() -> None:
    arguments = _arguments()
    if arguments.pool is not None:
        print(json.dumps(_pooled(arguments, arguments.pool), indent=1))
        return
    started = time.perf_counter()
    for seed in arguments.seeds:
        for side in arguments.sides:
            stored = _stored(arguments, seed, side)
            if stored.is_file():
                continue
            if time.perf_counter() - started > arguments.seconds:
                print("time is up; the same command goes on")
                return
            _one(arguments.folder, stored, seed, side)
    print("all stored")


def _stored(arguments: argparse.Namespace, seed: int, side: str) -> Path:
    return Path(arguments.out) / f"seed-{seed}" / f"{side}.json"


def _one(folder: Path, stored: Path, seed: int, side: str) -> None:
    """Clean, run, ask; only the answers and figures stay."""
    import undercut
    from undercut.runs.cleaning.config import make_clean_config
    from undercut.runs.cleaning.job import clean

    started = time.perf_counter()
    cleaned, run = stored.with_name(f"{side}-clean"), stored.with_name(f"{side}-run")
    settings = {
        "sources": (str(folder / "train.csv"),),
        "test": str(folder / "test.csv"),
        "text_column": "text",
        "label_column": "label",
        "label_noise": SIDES[side],
        "seed": seed,
        "out": str(cleaned),
    }
    cleaning = clean(make_clean_config(settings))
    report = undercut.run(cleaned, test=folder / "test.csv", out=run, seed=seed)
    plan = undercut.load(run / "plan")
    answers = {
        name: [answer.label for answer in plan.predict([text for text, _ in _csv(folder, name)])]
        for name in ASKED
    }
    content = {
        "seed": seed,
        "side": side,
        "answers": answers,
        "kept": cleaning.kept,
        "label_noise": cleaning.label_noise.model_dump(mode="json"),
        "cleaning_cost_usd": str(cleaning.cost),
        "run_cost_usd": str(report.ledger.total_exact),
        "certificate_met": report.certificate.met,
        "plan": [dict(stage.weights) for stage in plan.description.cascade.stages],
        "teacher": plan.description.teacher,
        "candidates_test_accuracy": {each.name: each.accuracy for each in report.candidates},
        "seconds": round(time.perf_counter() - started, 1),
    }
    part = stored.with_suffix(".part")
    part.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    part.rename(stored)
    for each in (cleaned, run):
        shutil.rmtree(each)
    print(f"seed {seed} {side}: {content['seconds']} s", flush=True)


def _pooled(arguments: argparse.Namespace, asked: str) -> dict[str, Any]:
    """The mean difference over seeds on one file, its interval, and every seed's figures."""
    rows = _csv(arguments.folder, asked)
    runs = {
        side: [
            json.loads(_stored(arguments, seed, side).read_text(encoding="utf-8"))
            for seed in arguments.seeds
        ]
        for side in SIDES
    }
    classes = sorted(
        {label for _, label in rows}
        | {label for side in runs.values() for each in side for label in each["answers"][asked]}
    )
    ids = {name: i for i, name in enumerate(classes)}
    truth = np.array([ids[label] for _, label in rows])
    said: dict[str, IntArray] = {
        side: np.array([[ids[label] for label in each["answers"][asked]] for each in side_runs])
        for side, side_runs in runs.items()
    }
    pooled = pooled_macro_f1_difference(truth, said["uncleaned"], said["cleaned"], len(classes))
    f1 = {s: [macro_f1(truth, a, len(classes)) for a in each] for s, each in said.items()}
    accuracy = {side: (each == truth).mean(axis=1) for side, each in said.items()}
    gains = np.array(f1["cleaned"]) - np.array(f1["uncleaned"])
    return {
        "command": f"python benchmarks/cleaning_pays_seeds.py FOLDER --seeds "
        f"{arguments.seeds[0]}-{arguments.seeds[-1]} --pool {asked}",
        "asked": asked,
        "mean_macro_f1": {side: round(float(np.mean(values)), 4) for side, values in f1.items()},
        "mean_macro_f1_difference": round(pooled.value, 4),
        "interval_95": [round(pooled.low, 4), round(pooled.high, 4)],
        "standard_deviation_over_seeds": round(float(gains.std(ddof=1)), 4),
        "mean_accuracy": {side: round(float(each.mean()), 4) for side, each in accuracy.items()},
        "seeds": [
            {
                "seed": seed,
                "macro_f1": {side: round(f1[side][i], 4) for side in SIDES},
                "macro_f1_difference": round(float(gains[i]), 4),
                "accuracy": {side: round(float(accuracy[side][i]), 4) for side in SIDES},
                **_facts({side: runs[side][i] for side in SIDES}),
            }
            for i, seed in enumerate(arguments.seeds)
        ],
    }


def _facts(sides: dict[str, Any]) -> dict[str, Any]:
    names = (
        "kept",
        "certificate_met",
        "plan",
        "teacher",
        "candidates_test_accuracy",
        "cleaning_cost_usd",
        "run_cost_usd",
        "seconds",
    )
    found: dict[str, Any] = {name: {s: each[name] for s, each in sides.items()} for name in names}
    return found | {"chosen": sides["cleaned"]["label_noise"]["chosen"]}


def _csv(folder: Path, name: str) -> list[tuple[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["label"]) for row in csv.DictReader(file)]


def _seeds(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=_seeds, default=_seeds("3-10"))
    parser.add_argument("--out", type=Path, default=Path("out/cleaning_pays_seeds"))
    parser.add_argument("--seconds", type=float, default=200.0)
    parser.add_argument("--sides", nargs="+", choices=tuple(SIDES), default=list(SIDES))
    parser.add_argument("--pool", choices=ASKED)
    return parser.parse_args()


if __name__ == "__main__":
    main()
