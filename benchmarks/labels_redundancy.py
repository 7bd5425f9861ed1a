"""Adaptive redundancy on recorded crowds: accuracy against the share of the votes that was bought.

    python benchmarks/labels_redundancy.py FOLDER [--seeds 5] [--out FILE]

FOLDER holds one folder a set (dog, web_relevance), each with answers.csv (item, worker, answer) and
truth.csv (item, class); the sets are not shipped. A vote is bought by uncovering a recorded one.
`known`: whoever is on offer for an item is known beforehand, so good workers can be preferred;
`unknown`: the next voter is anybody who voted on the item; `even`: every item gets the same number
of votes, of anybody. All are merged by the default method. The seed orders the offers.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from undercut.build.labels.deciding.redundancy import RedundancyConfig, next_votes
from undercut.build.labels.merging.merge import merge
from undercut.build.labels.votes import Votes

SHARES = (0.4, 0.5, 0.6)
CONFIG = replace(RedundancyConfig(), least_gain=0.0)


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


def accuracy(votes: Votes, taken: np.ndarray, truth: dict[str, str]) -> float:
    merged = merge(votes.take(np.sort(taken)), discount_copies=False)
    labels = dict(zip(votes.items, (votes.classes[k] for k in merged.labels), strict=True))
    return float(np.mean([labels[item] == right for item, right in truth.items()]))


def bought(votes: Votes, seed: int, count: int, *, known: bool) -> np.ndarray:
    """Ids of the votes in the order in which they were bought."""
    offers = np.random.default_rng(seed).permutation(len(votes))
    taken = np.zeros(0, dtype=np.int64)
    while len(taken) < count and len(offers):
        so_far = votes.take(np.sort(taken))
        if known:
            chosen = offers[next_votes(so_far, votes.item[offers], votes.worker[offers], CONFIG)]
        else:
            _, first = np.unique(votes.item[offers], return_index=True)
            one = offers[np.sort(first)]
            chosen = one[next_votes(so_far, votes.item[one], None, CONFIG)]
        taken = np.concatenate([taken, chosen])
        offers = offers[~np.isin(offers, chosen)]
    return taken[:count]


def even(votes: Votes, seed: int, count: int) -> np.ndarray:
    offers = np.random.default_rng(seed).permutation(len(votes))
    order = np.argsort(votes.item[offers], kind="stable")
    ranks = np.zeros(len(votes), dtype=np.int64)
    sizes = np.bincount(votes.item, minlength=len(votes.items))
    ranks[order] = np.concatenate([np.arange(size) for size in sizes])
    return offers[np.argsort(ranks, kind="stable")][:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="+", default=["dog", "web_relevance"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    table: dict[str, object] = {}
    for name in arguments.sets:
        rows = [(r[0], r[1], r[2]) for r in read(arguments.folder / name / "answers.csv")]
        truth = {r[0]: r[1] for r in read(arguments.folder / name / "truth.csv")}
        votes = Votes.of(rows)
        whole = accuracy(votes, np.arange(len(votes)), truth)
        found: dict[str, dict[float, list[float]]] = {}
        start = time.perf_counter()
        for seed in range(arguments.seeds):
            most = round(max(SHARES) * len(votes))
            orders = {
                "known": bought(votes, seed, most, known=True),
                "unknown": bought(votes, seed, most, known=False),
                "even": even(votes, seed, most),
            }
            for way, order in orders.items():
                for share in SHARES:
                    taken = order[: round(share * len(votes))]
                    by_share = found.setdefault(way, {}).setdefault(share, [])
                    by_share.append(round(accuracy(votes, taken, truth), 4))
        table[name] = {
            "all votes": round(whole, 4),
            "seconds": round(time.perf_counter() - start, 1),
            **{
                way: {
                    f"{share:.0%}": {"mean": round(float(np.mean(v)), 4), "by_seed": v}
                    for share, v in by_share.items()
                }
                for way, by_share in found.items()
            },
        }
        print(name, json.dumps(table[name]), flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
