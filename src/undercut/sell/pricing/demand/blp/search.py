"""The search for the tastes that minimise the GMM objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.blp.objective import Evaluated, Objective
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.demand.moments import Concentrated


class SearchConfig(Protocol):
    """What the search is told."""

    @property
    def gradient_tolerance(self) -> float: ...
    @property
    def most_evaluations(self) -> int: ...
    @property
    def optimise(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Search:
    """values: (P,) where the search ended, best: the objective there.

    hessian_eigenvalues: smallest and largest, nan where not computed.
    """

    values: FloatArray
    best: Evaluated
    hessian_eigenvalues: tuple[float, float]
    converged: bool
    evaluations: int
    why: str


def search(
    objective: Objective,
    linear: Concentrated,
    start: FloatArray,
    config: SearchConfig,
    delta: FloatArray | None = None,
) -> Search:
    """BFGS with the exact gradient; each inversion starts where the best one so far ended.

    Raises InputError where the inversion fails at the start.
    """
    memory = _Memory(objective, linear, objective.plain_delta() if delta is None else delta)
    first = memory.at(start)
    if not np.isfinite(first.value):
        raise InputError(
            "shares cannot be inverted at the starting values",
            hint="starting values nearer to 0",
        )
    values, evaluations, why = start, 1, "not searched"
    if config.optimise:
        values, evaluations, why = _minimise(memory, start, config)
    best = memory.at(values)
    small = bool(np.abs(best.gradient).max() <= config.gradient_tolerance)
    return Search(
        values,
        best,
        _hessian_range(memory, values, best),
        small or not config.optimise,
        evaluations,
        why,
    )


class _Memory:
    """Evaluates, and remembers the mean utilities of the best point as the next start."""

    def __init__(self, objective: Objective, linear: Concentrated, delta: FloatArray) -> None:
        self.objective, self.linear = objective, linear
        self.delta, self.lowest, self.steepest = delta, np.inf, np.zeros(objective.free.count)

    def at(self, values: FloatArray) -> Evaluated:
        found = self.objective.at(values, self.linear, self.delta)
        if found.value < self.lowest:
            self.delta, self.lowest = found.inverted.delta, found.value
            self.steepest = found.gradient
        return found

    def value_and_gradient(self, values: FloatArray) -> tuple[float, FloatArray]:
        found = self.at(values)
        if np.isfinite(found.value):
            return found.value, found.gradient
        # a point where shares cannot be inverted: high and steep, so that the line search turns
        return 10.0 * abs(self.lowest) + 1.0, self.steepest


def _minimise(
    memory: _Memory, start: FloatArray, config: SearchConfig
) -> tuple[FloatArray, int, str]:
    from scipy.optimize import minimize

    result = minimize(
        memory.value_and_gradient,
        start,
        jac=True,
        method="BFGS",
        options={"gtol": config.gradient_tolerance, "maxiter": config.most_evaluations},
    )
    return result.x, int(result.nfev), f"the search ended with: {result.message}"


def _hessian_range(memory: _Memory, values: FloatArray, best: Evaluated) -> tuple[float, float]:
    """Smallest and largest eigenvalue by central differences of the exact gradient."""
    columns = []
    for place in range(values.size):
        width = 1e-5 * max(1.0, abs(values[place]))
        ends = []
        for sign in (1.0, -1.0):
            moved = values.copy()
            moved[place] += sign * width
            ends.append(memory.objective.at(moved, memory.linear, best.inverted.delta).gradient)
        columns.append((ends[0] - ends[1]) / (2.0 * width))
    hessian = np.column_stack(columns)
    if not np.isfinite(hessian).all():
        return (float("nan"), float("nan"))
    roots = np.linalg.eigvalsh((hessian + hessian.T) / 2.0)
    return (float(roots[0]), float(roots[-1]))
