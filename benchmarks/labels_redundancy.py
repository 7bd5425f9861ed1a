"""Adaptive redundancy on recorded crowds: accuracy against the share of the votes that was bought.

    python benchmarks/labels_redundancy.py FOLDER [--seeds 5] [--out benchmarks/results/labels_redundancy.json]

FOLDER holds one folder a set (dog, web_relevance, ...), each with answers.csv (item, worker,
answer) and truth.csv (item, class). A vote is bought by uncovering a recorded one, in a random
order of each item's votes by seed; nobody knows beforehand whose it is. `adaptive` buys by
`build.labels.deciding.redundancy` until the share is spent; `even` gives every item the same
number of votes. Both are merged by the default method. The sets are not shipped.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from undercut.build.labels.deciding.redundancy import RedundancyConfig, next_items
from undercut.build.labels.merging.merge import merge
from undercut.build.labels.votes import Votes

SHARES = (0.3, 0.4, 0.5, 0.6, 0.7, 1.0)


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


def accuracy(votes: Votes, taken: np.ndarray, truth: dict[str, str]) -> float:
    merged = merge(votes.take(taken))
    labels = dict(zip(votes.items, (votes.classes[k] for k in merged.labels), strict=True))
    return float(np.mean([labels[item] == right for item, right in truth.items()]))


def queues(votes: Votes, seed: int) -> list[list[int]]:
    """Vote ids of each item in a random order."""
    order = np.random.default_rng(seed).permutation(len(votes))
    lists: list[list[int]] = [[] for _ in votes.items]
    for vote in order:
        lists[votes.item[vote]].append(int(vote))
    return lists


def adaptive(votes: Votes, seed: int, config: RedundancyConfig) -> list[int]:
    """Vote ids in the order in which they were bought."""
    left = queues(votes, seed)
    taken: list[int] = []
    given = np.zeros(len(votes.items), dtype=np.int64)
    while True:
        open_items = np.flatnonzero([bool(queue) for queue in left])
        if not len(open_items):
            return taken
        merged = merge(votes.take(np.array(taken, dtype=np.int64)), discount_copies=False)
        chosen = next_items(merged, given, open_items, config)
        if not len(chosen):
            return taken
        for item in chosen:
            taken.append(left[item].pop())
            given[item] += 1


def even(votes: Votes, seed: int) -> list[int]:
    left = queues(votes, seed)
    deepest = max(map(len, left))
    return [queue[depth] for depth in range(deepest) for queue in left if depth < len(queue)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="+", default=["dog", "web_relevance"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    config = replace(RedundancyConfig(), least_drop=0.0)
    table: dict[str, object] = {}
    for name in arguments.sets:
        rows = [(r[0], r[1], r[2]) for r in read(arguments.folder / name / "answers.csv")]
        truth = {r[0]: r[1] for r in read(arguments.folder / name / "truth.csv")}
        votes = Votes.of(rows)
        found: dict[str, dict[float, list[float]]] = {"adaptive": {}, "even": {}}
        for seed in range(arguments.seeds):
            orders = {"adaptive": adaptive(votes, seed, config), "even": even(votes, seed)}
            for way, order in orders.items():
                for share in SHARES:
                    count = round(share * len(votes))
                    if count <= len(order):
                        taken = np.sort(np.array(order[:count], dtype=np.int64))
                        found[way].setdefault(share, []).append(accuracy(votes, taken, truth))
        table[name] = {
            way: {
                str(share): {"mean": round(float(np.mean(v)), 4), "sd": round(float(np.std(v)), 4)}
                for share, v in by_share.items()
            }
            for way, by_share in found.items()
        }
        print(name, json.dumps(table[name]), flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
