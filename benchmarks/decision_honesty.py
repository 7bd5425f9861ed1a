"""How often the whole decision is wrong about a plan it certifies.

    python benchmarks/decision_honesty.py [--out out/demo] [--resplits 200]

Takes the stored predictions of a finished run on its tune, certify and test rows as a population
whose truth is known. Each resplit draws fresh tune and certify rows from it (with replacement, so
that the population's rates are the truth), lets the planner choose and certify from scratch, and
then asks the population whether the plan really keeps the promised share of its teacher's
accuracy. A certificate at 95% confidence may be wrong in at most 5% of resplits, plus noise.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import numpy as np

from undercut.build.planning.decide import DecideConfig, Judged, decide
from undercut.core.price_files import load_prices
from undercut.runs.config import RunConfig
from undercut.runs.machine import machine_facts
from undercut.runs.progress import Silence
from undercut.runs.recipe import choose_recipe
from undercut.runs.report.files import load_report
from undercut.runs.stages import open_stages
from undercut.runs.steps.candidates import make_candidates
from undercut.runs.steps.costs import measure_candidates
from undercut.runs.steps.data import make_data
from undercut.runs.steps.planning import TEACHER_FAMILIES
from undercut.runs.steps.predictions import make_predictions


def population(out: Path) -> tuple[Judged, dict[str, float], list[str], tuple[int, int]]:
    """All held-out rows of a finished run, its costs, its teachers, its tune and certify sizes."""
    config = RunConfig.model_validate(load_report(out).config)
    with open_stages(
        out,
        price=load_prices().host(config.host),
        budget=None,
        progress=Silence(),
        created_by="benchmark",
    ) as stages:
        made, data = make_data(stages, config)
        candidates = make_candidates(stages, made, data, choose_recipe(config, data))
        predictions = make_predictions(stages, made, data, candidates)
        costs = measure_candidates(stages, data, candidates, machine_facts(), seed=config.seed)[1]
    parts = data.parts()
    labels = np.concatenate([part.labels for part in parts.values()])
    arrays = {
        name: np.concatenate([by_part[part] for part in parts])
        for name, by_part in predictions.arrays.items()
    }
    teachers = [c.name for c in candidates if c.family in TEACHER_FAMILIES]
    seconds = {name: cost.seconds_per_text for name, cost in costs.items()}
    return Judged(labels, arrays), seconds, teachers, (len(data.tune), len(data.certify))


def draw(pool: Judged, rows: int, random: np.random.Generator) -> Judged:
    """Rows of the population, with replacement."""
    chosen = random.integers(0, len(pool.labels), size=rows)
    return Judged(pool.labels[chosen], {n: a[chosen] for n, a in pool.predictions.items()})


def main() -> None:
    """Resplit, count, print."""
    parser = argparse.ArgumentParser(description="Honesty of certified plans over resplits.")
    parser.add_argument("--out", type=Path, default=Path("out/demo"))
    parser.add_argument("--resplits", type=int, default=200)
    parser.add_argument("--keep", type=float, default=0.99)
    parser.add_argument("--confidence", type=float, default=0.95)
    parser.add_argument("--results", type=Path)
    arguments = parser.parse_args()
    pool, seconds, teachers, (tune_rows, certify_rows) = population(arguments.out)
    config = DecideConfig(keep=arguments.keep, confidence=arguments.confidence)
    random = np.random.default_rng(0)
    certified = violated = 0
    savings, shares = [], []
    for number in range(arguments.resplits):
        decision = decide(
            draw(pool, tune_rows, random),
            draw(pool, certify_rows, random),
            seconds,
            teachers,
            config,
        )
        if decision.is_teacher or decision.chosen is None:
            continue
        certified += 1
        share = pool.right(decision.plan).mean() / pool.right(decision.teacher).mean()
        violated += bool(share < arguments.keep)
        shares.append(float(share))
        teacher_seconds = sum(seconds[name] for name in decision.teacher.models)
        savings.append(teacher_seconds / decision.chosen.seconds_per_text)
        if (number + 1) % 20 == 0:
            print(f"{number + 1} resplits: {certified} certified, {violated} violated", flush=True)
    allowed = 1 - arguments.confidence
    noise = 2 * math.sqrt(allowed * (1 - allowed) / arguments.resplits)
    result = {
        "command": "python benchmarks/decision_honesty.py",
        "population_rows": len(pool.labels),
        "tune_rows": tune_rows,
        "certify_rows": certify_rows,
        "keep": arguments.keep,
        "confidence": arguments.confidence,
        "resplits": arguments.resplits,
        "certified": certified,
        "violated": violated,
        "violated_fraction": violated / arguments.resplits,
        "allowed_fraction": allowed,
        "two_standard_errors": noise,
        "median_share_kept": float(np.median(shares)) if shares else None,
        "median_saving_against_teacher": float(np.median(savings)) if savings else None,
    }
    text = json.dumps(result, indent=1)
    print(text)
    if arguments.results is not None:
        arguments.results.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
