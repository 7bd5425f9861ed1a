"""What is not known of a war, as ranges; those without a source are assumptions of ours.

They are wide on purpose: an answer that survives them does not hang on our guesses, and one that
does not is reported with the doubt that turns it.
"""

from __future__ import annotations

from dataclasses import dataclass

from undercut.sell.pricing.war.ranges import Kind, Range

RIVAL_COST = Range(0.7, 1.0, 1.4)
RECONSIDER = Range(0.08, 0.25, 0.6, Kind.FRACTION)
GROWTH = Range(-0.02, 0.0, 0.03, Kind.PLAIN)
PROGRESS_RATIO = Range(0.7, 0.85, 0.97, Kind.FRACTION)
RIVAL_DOUBLING_MONTHS = Range(6.0, 18.0, 48.0)
# about the chance in the classic Edgeworth cycle of patient firms: `relent_chance(0.99)` is 0.709
RELENT = Range(0.3, 0.7, 0.9, Kind.FRACTION)
RIVAL_CASH_MONTHS = Range(3.0, 12.0, 48.0)


@dataclass(frozen=True, slots=True)
class Doubts:
    """What is not known exactly. Ranges hold with 90%.

    price_coefficient: of logit demand, as its size (above 0), per unit of money. rival_cost:
    factor on rivals' unit costs. reconsider: share of buyers who look around in a month; the rest
    stay where they are. growth: of all buyers, a month. market_spread: standard deviation of
    that growth from month to month. progress_ratio: of the rival's cost at doubled volume.
    rival_doubling_months: how long the rival needs, at its volume before the cut, to double what
    it ever made. relent: chance a month that an undercutting rival raises at the bottom.
    rival_cash_months: how many months of its present loss a rival can pay.
    """

    price_coefficient: Range
    rival_cost: Range = RIVAL_COST
    reconsider: Range = RECONSIDER
    growth: Range = GROWTH
    market_spread: float = 0.05
    progress_ratio: Range = PROGRESS_RATIO
    rival_doubling_months: Range = RIVAL_DOUBLING_MONTHS
    relent: Range = RELENT
    rival_cash_months: Range = RIVAL_CASH_MONTHS
