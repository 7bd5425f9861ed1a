"""Equilibrium prices beside pyblp's `compute_prices`, on cereal and on cars, in turns.

    python benchmarks/equilibrium.py [--rounds 9]

Both sides get the same demand (Nevo's optimum; the published estimates of BLP 1995), the same
costs (implied by observed prices) and a merger of the two largest firms, begin at the observed
prices and iterate the map of Morrow & Skerlos until nothing moves by more than 1e-12. pyblp is
called once for all markets, as its tutorial does; ours market by market, building each market's
demand included. A round times one after the other; order alternates. The ratio is theirs / ours:
above 1 ours is faster.

Result: benchmarks/results/equilibrium.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

# One thread for linear algebra on both sides: the matrices are small.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import pyblp  # noqa: E402

from undercut.runs.machine import machine_facts  # noqa: E402
from undercut.sell.pricing.demand.blp.estimate_blp import BlpConfig, BlpResult, estimate_blp  # noqa: E402
from undercut.sell.pricing.equilibrium.bertrand import bertrand_nash  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
from equilibrium_markets import Case, cars, cereal  # noqa: E402

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


def theirs(case: Case) -> np.ndarray:
    """(N,) the same by pyblp."""
    found: np.ndarray = case.results.compute_prices(
        firm_ids=case.firms[:, None],
        costs=case.costs[:, None],
        iteration=pyblp.Iteration("simple", {"atol": 1e-12}),
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
    sides = {"ours": lambda: ours(result, case), "pyblp": lambda: theirs(case)}
    seconds: dict[str, list[float]] = {"ours": [], "pyblp": []}
    prices: dict[str, np.ndarray] = {}
    for number in range(rounds + 1):
        for side in sorted(sides, reverse=bool(number % 2)):
            spent, prices[side] = timed(sides[side])
            if number:  # the first round warms both up
                seconds[side].append(spent)
    ratios = np.array(seconds["pyblp"]) / np.array(seconds["ours"])
    return {
        "markets": result.panel.market_count,
        "products": result.panel.rows,
        "largest_price_difference": float(np.abs(prices["ours"] - prices["pyblp"]).max()),
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
