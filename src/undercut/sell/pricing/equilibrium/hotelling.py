"""Two firms at the ends of a line, buyers spread evenly between them: Hotelling (1929)."""

from __future__ import annotations

from dataclasses import dataclass

from undercut.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Hotelling:
    """prices, shares, profits (a buyer) of firm 1 and firm 2.

    covered: every buyer buys; always so here. squeezed_out: the firm that sells nothing because
    the other is cheaper by more than the line is long, None where both sell.
    """

    prices: tuple[float, float]
    shares: tuple[float, float]
    profits: tuple[float, float]
    squeezed_out: int | None


def hotelling(cost_1: float, cost_2: float, transport: float) -> Hotelling:
    """Equilibrium prices with linear `transport` cost over a line of length 1.

    p_i = transport + (2 c_i + c_j) / 3 while both sell, that is |c_1 - c_2| < 3 transport; beyond
    that the cheaper firm serves all at the dearer one's cost less `transport`.
    Raises InputError for a transport cost that is not above 0 or a cost below 0.

    >>> [round(price, 4) for price in hotelling(1.0, 0.5, 1.0).prices]
    [1.8333, 1.6667]
    """
    if not (transport > 0.0 and transport < float("inf")):
        raise InputError(f"the transport cost must be above 0, got {transport}")
    for cost in (cost_1, cost_2):
        if not 0.0 <= cost < float("inf"):
            raise InputError(f"costs must not be below 0, got {cost}")
    if abs(cost_1 - cost_2) >= 3.0 * transport:
        return _one_serves_all(cost_1, cost_2, transport)
    prices = (
        transport + (2.0 * cost_1 + cost_2) / 3.0,
        transport + (2.0 * cost_2 + cost_1) / 3.0,
    )
    share = 0.5 + (prices[1] - prices[0]) / (2.0 * transport)
    shares = (share, 1.0 - share)
    profits = ((prices[0] - cost_1) * share, (prices[1] - cost_2) * (1.0 - share))
    return Hotelling(prices, shares, profits, None)


def _one_serves_all(cost_1: float, cost_2: float, transport: float) -> Hotelling:
    first_wins = cost_1 < cost_2
    limit = max(cost_1, cost_2) - transport
    profit = limit - min(cost_1, cost_2)
    if first_wins:
        return Hotelling((limit, cost_2), (1.0, 0.0), (profit, 0.0), 2)
    return Hotelling((cost_1, limit), (0.0, 1.0), (0.0, profit), 1)
