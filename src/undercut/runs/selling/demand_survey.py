"""Answers to price questions from a file: Van Westendorp, Newton-Miller-Smith, Gabor-Granger."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from undercut.core.errors import ConfigError
from undercut.runs.selling.demand_columns import column_names, read_columns
from undercut.runs.selling.demand_findings import Findings
from undercut.runs.selling.in_file import in_file
from undercut.sell.pricing.demand.estimate import Caution, Note
from undercut.sell.pricing.demand.survey.answers import price_answers
from undercut.sell.pricing.demand.survey.bootstrap import BootstrapConfig
from undercut.sell.pricing.demand.survey.gabor_granger import from_highest_price, gabor_granger
from undercut.sell.pricing.demand.survey.newton_miller_smith import (
    calibrated,
    newton_miller_smith,
)
from undercut.sell.pricing.demand.survey.van_westendorp import van_westendorp

QUESTIONS = ("too_cheap", "cheap", "expensive", "too_expensive")
INTENTS = ("buys_cheap", "buys_expensive")
HIGHEST = "highest"


def price_sensitivity(path: Path, config: BootstrapConfig) -> Findings:
    """The four questions in columns of these names; with intents (1 to 5) trial and revenue too.

    Raises InputError or ConfigError.
    """
    names = column_names(path)
    missing = [name for name in QUESTIONS if name not in names]
    if missing:
        raise ConfigError(
            f"{path}: Van Westendorp needs the columns {', '.join(QUESTIONS)}; "
            f"{', '.join(missing)} missing",
            hint="rename the columns of your survey",
        )
    intents = INTENTS if all(name in names for name in INTENTS) else ()
    table = read_columns(path, [*QUESTIONS, *intents], empty=True)
    with in_file(path):
        answers = price_answers(*(table.numbers[name] for name in QUESTIONS))
        found = van_westendorp(answers, config)
    estimates = [
        found.marginal_cheapness,
        found.optimal,
        found.indifference,
        found.marginal_expensiveness,
    ]
    notes = list(found.notes)
    curve: tuple[tuple[float, float], ...] = ()
    if intents:
        with in_file(path):
            chances = [_chances(table.numbers[name]) for name in intents]
            trial = newton_miller_smith(answers, *chances, config=config)
        estimates += [trial.best_trial_price, trial.best_trial]
        estimates += [trial.best_revenue_price, trial.best_revenue]
        notes += [note for note in trial.notes if note not in notes]
        curve = tuple(zip(trial.prices.tolist(), trial.trial.tolist(), strict=True))
    if answers.dropped and not any(note.caution is Caution.DROPPED_ANSWERS for note in notes):
        text = f"{answers.dropped} answers contradict themselves and were left out"
        notes.append(Note(Caution.DROPPED_ANSWERS, text))
    return Findings(
        "Van Westendorp" + (" with Newton-Miller-Smith" if intents else ""),
        str(path),
        answers.count,
        tuple(estimates),
        tuple(notes),
        curve,
        (("dropped", float(answers.dropped)), ("unanswered", float(answers.unanswered))),
    )


def _chances(intents: np.ndarray) -> np.ndarray:
    """Probabilities behind intents; a missing one counts as would not buy."""
    whole = [0 if math.isnan(each) else each for each in intents.tolist()]
    scale = {0: 0.0, 1: 0.0, 2: 0.1, 3: 0.3, 4: 0.5, 5: 0.7}
    return calibrated(whole, scale)


def would_buy(path: Path, cost: float | None, config: BootstrapConfig) -> Findings:
    """Gabor-Granger: a column for each price (its name is the price) with 1, 0 or nothing; or one
    column `highest` with the highest price that each would pay.

    Raises InputError or ConfigError.
    """
    names = column_names(path)
    if HIGHEST in names:
        most = read_columns(path, [HIGHEST], empty=True).numbers[HIGHEST]
        prices = np.unique(most[~np.isnan(most)])
        with in_file(path):
            answers = from_highest_price(prices, most) if prices.size else np.zeros((0, 0))
    else:
        columns = [name for name in names if _is_price(name)]
        if len(columns) < 2:
            raise ConfigError(
                f"{path}: Gabor-Granger needs two or more columns whose names are prices, or one "
                f"named {HIGHEST!r}; found {', '.join(names)}",
                hint="10,20,30 as header; 1 would buy, 0 would not, empty: not asked",
            )
        table = read_columns(path, columns, empty=True)
        prices = np.array([float(name) for name in columns])
        answers = np.column_stack([table.numbers[name] for name in columns])
    with in_file(path):
        found = gabor_granger(prices, answers, cost=cost, config=config)
    return Findings(
        "Gabor-Granger",
        str(path),
        int(answers.shape[0]),
        (found.best, *found.demand),
        found.notes,
        tuple((float(p), each.value) for p, each in zip(found.prices, found.demand, strict=True)),
        tuple(
            (f"elasticity {low:g} to {high:g}", float(value))
            for low, high, value in zip(
                found.prices[:-1], found.prices[1:], found.elasticity, strict=True
            )
        ),
    )


def _is_price(name: str) -> bool:
    try:
        return math.isfinite(float(name)) and float(name) > 0.0
    except ValueError:
        return False
