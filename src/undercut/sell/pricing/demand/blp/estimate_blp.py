"""Random-coefficient logit estimated by GMM in one or two steps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from undercut.core.errors import ConfigError, InputError
from undercut.sell.pricing.demand.blp.buyers import Buyers
from undercut.sell.pricing.demand.blp.objective import Evaluated, Objective
from undercut.sell.pricing.demand.blp.panel import PRICES, Panel
from undercut.sell.pricing.demand.blp.parameters import Free, Tastes
from undercut.sell.pricing.demand.blp.search import Search, search
from undercut.sell.pricing.demand.estimate import Caution, Estimate, Note, normal_estimate
from undercut.sell.pricing.demand.fixed_effects import absorb
from undercut.sell.pricing.demand.mixed import MixedLogit
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.demand.moments import (
    Concentrated,
    first_weight,
    moment_covariance,
    sandwich,
)


@dataclass(frozen=True, slots=True)
class BlpConfig:
    """steps: 1 or 2 of GMM. gradient_tolerance: where the search ends, on the largest entry.

    most_evaluations: of the objective, a step. confidence: of the intervals.
    optimise: False evaluates at the starting values only.
    """

    steps: int = 2
    gradient_tolerance: float = 1e-5
    most_evaluations: int = 500
    confidence: float = 0.95
    optimise: bool = True

    def __post_init__(self) -> None:
        if self.steps not in (1, 2):
            raise ConfigError(f"GMM has 1 or 2 steps, got {self.steps}")
        if not self.gradient_tolerance > 0.0 or self.most_evaluations < 1:
            raise ConfigError("gradient_tolerance and most_evaluations must be above 0")


@dataclass(frozen=True, slots=True)
class BlpResult:
    """parameters: linear ones, then tastes, each with its interval; notes: what to mind.

    objective: N g'Wg of the last step. gradient_norm: its largest entry. hessian_eigenvalues: (2,)
    smallest and largest, both above 0 at a strict minimum. delta: (N,) mean utilities.
    """

    parameters: tuple[Estimate, ...]
    tastes: Tastes
    objective: float
    gradient: FloatArray
    hessian_eigenvalues: tuple[float, float]
    delta: FloatArray
    residual: FloatArray
    converged: bool
    evaluations: int
    notes: tuple[Note, ...]
    panel: Panel
    buyers: Buyers

    def parameter(self, name: str) -> Estimate:
        """One estimate by name; InputError where there is none."""
        for each in self.parameters:
            if each.name == name:
                return each
        raise InputError(f"no parameter {name!r}", hint=str([p.name for p in self.parameters]))

    def demand_in(self, market: object) -> tuple[MixedLogit, FloatArray]:
        """Demand of one market of the panel, and the prices observed there.

        Raises InputError for a market that is not in the panel.
        """
        rows = self.panel.rows_of(market)
        number = self.panel.markets[rows[0]]
        buyers, prices = self.buyers, self.panel.prices[rows]
        taste = (
            self.tastes.sigma @ buyers.nodes[number] + self.tastes.pi @ buyers.demographics[number]
        )
        coefficients = np.zeros(taste.shape[1])
        if buyers.price_place is not None:
            coefficients = coefficients + taste[buyers.price_place]
        if self.panel.price_is_linear:
            coefficients = coefficients + self.parameter(PRICES).value
        values = self.delta[rows][:, None] + buyers.characteristics[rows] @ taste
        values -= prices[:, None] * coefficients
        return MixedLogit(values, coefficients, buyers.weights[number]), prices


def estimate_blp(panel: Panel, buyers: Buyers, start: Tastes, config: BlpConfig) -> BlpResult:
    """Estimate tastes and mean utility from a panel of markets.

    Raises InputError where shapes do not fit or instruments cannot identify the parameters, and
    where the inversion fails already at the starting values.
    """
    if start.sigma.shape[0] != len(buyers.names):
        raise InputError(f"sigma must be {len(buyers.names)} wide, got {start.sigma.shape}")
    free = Free.of(start)
    objective = Objective.of(panel, buyers, free)
    names = panel.design()[1]
    columns = absorb(np.column_stack([panel.design()[0], panel.all_instruments()]), panel.absorb)
    design, instruments = columns[:, : len(names)], columns[:, len(names) :]
    _check_identified(instruments.shape[1], len(names), free.count)
    linear = Concentrated.of(design, instruments, first_weight(instruments))
    found = search(objective, linear, free.vector(start), config)
    if config.steps == 2:
        spread = moment_covariance(
            found.best.residual, instruments, clusters=panel.clusters, centred=True
        )
        weight = np.linalg.inv(spread).astype(np.float64)
        linear = Concentrated.of(design, instruments, (weight + weight.T) / 2.0)
        again = search(objective, linear, found.values, config, found.best.inverted.delta)
        found = replace(again, evaluations=found.evaluations + again.evaluations)
    return _result(objective, linear, found, (*names, *free.names(buyers)), config)


def _check_identified(instruments: int, linear: int, free: int) -> None:
    if instruments < linear + free:
        raise InputError(
            f"{linear + free} parameters need as many instruments, got {instruments}",
            hint="more instruments, or fewer tastes that differ",
        )


def _result(
    objective: Objective,
    linear: Concentrated,
    found: Search,
    names: tuple[str, ...],
    config: BlpConfig,
) -> BlpResult:
    best, panel = found.best, objective.panel
    errors = _standard_errors(objective, linear, best)
    values = np.concatenate([best.beta, found.values])
    parameters = tuple(
        normal_estimate(name, float(value), float(error), config.confidence)
        for name, value, error in zip(names, values, errors, strict=True)
    )
    return BlpResult(
        parameters,
        objective.free.tastes(found.values),
        best.value,
        best.gradient,
        found.hessian_eigenvalues,
        best.delta,
        best.residual,
        found.converged,
        found.evaluations,
        _notes(found, parameters, panel),
        panel,
        objective.buyers,
    )


def _standard_errors(objective: Objective, linear: Concentrated, best: Evaluated) -> FloatArray:
    """(K + P,) robust or clustered; nan where the moments do not identify the parameters."""
    rows = objective.panel.rows
    jacobian = np.column_stack([-linear.design, best.delta_slopes])
    slopes = linear.instruments.T @ jacobian / rows
    spread = moment_covariance(
        best.residual, linear.instruments, clusters=objective.panel.clusters, centred=True
    )
    try:
        covariance = sandwich(slopes, linear.weight, spread, rows)
    except np.linalg.LinAlgError:
        return np.full(jacobian.shape[1], np.nan)
    return np.sqrt(np.where(np.diag(covariance) >= 0.0, np.diag(covariance), np.nan))


def _notes(found: Search, parameters: tuple[Estimate, ...], panel: Panel) -> tuple[Note, ...]:
    notes = []
    if not found.converged:
        notes.append(Note(Caution.NO_CONVERGENCE, found.why))
    if found.hessian_eigenvalues[0] <= 0.0:
        notes.append(
            Note(Caution.NOT_IDENTIFIED, "the objective is flat or not convex at the estimate")
        )
    if any(not np.isfinite(each.standard_error) for each in parameters):
        notes.append(Note(Caution.NOT_IDENTIFIED, "standard errors do not exist for all tastes"))
    for each in parameters:
        if each.name == PRICES and each.high >= 0.0:
            notes.append(Note(Caution.WRONG_SIGN, f"the price coefficient may be above 0: {each}"))
    if panel.market_count < 2:
        notes.append(
            Note(Caution.FEW_OBSERVATIONS, "one market only: tastes are hardly identified")
        )
    return tuple(notes)
