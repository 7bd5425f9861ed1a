"""How often audit limits hold what they promise: simulated labels with a known share of wrong ones.

    python benchmarks/audit_coverage.py [--simulations 1000] [--out benchmarks/results/...json]

Every line is one kind of limit in one setting: the share of simulations in which it held, the
share promised, and how wide it was.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import numpy as np

from undercut.build.labels.audit.anytime import anytime_interval
from undercut.build.labels.audit.binomial import exact_upper
from undercut.build.labels.audit.powered import powered_share
from undercut.build.labels.audit.sampling import Design, draw
from undercut.build.labels.audit.staged import most_wrong_at
from undercut.build.labels.audit.strata import Stratum, stratified_upper

ROWS = 5_000
# Of looks at planned sizes, whose limits use up nearly all of what they may: a thousand simulations
# would not tell .952 from .940.
STAGED = "looks at 100, 150, 200 and 300 rows, exact"
STAGED_TIMES = 10
# (held, width) of one simulation
Trial = Callable[[np.random.Generator], tuple[bool, float]]


def labels(random: np.random.Generator, error: float) -> tuple[np.ndarray, ...]:
    """Strata of very different error, a doubt that tells something, and which rows are wrong."""
    strata = random.integers(20, size=ROWS)
    risk = error * np.where(strata < 4, 4.0, 0.25) * random.gamma(0.5, 2.0, size=ROWS)
    wrong = random.random(ROWS) < risk.clip(max=0.95)
    return strata, risk + random.normal(0, 0.02, ROWS), wrong


def blocks(error: float, size: int, confidence: float) -> Trial:
    def trial(random: np.random.Generator) -> tuple[bool, float]:
        strata, doubt, wrong = labels(random, error)
        sample = draw(strata, doubt, size, seed=int(random.integers(2**31)))
        upper = exact_upper(int(wrong[sample.drawn].sum()), size, confidence=confidence)
        return bool(wrong.mean() <= upper), float(upper - wrong.mean())

    return trial


def every_look(error: float, size: int, confidence: float) -> Trial:
    """Looks after each answer; holds only if the share is inside at every one of them."""

    def trial(random: np.random.Generator) -> tuple[bool, float]:
        strata, doubt, wrong = labels(random, error)
        seed = int(random.integers(2**31))
        drawn = draw(strata, doubt, size, seed=seed, design=Design.ORDER).drawn
        share, seen, inside, high = float(wrong.mean()), 0, True, 1.0
        for looks, row in enumerate(drawn, start=1):
            seen += int(wrong[row])
            low, high = anytime_interval(seen, looks, ROWS, confidence=confidence)
            inside = inside and low <= share <= high
        return inside, high - share

    return trial


def every_look_naively(error: float, size: int, confidence: float) -> Trial:
    """The usual mistake: an exact limit for one look, looked at after each answer."""

    def trial(random: np.random.Generator) -> tuple[bool, float]:
        _, _, wrong = labels(random, error)
        seen, upper, inside = 0, 1.0, True
        for looks, row in enumerate(random.permutation(ROWS)[:size], start=1):
            seen += int(wrong[row])
            upper = exact_upper(seen, looks, confidence=confidence)
            inside = inside and wrong.mean() <= upper
        return inside, float(upper - wrong.mean())

    return trial


def staged(error: float, sizes: tuple[int, ...], confidence: float) -> Trial:
    """Looks at planned sizes of a growing sample; holds only if all of their limits do."""
    limit = cache(partial(most_wrong_at, sizes=sizes, population=ROWS, alpha=1 - confidence))

    def trial(random: np.random.Generator) -> tuple[bool, float]:
        _, _, wrong = labels(random, error)
        order = random.permutation(ROWS)
        found = [int(wrong[order[:size]].sum()) for size in sizes]
        limits = [limit(look, count) for look, count in enumerate(found)]
        return wrong.sum() <= min(limits), limits[-1] / ROWS - float(wrong.mean())

    return trial


def unequal(error: float, size: int, confidence: float) -> Trial:
    """Four strata, equally many looked at in each, however large it is."""

    def trial(random: np.random.Generator) -> tuple[bool, float]:
        sizes, rates = (3000, 1500, 400, 100), error * np.array([0.5, 1.0, 3.0, 6.0])
        strata, total = [], 0
        for rows, rate in zip(sizes, rates, strict=True):
            wrong = random.random(rows) < min(rate, 0.9)
            total += int(wrong.sum())
            looked = random.permutation(rows)[: size // 4]
            strata.append(Stratum(rows, len(looked), int(wrong[looked].sum())))
        upper = stratified_upper(strata, confidence=confidence)
        return total / ROWS <= upper, upper - total / ROWS

    return trial


def powered(share: float, size: int, confidence: float, *, good: bool) -> Trial:
    """The share of a class, with a model that knows much of it, or nothing; width of both sides."""

    def trial(random: np.random.Generator) -> tuple[bool, float]:
        signal = random.normal(size=ROWS) + (np.log(share / (1 - share)) if good else 0.0)
        chance = 1 / (1 + np.exp(-3 * signal)) if good else np.full(ROWS, share)
        truth = (random.random(ROWS) < chance).astype(np.float64)
        said = 0.1 + 0.8 * chance if good else random.random(ROWS)
        drawn = draw(np.zeros(ROWS, np.int64), -said, size, seed=int(random.integers(2**31))).drawn
        found = powered_share(truth[drawn], said[drawn], said, confidence=confidence)
        return bool(found.low <= truth.mean() <= found.high), found.high - found.low

    return trial


def settings() -> Iterator[tuple[str, float, Trial]]:
    for confidence in (0.90, 0.95, 0.99):
        for error in (0.005, 0.02, 0.10, 0.30):
            yield (
                f"blocks, exact, 300 rows, error {error}",
                confidence,
                blocks(error, 300, confidence),
            )
    for error in (0.02, 0.10):
        yield f"300 looks, anytime, error {error}", 0.95, every_look(error, 300, 0.95)
        yield f"300 looks, naive exact, error {error}", 0.95, every_look_naively(error, 300, 0.95)
    for error in (0.005, 0.02, 0.10, 0.30):
        yield f"{STAGED}, error {error}", 0.95, staged(error, (100, 150, 200, 300), 0.95)
    for error in (0.01, 0.05, 0.20):
        yield f"four strata, 75 rows each, error {error}", 0.95, unequal(error, 300, 0.95)
    for share in (0.02, 0.10, 0.40):
        for good in (True, False):
            model = "a good model" if good else "a model that knows nothing"
            name = f"powered share {share}, 300 rows, {model}"
            yield name, 0.95, powered(share, 300, 0.95, good=good)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    table = []
    for number, (name, confidence, trial) in enumerate(settings()):
        random = np.random.default_rng(1_000 + number)
        times = arguments.simulations * (STAGED_TIMES if name.startswith(STAGED) else 1)
        held, width = zip(*(trial(random) for _ in range(times)), strict=True)
        row = {
            "limit": name,
            "simulations": times,
            "confidence": confidence,
            "held": round(float(np.mean(held)), 4),
            "mean_width": round(float(np.mean(width)), 4),
        }
        table.append(row)
        print(f"{row['held']:.3f} of {confidence:.2f}  width {row['mean_width']:.4f}  {name}")
    if arguments.out:
        text = json.dumps({"simulations": arguments.simulations, "limits": table}, indent=1)
        arguments.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
