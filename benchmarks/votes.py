"""Merging votes on public crowd sets with truth, beside crowd-kit on the same files.

    python benchmarks/votes.py FOLDER [--out benchmarks/results/votes.json]

FOLDER holds one folder a set, each with answers.csv (item, worker, answer) and truth.csv (item,
class). The sets are not shipped.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from undercut.build.labels.merging.merge import DEFAULT, METHODS, merge
from undercut.build.labels.votes import Votes

THEIRS = (
    "MajorityVote",
    "Wawa",
    "ZeroBasedSkill",
    "OneCoinDawidSkene",
    "DawidSkene",
    "GLAD",
    "MACE",
)
# crowd-kit 1.4.2 begins every restart from the same numbers.
SETTINGS = {"MACE": {"n_restarts": 1}}
SCORE_SETS = {"emotion_score"}  # numbers, not classes

Row = tuple[str, str, str]


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


def accuracy(labels: dict[str, str], truth: dict[str, str]) -> float:
    return float(np.mean([labels.get(item) == right for item, right in truth.items()]))


def ours(
    rows: list[Row], method: str = DEFAULT, *, discount: bool, clone: bool = False
) -> dict[str, str]:
    # Where votes tie, crowd-kit takes the class that its file shows first, or, for zero-based
    # skill, the first by name.
    classes = list(dict.fromkeys(row[2] for row in rows))
    if method == "zero_based_skill":
        classes.sort()
    votes = Votes.of(cloned(rows) if clone else rows, classes=classes)
    merged = merge(votes, method, discount_copies=discount)
    return dict(zip(votes.items, (votes.classes[label] for label in merged.labels), strict=True))


def theirs(rows: list[Row], name: str) -> dict[str, str]:
    from crowdkit import aggregation
    from crowdkit.aggregation.classification import wawa, zero_based_skill

    # crowd-kit 1.4.2 asks for the tags of estimators, which its own are not, and fails on that.
    for module in (wawa, zero_based_skill):
        module.check_is_fitted = lambda *_, **__: None
    frame = pd.DataFrame(rows, columns=["task", "worker", "label"])
    method = getattr(aggregation, name)(**SETTINGS.get(name, {}))
    return {str(k): str(v) for k, v in method.fit_predict(frame).items()}


def theirs_numbered(rows: list[Row], name: str) -> dict[str, str]:
    """crowd-kit 1.4.2's MACE gives habits to the wrong workers unless names sort as they appear."""
    columns = [list(dict.fromkeys(row[at] for row in rows)) for at in range(3)]
    width = len(str(len(rows)))
    number = [{key: f"{n:0{width}d}" for n, key in enumerate(names)} for names in columns]
    renamed = [(number[0][i], number[1][w], number[2][k]) for i, w, k in rows]
    items, classes = ({v: k for k, v in number[at].items()} for at in (0, 2))
    return {items[i]: classes[k] for i, k in theirs(renamed, name).items()}


def cloned(rows: list[Row]) -> list[Row]:
    """The busiest worker five times more, under other names."""
    busiest = pd.Series([row[1] for row in rows]).value_counts().index[0]
    copies = [(row[0], f"clone {n}", row[2]) for n in range(5) for row in rows if row[1] == busiest]
    return rows + copies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    folders = [
        folder
        for folder in sorted(arguments.folder.iterdir())
        if (folder / "truth.csv").exists() and folder.name not in SCORE_SETS
    ]
    sets = {
        folder.name: (
            [(row[0], row[1], row[2]) for row in read(folder / "answers.csv")],
            {row[0]: row[1] for row in read(folder / "truth.csv")},
        )
        for folder in folders
    }
    ways: dict[str, Callable[[list[Row]], dict[str, str]]] = {
        **{method: partial(ours, method=method, discount=False) for method in METHODS},
        "default": partial(ours, discount=True),
        "default, busiest cloned": partial(ours, discount=True, clone=True),
        "undiscounted, busiest cloned": partial(ours, discount=False, clone=True),
        **{f"crowd-kit {name}": partial(theirs, name=name) for name in THEIRS},
        "crowd-kit MACE, numbered": partial(theirs_numbered, name="MACE"),
    }
    table = {}
    for name, label in ways.items():
        start = time.perf_counter()
        by_set = {
            key: round(accuracy(label(rows), truth), 4) for key, (rows, truth) in sets.items()
        }
        seconds = round(time.perf_counter() - start, 2)
        mean = round(float(np.mean(list(by_set.values()))), 4)
        table[name] = {"mean": mean, "seconds": seconds, "sets": by_set}
        print(f"{name:30s} {mean:.4f} {seconds:7.2f} s  {list(by_set.values())}", flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
