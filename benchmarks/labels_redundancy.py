"""Adaptive redundancy on recorded crowds: accuracy against the share of the votes that was bought.

    python benchmarks/labels_redundancy.py FOLDER [--seeds 10] [--settled 3] [--out FILE]

FOLDER holds one folder a set (dog, web_relevance), each with answers.csv (item, worker, answer) and
truth.csv (item, class); the sets are not shipped. A vote is bought by uncovering a recorded one.
`known`: whoever is on offer for an item is known beforehand, as where workers ask for tasks, so
good workers can be preferred; `unknown`: the next voter is anybody who voted on the item; `even`:
every item gets the same number of votes, of anybody. Accuracy by the default method and by the one
that was the default before, "all votes" too. The seed orders the offers. `until settled`: bought
until no vote is expected to change enough (`RedundancyConfig.least_fall`), without another limit.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from undercut.build.labels.deciding.redundancy import RedundancyConfig, next_votes
from undercut.build.labels.merging.merge import DEFAULT, merge
from undercut.build.labels.votes import Votes

SHARES = (0.4, 0.5, 0.6)
WAYS = ("known", "unknown", "even")
BEFORE = "dawid_skene_map"


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


def accuracy(votes: Votes, taken: np.ndarray, truth: dict[str, str]) -> tuple[float, float]:
    """By the default merging method, and by the default before (docs/decisions/0018)."""
    some = votes.take(np.sort(taken))
    found = [merge(some, method, discount_copies=False).labels for method in (DEFAULT, BEFORE)]
    labels = [dict(zip(votes.items, (votes.classes[k] for k in own), strict=True)) for own in found]
    now, before = (
        float(np.mean([own[item] == right for item, right in truth.items()])) for own in labels
    )
    return now, before


def bought(
    votes: Votes, config: RedundancyConfig, count: int, *, seed: int, known: bool
) -> np.ndarray:
    """Ids of the votes in the order in which they were bought."""
    offers = np.random.default_rng(seed).permutation(len(votes))
    taken = np.zeros(0, dtype=np.int64)
    while len(taken) < count and len(offers):
        so_far = votes.take(np.sort(taken))
        open_now = offers
        if not known:
            _, first = np.unique(votes.item[offers], return_index=True)
            open_now = offers[np.sort(first)]
        worker = votes.worker[open_now] if known else None
        chosen = open_now[next_votes(so_far, votes.item[open_now], worker, config)]
        if not len(chosen):
            break
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


def summary(pairs: list[tuple[float, float]]) -> dict[str, object]:
    by_method = zip((DEFAULT, BEFORE), zip(*pairs, strict=True), strict=True)
    return {method: described(values) for method, values in by_method}


def described(values: tuple[float, ...]) -> dict[str, object]:
    error = np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return {
        "mean": round(float(np.mean(values)), 4),
        "standard_error": round(float(error), 4),
        "by_seed": [round(value, 4) for value in values],
    }


def measure(
    votes: Votes, truth: dict[str, str], seeds: int, settled: int, ways: Sequence[str]
) -> Iterator[dict[str, object]]:
    """What is known after each seed."""
    start = time.perf_counter()
    most = round(max(SHARES) * len(votes))
    whole = summary([accuracy(votes, np.arange(len(votes)), truth)])
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    shares: dict[str, list[float]] = {way: [] for way in ways if way != "even"}
    for seed in range(seeds):
        config = RedundancyConfig(seed=seed)
        always = replace(config, least_gain=0.0, least_fall=0.0)
        for way in ways:
            order = (
                even(votes, seed, most)
                if way == "even"
                else bought(votes, always, most, seed=seed, known=way == "known")
            )
            for share in SHARES:
                pair = accuracy(votes, order[: round(share * len(votes))], truth)
                found.setdefault(way, {}).setdefault(f"{share:.0%}", []).append(pair)
        for way in shares if seed < settled else ():
            taken = bought(votes, config, len(votes), seed=seed, known=way == "known")
            shares[way].append(round(len(taken) / len(votes), 3))
            found[way].setdefault("until settled", []).append(accuracy(votes, taken, truth))
        yield {
            "all votes": whole,
            "settled at": shares,
            **{
                way: {name: summary(pairs) for name, pairs in by_share.items()}
                for way, by_share in found.items()
            },
            "seconds": round(time.perf_counter() - start, 1),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="+", default=["dog", "web_relevance"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--settled", type=int, default=3, help="seeds of `until settled`")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    table: dict[str, object] = {}
    for name in arguments.sets:
        rows = [(r[0], r[1], r[2]) for r in read(arguments.folder / name / "answers.csv")]
        truth = {r[0]: r[1] for r in read(arguments.folder / name / "truth.csv")}
        votes = Votes.of(rows)
        for known in measure(votes, truth, arguments.seeds, arguments.settled, arguments.ways):
            table[name] = known
            print(name, json.dumps(known[arguments.ways[0]]), flush=True)
            if arguments.out:
                arguments.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
