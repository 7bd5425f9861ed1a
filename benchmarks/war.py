"""The price-war simulator: 100,000 paths of 36 months, all five policies, on two cores.

    python benchmarks/war.py [--paths 100000] [--months 36] [--rounds 5]
    python benchmarks/war.py --models        # processor time of each model of demand

Every policy meets every path. A round simulates and summarises anew; the first one warms up and is
not counted. Processor time stands beside the time by the clock, which is that of two cores only
where nothing else runs; `load_before` says whether something did. Beside the time it measures
survival against the closed form of Brownian cash (12 in the bank, 1 a month lost, spread 1 a
month): the largest gap over all months.

Result: benchmarks/results/war.json, war_models.json.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from undercut.runs.machine import machine_facts
from undercut.sell.pricing.demand.kinds import Kinds
from undercut.sell.pricing.demand.nodes import gauss_hermite
from undercut.sell.pricing.war.doubts import Doubts
from undercut.sell.pricing.war.law import CutLaw
from undercut.sell.pricing.war.outcome import outcome_of
from undercut.sell.pricing.war.ranges import Kind, Range
from undercut.sell.pricing.war.ruin import ruin_probability
from undercut.sell.pricing.war.scene import Nests, Own, Policy, Rivals, Scene, Version
from undercut.sell.pricing.war.simulate import WarConfig, simulate

RESULTS = Path(__file__).parent / "results" / "war.json"
MODELS = RESULTS.with_name("war_models.json")
LAW = CutLaw(
    Range(0.05, 0.073, 0.1, Kind.FRACTION),
    Range(0.038, 0.062, 0.09, Kind.FRACTION),
    (0.1, 0.2, 0.23, 0.3, 0.5, 0.6),
    (0.1, 0.2, 0.5),
    Range(0.43, 0.51, 0.61, Kind.FRACTION),
    "round figures of the shipped market history",
)
SCENE = Scene(
    Own(
        np.array([60.0]),
        np.array([4.9]),
        np.array([6.6]),
        np.array([0.1]),
        fixed_costs=1_000.0,
        cash=12_000.0,
        cash_spread=250.0,
        version=Version(cost=2.0, floor=2.5, worth_less=9.0),
    ),
    Rivals(
        np.array([65.0, 57.0, 72.0]),
        np.array([20.5, 12.5, 30.0]),
        np.array([0.24, 0.08, 0.28]),
        ("acme", "acme", "borealis"),
    ),
    "acme",
    0.5,
    400.0,
    LAW,
    Doubts(Range(0.028, 0.033, 0.041)),
)


def scenes() -> dict[str, Scene]:
    """The scene under each model of demand: three segments, and a spread at five nodes."""
    weights, quality = np.array([0.2, 0.35, 0.45]), np.array([0.4, 1.0, 3.0])
    worth = np.outer([0.0, 2.0, -4.0, 3.5], quality - weights @ quality)
    worth[0] = np.array([60.0, 62.5, 64.5]) - weights @ np.array([60.0, 62.5, 64.5])
    own = replace(SCENE.own, version=replace(SCENE.own.version, worth_less_by_kind=7.5 * quality))
    nodes = gauss_hermite(1, 5)
    factors = np.exp(0.4 * nodes.points[:, 0])
    spread = Kinds(nodes.weights, factors / (factors @ nodes.weights), np.zeros((4, 5)))
    return {
        "plain": SCENE,
        "nests": replace(SCENE, nests=Nests((0,), (0, 1, 1), (0.6, 0.4))),
        "three segments": replace(SCENE, own=own, kinds=Kinds(weights, np.ones(3), worth, quality)),
        "price_spread": replace(SCENE, kinds=spread),
    }


def timed(config: WarConfig, scene: Scene = SCENE) -> tuple[float, float, float]:
    """Seconds of the simulation, of its summary, and of processor time of both."""
    busy, start = time.process_time(), time.perf_counter()
    war = simulate(scene, config)
    middle = time.perf_counter()
    outcome_of(war)
    return middle - start, time.perf_counter() - middle, time.process_time() - busy


def closed_form_gap(paths: int) -> float:
    """The largest gap in survival over 36 months, in points."""
    own = replace(
        SCENE.own,
        costs=SCENE.own.prices,
        floors=SCENE.own.prices,
        fixed_costs=1.0,
        cash=12.0,
        cash_spread=1.0,
        version=None,
    )
    war = simulate(replace(SCENE, own=own), WarConfig(paths=paths), [Policy.HOLD])
    ruined = war.courses[0].ruined_in
    gaps = [
        abs(float((ruined <= month).mean()) - ruin_probability(12.0, -1.0, 1.0, month))
        for month in range(1, 37)
    ]
    return 100.0 * max(gaps)


def compare_models(config: WarConfig, before: list[float]) -> None:
    """What each model of demand costs beside plain logit; a short plain run warms up."""
    timed(replace(config, paths=8_192))
    found = {name: timed(config, scene) for name, scene in scenes().items()}
    plain = found["plain"][2]
    report = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": "python benchmarks/war.py --models",
        "machine": asdict(machine_facts()),
        "paths": config.paths,
        "months": config.months,
        "policies": len(Policy),
        "load_before": before,
        "models": {
            name: {
                "cpu_seconds": round(each[2], 2),
                "clock_seconds": round(each[0] + each[1], 2),
                "times_plain_cpu": round(each[2] / plain, 2),
            }
            for name, each in found.items()
        },
    }
    MODELS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=100_000)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", action="store_true")
    given = parser.parse_args()
    before = [round(each, 2) for each in os.getloadavg()]
    config = WarConfig(paths=given.paths, months=given.months)
    if given.models:
        compare_models(config, before)
        return
    rounds = [timed(config) for _ in range(given.rounds + 1)][1:]
    total = [sum(each[:2]) for each in rounds]
    report = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": f"python benchmarks/war.py --paths {given.paths} --months {given.months} "
        f"--rounds {given.rounds}",
        "machine": asdict(machine_facts()),
        "policies": len(Policy),
        "threads": config.threads,
        "simulate_seconds": [round(each[0], 3) for each in rounds],
        "summarise_seconds": [round(each[1], 3) for each in rounds],
        "cpu_seconds": [round(each[2], 3) for each in rounds],
        "total_seconds_median": round(float(np.median(total)), 3),
        "total_seconds_range": [round(min(total), 3), round(max(total), 3)],
        "load_before": before,
        "closed_form_largest_gap_points": round(closed_form_gap(given.paths), 3),
    }
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
