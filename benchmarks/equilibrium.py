"""Equilibrium prices beside pyblp's `compute_prices`, on cereal and on cars, in turns.

    python benchmarks/equilibrium.py [--rounds 9]

Both sides get the same demand (Nevo's optimum; the published estimates of BLP 1995), the same
costs (implied by observed prices) and a merger of the two largest firms, begin at the observed
prices and iterate the map of Morrow & Skerlos. Ours ends when no price moves by more than 1e-12.
pyblp weighs each step by the slope of demand: on cars its 1e-12 leaves prices of small products
off by 2e-5 (`at_its_1e-12`), so it gets the power of ten that brings both within 1e-8.
pyblp is called once for all markets, as its tutorial does; ours market by market, building each
market's demand included. A round times one after the other; order alternates. The ratio is
theirs / ours: above 1 ours is faster.

Result: benchmarks/results/equilibrium.json.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

# One thread for linear algebra on both sides: the matrices are small.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pyblp

from equilibrium_markets import Case, cars, cereal
from undercut.runs.machine import machine_facts
from undercut.sell.pricing.demand.blp.estimate_blp import BlpConfig, BlpResult, estimate_blp
from undercut.sell.pricing.equilibrium.bertrand import bertrand_nash

TOLERANCES = {"cereal": 1e-12, "cars": 1e-16}
RESULTS = Path(__file__).parent / "results" / "equilibrium.json"


def ours(result: BlpResult, case: Case) -> np.ndarray:
    """(N,) equilibrium prices, market by market."""
    prices = np.empty(case.costs.size)
    for market in result.panel.market_names:
        rows = result.panel.rows_of(market)
        demand, observed = result.demand_in(market)
        found = bertrand_nash(demand, case.costs[rows], case.firms[rows].tolist(), start=observed)
        if not found.converged:
            raise SystemExit(f"{case.name}, market {market}: {found.why}")
        prices[rows] = found.prices
    return prices


def theirs(case: Case, tolerance: float) -> np.ndarray:
    """(N,) the same by pyblp."""
    found: np.ndarray = case.results.compute_prices(
        firm_ids=case.firms[:, None],
        costs=case.costs[:, None],
        iteration=pyblp.Iteration("simple", {"atol": tolerance, "max_evaluations": 5000}),
    )
    return found.ravel()


def timed(run: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Seconds and prices."""
    start = time.perf_counter()
    prices = run()
    return time.perf_counter() - start, prices


def compare(case: Case, rounds: int) -> dict[str, object]:
    """Times of both sides, their ratio with its spread, and how far the prices are apart."""
    result = estimate_blp(case.panel, case.buyers, case.tastes, BlpConfig(steps=1, optimise=False))
    sides = {
        "ours": lambda: ours(result, case),
        "pyblp": lambda: theirs(case, TOLERANCES[case.name]),
    }
    seconds: dict[str, list[float]] = {"ours": [], "pyblp": []}
    prices: dict[str, np.ndarray] = {}
    for number in range(rounds + 1):
        for side in sorted(sides, reverse=bool(number % 2)):
            spent, prices[side] = timed(sides[side])
            if number:  # the first round warms both up
                seconds[side].append(spent)
    loose_seconds, loose = timed(lambda: theirs(case, 1e-12))
    ratios = np.array(seconds["pyblp"]) / np.array(seconds["ours"])
    return {
        "markets": result.panel.market_count,
        "products": result.panel.rows,
        "largest_price_difference": float(np.abs(prices["ours"] - prices["pyblp"]).max()),
        "pyblp_tolerance": TOLERANCES[case.name],
        "at_its_1e-12": {
            "largest_price_difference": float(np.abs(prices["ours"] - loose).max()),
            "seconds": loose_seconds,
        },
        "seconds_median": {side: float(np.median(each)) for side, each in seconds.items()},
        "ratio_median": float(np.median(ratios)),
        "ratio_range": [float(ratios.min()), float(ratios.max())],
        "rounds": rounds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    pyblp.options.verbose = False
    report = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": f"python benchmarks/equilibrium.py --rounds {rounds}",
        "machine": asdict(machine_facts()),
        "pyblp": pyblp.__version__,
        "cases": {case.name: compare(case, rounds) for case in (cereal(), cars())},
    }
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report["cases"], indent=2))


if __name__ == "__main__":
    main()
