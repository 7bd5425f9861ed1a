"""The search for the tastes that minimise the GMM objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.blp.objective import Evaluated, Objective
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.demand.moments import Concentrated

_MOST_NEWTON = 6
_DECREMENT = 1e-10


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
    if not config.optimise:
        return Search(start, first, _range(_hessian(memory, start, first)), True, 1, "not searched")
    values, evaluations, why = _minimise(memory, start, config)
    values, best, hessian = _polish(memory, values)
    small = bool(np.abs(best.gradient).max() <= config.gradient_tolerance)
    done = small or _decrement(hessian, best) <= _DECREMENT * max(1.0, best.value)
    return Search(values, best, _range(hessian), done, evaluations, why)


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


def _polish(memory: _Memory, values: FloatArray) -> tuple[FloatArray, Evaluated, FloatArray]:
    """Newton steps from where BFGS stopped for want of precision, while each lowers the gradient.

    Returns values, the objective and its Hessian there.
    """
    best = memory.at(values)
    hessian = _hessian(memory, values, best)
    for _ in range(_MOST_NEWTON):
        if not _range(hessian)[0] > 0.0 or np.abs(best.gradient).max() <= 1e-9:
            break
        moved = values - np.linalg.solve(hessian, best.gradient)
        new = memory.at(moved)
        if not np.linalg.norm(new.gradient) < np.linalg.norm(best.gradient):
            break
        values, best = moved, new
        hessian = _hessian(memory, values, best)
    return values, best, hessian


def _decrement(hessian: FloatArray, best: Evaluated) -> float:
    """g' H^-1 g: twice what a Newton step would still win; inf unless the Hessian is positive."""
    if not _range(hessian)[0] > 0.0:
        return float("inf")
    return float(best.gradient @ np.linalg.solve(hessian, best.gradient))


def _hessian(memory: _Memory, values: FloatArray, best: Evaluated) -> FloatArray:
    """(P, P) by central differences of the exact gradient; not finite where inversion fails."""
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
    symmetric: FloatArray = (hessian + hessian.T) / 2.0
    return symmetric


def _range(hessian: FloatArray) -> tuple[float, float]:
    """Smallest and largest eigenvalue, nan where the matrix is not finite."""
    if not np.isfinite(hessian).all():
        return (float("nan"), float("nan"))
    roots = np.linalg.eigvalsh(hessian)
    return (float(roots[0]), float(roots[-1]))
