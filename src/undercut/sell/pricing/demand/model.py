"""The one thing that equilibrium, tiers and wars need of demand: shares and how they move.

Prices and everything derived from them are floats in one currency unit here: these are models
fitted to noisy data, with exponentials in them. Money is Decimal where prices come in and go out
(`market.py`); nothing that is booked or billed passes through these numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from undercut.core.errors import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Response:
    """Demand at a price vector, split as Morrow & Skerlos (2011) need it.

    shares: (J,). slope: (J,), negative where demand falls in the own price, before the part of
    buyers that a product loses to itself is given back. overlap: (J, J), symmetric for buyers
    who differ only in what they value. d shares_j / d price_k = [j = k] slope_j - overlap_jk.
    """

    shares: FloatArray
    slope: FloatArray
    overlap: FloatArray

    def jacobian(self) -> FloatArray:
        """(J, J): row j, column k holds d shares_j / d price_k."""
        return np.diag(self.slope) - self.overlap


class Demand(Protocol):
    """Buyers who pick one of J products or nothing."""

    @property
    def products(self) -> int:
        """J."""
        ...

    def shares(self, prices: FloatArray) -> FloatArray:
        """(J,) shares of all buyers at (J,) prices; what is missing to 1 buys nothing."""
        ...

    def response(self, prices: FloatArray) -> Response:
        """Shares and their derivatives at (J,) prices."""
        ...

    def jacobian(self, prices: FloatArray) -> FloatArray:
        """(J, J) d shares_j / d price_k."""
        ...

    def surplus(self, prices: FloatArray) -> float:
        """Expected consumer surplus a buyer, in money, up to a constant that prices leave alone."""
        ...


def elasticities(demand: Demand, prices: FloatArray) -> FloatArray:
    """(J, J) price elasticities: row j, column k holds d log shares_j / d log price_k."""
    response = demand.response(prices)
    return response.jacobian() * prices[None, :] / response.shares[:, None]


def diversion(demand: Demand, prices: FloatArray) -> FloatArray:
    """(J, J) diversion ratios: of the buyers whom j loses by a dearer price, the part k gains.

    The diagonal holds the part that buys nothing any more (Conlon & Mortimer 2021, eq. 1).
    """
    slopes = demand.jacobian(prices)
    ratios = -(slopes / np.diag(slopes)[None, :]).T
    np.fill_diagonal(ratios, 0.0)
    np.fill_diagonal(ratios, 1.0 - ratios.sum(axis=1))
    return ratios


def vector(name: str, values: ArrayLike, length: int | None = None) -> FloatArray:
    """A copy of `values` as a finite float vector, of `length` where one is expected.

    Raises InputError that names the vector and its first bad entry.
    """
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be numbers, got {values!r}") from error
    if array.ndim != 1 or array.size == 0:
        raise InputError(f"{name} must be a non-empty list of numbers, got shape {array.shape}")
    if length is not None and array.size != length:
        raise InputError(f"{name} must have {length} entries, one a product, got {array.size}")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise InputError(f"{name} must be finite numbers, got {array[bad[0]]} at place {bad[0]}")
    return array


def matrix(name: str, values: ArrayLike, rows: int | None = None) -> FloatArray:
    """A copy of `values` as a finite float matrix, with `rows` rows where that is given.

    A vector is one column. Raises InputError that names the matrix.
    """
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be a table of numbers: {error}") from error
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2:
        raise InputError(f"{name} must be a table, got shape {array.shape}")
    if rows is not None and array.shape[0] != rows:
        raise InputError(f"{name} must have {rows} rows, got {array.shape[0]}")
    bad = np.argwhere(~np.isfinite(array))
    if bad.size:
        row, column = bad[0]
        raise InputError(
            f"{name} must hold finite numbers, got {array[row, column]} in row {row}, "
            f"column {column}",
            hint="fill or drop rows with missing values before estimating",
        )
    return array


def market_shares(values: ArrayLike, *, outside: bool = True) -> FloatArray:
    """(J,) shares of one market, checked: each above 0, together below 1 (1 without outside).

    Raises InputError that says what the shares sum to.
    """
    shares = vector("shares", values)
    low = np.flatnonzero(shares <= 0.0)
    if low.size:
        raise InputError(
            f"shares must be above 0, got {shares[low[0]]} at place {low[0]}",
            hint="leave out products that nobody bought: no finite utility explains them",
        )
    total = float(shares.sum())
    if total > 1.0 + 1e-9 or (outside and total >= 1.0):
        limit = "less than 1, the rest buys nothing" if outside else "1"
        raise InputError(
            f"shares must sum to {limit}; they sum to {total:.6g}",
            hint="divide by all possible buyers, not by all buyers; shares are fractions, not %",
        )
    if not outside and total < 1.0 - 1e-9:
        raise InputError(f"without an outside option shares must sum to 1, got {total:.6g}")
    return shares
