"""Many markets observed: products, shares, prices, characteristics and instruments."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.fixed_effects import codes
from undercut.sell.pricing.demand.model import FloatArray, market_shares, matrix, vector

PRICES = "prices"


@dataclass(frozen=True, slots=True)
class Panel:
    """One row a product and market.

    markets: (N,) ids. shares: (N,) of all buyers of the market. prices: (N,).
    linear: (N, K1) characteristics of mean utility, with names; prices come last under the name
    'prices' where `price_is_linear`. instruments: (N, M) excluded from utility.
    absorb: (N,) ids of fixed effects, any number of groupings. clusters: (N,) ids for standard
    errors, None for robust ones.
    Raises InputError for shapes that do not fit, missing numbers, or shares of a market that sum to
    1 or more.
    """

    markets: NDArray[np.int64]
    shares: FloatArray
    prices: FloatArray
    linear: FloatArray
    linear_names: tuple[str, ...]
    instruments: FloatArray
    price_is_linear: bool = True
    absorb: tuple[NDArray[np.int64], ...] = ()
    clusters: NDArray[np.int64] | None = None
    market_names: tuple[Hashable, ...] = field(default=())

    @property
    def rows(self) -> int:
        """N."""
        return int(self.shares.size)

    @property
    def market_count(self) -> int:
        """T."""
        return len(self.market_names)

    def rows_of(self, market: Hashable) -> NDArray[np.int64]:
        """Row numbers of one market; InputError where there is none of that name."""
        if market not in self.market_names:
            raise InputError(f"no market {market!r} in the panel")
        return np.flatnonzero(self.markets == self.market_names.index(market))

    def design(self) -> tuple[FloatArray, tuple[str, ...]]:
        """(N, K) regressors of mean utility and their names, prices last."""
        if not self.price_is_linear:
            return self.linear, self.linear_names
        return np.column_stack([self.linear, self.prices]), (*self.linear_names, PRICES)

    def all_instruments(self) -> FloatArray:
        """(N, M + K1) excluded instruments and the characteristics, which instrument themselves."""
        return np.column_stack([self.instruments, self.linear])

    def outside_shares(self) -> FloatArray:
        """(N,) share of the row's market that buys nothing."""
        sums = np.zeros(self.market_count)
        np.add.at(sums, self.markets, self.shares)
        left: FloatArray = 1.0 - sums[self.markets]
        return left


def panel(
    *,
    markets: Sequence[Hashable] | NDArray[np.generic],
    shares: FloatArray,
    prices: FloatArray,
    instruments: FloatArray,
    linear: FloatArray | None = None,
    linear_names: Sequence[str] = (),
    price_is_linear: bool = True,
    absorb: Sequence[Sequence[Hashable] | NDArray[np.generic]] = (),
    clusters: Sequence[Hashable] | NDArray[np.generic] | None = None,
) -> Panel:
    """A checked Panel from columns; see there."""
    prices = vector("prices", prices)
    rows = prices.size
    if len(markets) != rows:
        raise InputError(f"markets must have {rows} entries, got {len(markets)}")
    ids = codes(markets)
    names = tuple(dict.fromkeys(markets.tolist() if isinstance(markets, np.ndarray) else markets))
    shares = vector("shares", shares, rows)
    for number, name in enumerate(names):
        _check_market(shares[ids == number], name)
    columns = np.empty((rows, 0)) if linear is None else matrix("linear", linear, rows)
    if len(linear_names) != columns.shape[1]:
        raise InputError(f"{columns.shape[1]} characteristics need names, got {len(linear_names)}")
    return Panel(
        ids,
        shares,
        prices,
        columns,
        tuple(linear_names),
        matrix("instruments", instruments, rows),
        price_is_linear,
        tuple(codes(each) for each in absorb),
        None if clusters is None else codes(clusters),
        names,
    )


def _check_market(shares: FloatArray, name: Hashable) -> None:
    try:
        market_shares(shares)
    except InputError as error:
        raise InputError(f"market {name!r}: {error.message}", hint=error.hint) from error
