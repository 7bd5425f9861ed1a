"""Gabor & Granger (1966): who would buy at each of a few prices, and which price earns most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.estimate import Caution, Estimate, Note, Says
from undercut.sell.pricing.demand.model import FloatArray, vector
from undercut.sell.pricing.demand.survey.bootstrap import BootstrapConfig, bootstrap


@dataclass(frozen=True, slots=True)
class GaborGranger:
    """demand: share that buys at each of (P,) `prices`, not rising; raw: as answered.

    revenue, profit: at each price, a respondent; profit is None where no cost was given.
    best: the tested price that earns most (profit where there is a cost, else revenue).
    elasticity: (P - 1,) arc elasticities between neighbouring prices.
    """

    prices: FloatArray
    demand: tuple[Estimate, ...]
    raw: FloatArray
    revenue: FloatArray
    profit: FloatArray | None
    best: Estimate
    elasticity: FloatArray
    notes: tuple[Note, ...]


def gabor_granger(
    prices: ArrayLike,
    would_buy: ArrayLike,
    *,
    cost: float | None = None,
    config: BootstrapConfig | None = None,
) -> GaborGranger:
    """Demand curve from (N, P) answers, 1 would buy and 0 not, nan where that price was not asked.

    Shares that rise with the price are pooled with their neighbours (isotonic regression, Ayer et
    al. 1955). cost: of a unit. Raises InputError for fewer than two prices, one nobody was asked,
    or answers other than 0, 1 and nan.
    """
    config = config or BootstrapConfig()
    asked = vector("prices", prices)
    table = np.array(would_buy, dtype=np.float64)
    _check(asked, table, cost)
    order = np.argsort(asked)
    asked, table = asked[order], table[:, order]

    def statistic(places: NDArray[np.int64]) -> FloatArray:
        demand = _falling(table[places])
        earned = (asked - (cost or 0.0)) * demand
        best = asked[int(np.nanargmax(earned))] if np.isfinite(earned).any() else np.nan
        return np.append(demand, best)

    names = (*(f"buys at {each:g}" for each in asked), "best price")
    estimates, _ = bootstrap(names, statistic, table.shape[0], config)
    demand = np.array([each.value for each in estimates[:-1]])
    raw = np.nanmean(table, axis=0)
    return GaborGranger(
        asked,
        estimates[:-1],
        raw,
        asked * demand,
        None if cost is None else (asked - cost) * demand,
        estimates[-1],
        _arc_elasticity(asked, demand),
        _notes(asked, table, raw, demand, estimates[-1]),
    )


def from_highest_price(prices: ArrayLike, highest: ArrayLike) -> FloatArray:
    """(N, P) answers from the highest tested price each of N would pay, nan for none of them."""
    asked, most = vector("prices", prices), np.array(highest, dtype=np.float64)
    return (asked[None, :] <= np.nan_to_num(most, nan=-np.inf)[:, None]).astype(np.float64)


def _check(asked: FloatArray, table: FloatArray, cost: float | None) -> None:
    if asked.size < 2 or np.unique(asked).size < asked.size:
        raise InputError(f"at least two different prices must be asked, got {asked.tolist()}")
    if asked.min() <= 0.0:
        raise InputError(f"prices must be above 0, got {asked.min()}")
    if table.ndim != 2 or table.shape[0] == 0 or table.shape[1] != asked.size:
        raise InputError(f"answers must be (respondents, {asked.size}), got {table.shape}")
    if not np.isin(table[~np.isnan(table)], (0.0, 1.0)).all():
        raise InputError("answers must be 1 (would buy), 0 (would not) or nan (not asked)")
    if np.isnan(table).all(axis=0).any():
        raise InputError("nobody was asked one of the prices; leave it out")
    if cost is not None and not 0.0 <= cost < np.inf:
        raise InputError(f"a cost must not be below 0, got {cost}")


def _falling(table: FloatArray) -> FloatArray:
    """(P,) shares that buy, pooled until none rises with the price; nan where nobody was asked."""
    counts = (~np.isnan(table)).sum(axis=0).astype(np.float64)
    buyers = np.nansum(table, axis=0)
    blocks: list[list[float]] = []  # buyers, asked, prices pooled
    for bought, count in zip(buyers, counts, strict=True):
        blocks.append([bought, count, 1])
        while len(blocks) > 1 and blocks[-1][0] * blocks[-2][1] > blocks[-2][0] * blocks[-1][1]:
            last = blocks.pop()
            blocks[-1] = [mine + other for mine, other in zip(blocks[-1], last, strict=True)]
    return np.concatenate(
        [
            np.full(int(width), bought / count if count else np.nan)
            for bought, count, width in blocks
        ]
    )


def _arc_elasticity(prices: FloatArray, demand: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.diff(demand) / ((demand[1:] + demand[:-1]) / 2.0)
        found: FloatArray = change / (np.diff(prices) / ((prices[1:] + prices[:-1]) / 2.0))
    return found


def _notes(
    asked: FloatArray, table: FloatArray, raw: FloatArray, demand: FloatArray, best: Estimate
) -> tuple[Note, ...]:
    notes = []
    if np.abs(raw - demand).max() > 1e-12:
        text = "some share rose with the price: pooled"
        notes.append(Note(Caution.INCONSISTENT, text, Says.POOLED))
    end = {asked[0]: "lowest", asked[-1]: "highest"}.get(best.value)
    if end is not None:
        notes.append(
            Note(
                Caution.AT_EDGE,
                f"the best price {best.value:g} is the {end} asked: better ones may lie beyond",
                Says.BEST_AT_END,
                {"price": f"{best.value:g}"},
            )
        )
    if table.shape[0] < 30:
        notes.append(
            Note(
                Caution.FEW_OBSERVATIONS,
                f"{table.shape[0]} respondents; want 30 or more",
                Says.FEW_RESPONDENTS,
                {"count": f"{table.shape[0]}", "wanted": "30"},
            )
        )
    return tuple(notes)
