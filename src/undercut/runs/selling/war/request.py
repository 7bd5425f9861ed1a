"""What is asked of a war, as people write it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from undercut.core.errors import ConfigError
from undercut.core.money import Money
from undercut.runs.selling.quotes import Override
from undercut.sell.pricing.war.scene import Behaviour

_MONTHS = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:months?|mo|m|个月|月)\s*", re.IGNORECASE)
_PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*")


@dataclass(frozen=True, slots=True)
class WarRequest:
    """rival: the firm that cuts, by the fraction `cut`. cash: as written, the market file's where
    None. also: cheaper plans that could be sold as a version, beside those of
    the run's frontier. override: who allows prices below
    the floor and why, None where nobody does. weights: of the rival's behaviours.
    """

    plan: Path
    market: Path
    rival: str
    cut: float
    cash: str | None = None
    paths: int = 20_000
    months: int = 36
    seed: int = 0
    also: tuple[Path, ...] = ()
    override: Override | None = None
    tier: str = "all"
    snapshot: Path | None = None
    prices: tuple[Path, ...] = ()
    weights: Mapping[Behaviour, float] = field(
        default_factory=lambda: dict.fromkeys(Behaviour, 1.0)
    )


def parse_cut(text: str) -> float:
    """'50%' or '0.5' as 0.5. Raises ConfigError for anything else, and outside (0, 1)."""
    found = _PERCENT.fullmatch(text)
    if found is None:
        raise ConfigError(f"not a cut: {text!r}", hint="--cut 50%")
    number = float(found[1])
    cut = number / 100.0 if found[2] else number
    if not 0.0 < cut < 1.0:
        raise ConfigError(
            f"a cut must lie between 0% and 100%, got {text!r}", hint="--cut 50% for half the price"
        )
    return cut


def parse_cash(text: str, *, currency: str, monthly_costs: float) -> float:
    """'12months' of costs that run whatever is sold, or an amount such as '25000usd'.

    Raises ConfigError for anything else, another currency, or months of no costs.
    """
    months = _MONTHS.fullmatch(text)
    if months is not None:
        if monthly_costs <= 0.0:
            raise ConfigError(
                "cash in months needs costs that run every month, and the market file has none",
                hint="own: fixed_costs in the market file, or an amount: --cash 25000usd",
            )
        return float(months[1]) * monthly_costs
    money = Money.parse(text)
    if money.currency != currency:
        raise ConfigError(f"cash of {money} with a market file in {currency}: one currency only")
    if money.amount <= 0:
        raise ConfigError(f"cash must be above 0, got {money}")
    return float(money.amount)


def parse_weights(written: Sequence[str]) -> dict[Behaviour, float]:
    """'follow' or 'follow=2', one or more; behaviours that are not named get none.

    Raises ConfigError for a name that is no behaviour or a weight that is not above 0.
    """
    if not written:
        return dict.fromkeys(Behaviour, 1.0)
    made = dict.fromkeys(Behaviour, 0.0)
    for each in written:
        name, _, weight = each.partition("=")
        if name not in set(Behaviour):
            raise ConfigError(
                f"no behaviour of a rival is called {name!r}",
                hint=f"one of {', '.join(Behaviour)}, with a weight as in follow=2",
            )
        try:
            made[Behaviour(name)] = float(weight or 1.0)
        except ValueError as error:
            raise ConfigError(f"not a weight: {weight!r}", hint=f"{name}=2") from error
    if min(made.values()) < 0.0 or not 0.0 < sum(made.values()) < float("inf"):
        raise ConfigError(f"weights must be above 0, got {', '.join(written)}")
    return made
