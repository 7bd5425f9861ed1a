"""How often does a certificate promise more than is true? Counted over many certify splits.

    python benchmarks/certificate_honesty.py                           truths set by hand
    python benchmarks/certificate_honesty.py --predictions pool.npz    resplits of stored answers

pool.npz holds `teacher_right` (pool,) and `plan_right` (pool,) or (plans, pool), bool; plans
ordered from safest to cheapest. Splits are drawn from the pool with replacement, so that the
pool's own figures are the truth and rows are independent, as the certificate assumes.

A split is a violation where the certified share is above the true one ("bound"), or where the
target is called met and is not ("met"). The promise is at most 1 - confidence of each. Exit
status 1 where a count is more than three standard errors above that.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from undercut.build.planning.certificate import certify
from undercut.build.planning.fixed_sequence import certify_sequence

# (teacher right, plans right) on one certify split: (rows,), (plans, rows).
Split = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Truth:
    """A source of splits with known shares kept, (plans,)."""

    name: str
    shares: np.ndarray
    draw: Callable[[np.random.Generator, int], Split]


def planted(name: str, *, teacher: float, won: float, shares: list[float]) -> Truth:
    """Plans whose true share of the teacher's accuracy is exactly as given.

    teacher: accuracy; won: p01 of each plan. One uniform number per row decides for all plans,
    so that a cheaper plan loses the rows its safer neighbour loses, as cascades do.
    """
    lost = np.array([teacher * (1.0 - share) + won for share in shares])

    def draw(rng: np.random.Generator, rows: int) -> Split:
        right = rng.random(rows) < teacher
        luck = rng.random(rows)
        keeps = luck >= (lost / teacher)[:, None]
        gains = luck < won / (1.0 - teacher)
        return right, np.where(right, keeps, gains)

    return Truth(name, np.asarray(shares), draw)


def stored(path: Path) -> Truth:
    """Splits with replacement from stored answers."""
    with np.load(path, allow_pickle=False) as pool:
        teacher = pool["teacher_right"].astype(bool)
        plans = np.atleast_2d(pool["plan_right"].astype(bool))

    def draw(rng: np.random.Generator, rows: int) -> Split:
        pick = rng.integers(0, teacher.size, rows)
        return teacher[pick], plans[:, pick]

    return Truth(path.name, plans.mean(axis=1) / teacher.mean(), draw)


def truths(keep: float) -> Iterator[Truth]:
    """Truths at and just below the target, where a certificate is easiest to get wrong."""
    just_below = keep - 1e-6
    for won in (0.0005, 0.003, 0.01):
        yield planted(f"one plan, p01={won}", teacher=0.917, won=won, shares=[just_below])
    yield planted("one plan, teacher .70", teacher=0.70, won=0.004, shares=[just_below])
    yield planted(
        "six plans, three too cheap",
        teacher=0.917,
        won=0.003,
        shares=[1.0, keep + 0.005, keep + 0.003, just_below, keep - 0.001, keep - 0.002],
    )
    yield planted(
        "six plans, all too cheap",
        teacher=0.917,
        won=0.003,
        shares=[just_below - 0.0002 * k for k in range(6)],
    )


@dataclass(frozen=True)
class Count:
    """Over `splits` splits."""

    splits: int
    certified: int
    bound: int
    met: int


def count(truth: Truth, options: argparse.Namespace, *, in_sequence: bool) -> Count:
    """Certify every split; one plan alone is the last, that is the cheapest, one."""
    rng = np.random.default_rng(options.seed)
    level = {"keep": options.keep, "confidence": options.confidence}
    certified = bound = met = 0
    for _ in range(options.splits):
        teacher, plans = truth.draw(rng, options.rows)
        if in_sequence:
            result = certify_sequence(teacher, list(plans), **level)
            certificate, true = result.certificate, truth.shares[result.selected or 0]
        else:
            certificate, true = certify(teacher, plans[-1], **level), truth.shares[-1]
        certified += certificate.met
        bound += certificate.lower_bound > true
        met += certificate.met and true < options.keep
    return Count(options.splits, certified, bound, met)


def report(truth: Truth, mode: str, seen: Count, alpha: float) -> bool:
    """Print one line; whether the promise was kept up to the noise of counting."""
    noise = (alpha * (1.0 - alpha) / seen.splits) ** 0.5
    worst = max(seen.bound, seen.met) / seen.splits
    kept = worst <= alpha + 3.0 * noise
    print(
        f"{truth.name:28} {mode:9} certified {seen.certified / seen.splits:6.1%}  "
        f"violated: bound {seen.bound / seen.splits:5.1%}  met {seen.met / seen.splits:5.1%}  "
        f"allowed {alpha:.1%} ± {noise:.1%}  {'ok' if kept else 'BROKEN'}"
    )
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--predictions", type=Path)
    parser.add_argument("--rows", type=int, default=1600, help="rows of one certify split")
    parser.add_argument("--splits", type=int, default=400)
    parser.add_argument("--keep", type=float, default=0.99)
    parser.add_argument("--confidence", type=float, default=0.95)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sources = [stored(options.predictions)] if options.predictions else list(truths(options.keep))
    kept = True
    for truth in sources:
        for mode in ["single"] + ["sequence"] * (truth.shares.size > 1):
            seen = count(truth, options, in_sequence=mode == "sequence")
            kept &= report(truth, mode, seen, 1.0 - options.confidence)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
