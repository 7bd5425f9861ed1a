"""The situation in which a rival cuts: who sells what, what it costs, what is in the bank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.kinds import Kinds
from undercut.sell.pricing.demand.model import FloatArray, market_shares, vector
from undercut.sell.pricing.war.doubts import Doubts
from undercut.sell.pricing.war.law import CutLaw


class Policy(StrEnum):
    """What the own firm does, month after month."""

    HOLD = "hold"
    MATCH = "match"
    ANSWER = "answer"
    DIFFERENTIATE = "differentiate"
    LEAVE = "leave"


class Behaviour(StrEnum):
    """What the rival that cut does afterwards; nobody knows, so all are tried.

    HISTORY cuts again, raises and takes cuts back as the market's record shows; FOLLOW goes along
    with every own cut; UNDERCUT stays a step below and relents at its cost (Edgeworth); STAY goes
    back to the price that switching costs protect (Shy); LEARN passes on a cost that falls with
    volume (Wright); BURN holds the cut until its cash is gone (attrition).
    """

    HISTORY = "history"
    FOLLOW = "follow"
    UNDERCUT = "undercut"
    STAY = "stay"
    LEARN = "learn"
    BURN = "burn"


@dataclass(frozen=True, slots=True)
class Version:
    """A cheaper certified plan that could be sold beside the first own product.

    cost, floor: a unit. worth_less: by how much less money buyers value a unit of it;
    worth_less_by_kind: (I,) the same for each kind of the scene, None where all are alike.
    correlation: how near it is to its parent in buyers' eyes, in [0, 1); 0 would invent buyers.
    launch_cost: once. launch_months: until it sells.
    """

    cost: float
    floor: float
    worth_less: float
    correlation: float = 0.7
    launch_cost: float = 0.0
    launch_months: int = 2
    worth_less_by_kind: FloatArray | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.correlation < 1.0:
            raise InputError(f"a correlation must lie in [0, 1), got {self.correlation}")
        if self.cost < 0.0 or self.floor < 0.0 or self.launch_cost < 0.0 or self.launch_months < 0:
            raise InputError("costs, floor and launch of a version must not be below 0")


@dataclass(frozen=True, slots=True)
class Own:
    """The own products: (J,) prices before the war, unit costs, floors, shares of all buyers.

    fixed_costs: a month, whatever is sold. cash: now. cash_spread: standard deviation over a
    month of what bills and payments do to cash beside profit. notice_months: how long fixed costs
    go on after leaving. kept_fraction: of the price that payment leaves, in (0, 1]; unit costs and
    floors are then prices: what must be charged to cover them.
    """

    prices: FloatArray
    costs: FloatArray
    floors: FloatArray
    shares: FloatArray
    fixed_costs: float
    cash: float
    cash_spread: float
    notice_months: int = 3
    kept_fraction: float = 1.0
    version: Version | None = None


@dataclass(frozen=True, slots=True)
class Rivals:
    """Others' products: (R,) prices before the cut, unit costs, shares; firm of each."""

    prices: FloatArray
    costs: FloatArray
    shares: FloatArray
    firms: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Each firm once, in order of appearance."""
        return tuple(dict.fromkeys(self.firms))

    @property
    def places(self) -> tuple[int, ...]:
        """(R,) the place of each product's firm in `names`."""
        return tuple(self.names.index(firm) for firm in self.firms)


@dataclass(frozen=True, slots=True)
class Nests:
    """Nests of nested logit: (J,) of the own products, (R,) of rivals'; (G,) correlation of each.

    Raises InputError for a nest without a correlation, or one outside [0, 1).
    """

    own: tuple[int, ...]
    rivals: tuple[int, ...]
    correlation: tuple[float, ...]

    def __post_init__(self) -> None:
        used = (*self.own, *self.rivals)
        if min(used) < 0 or max(used) >= len(self.correlation):
            raise InputError(f"nests must be 0 to {len(self.correlation) - 1}, got {used}")
        if not all(0.0 <= each < 1.0 for each in self.correlation):
            raise InputError(f"correlations must lie in [0, 1), got {self.correlation}")


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that a war is simulated from.

    rival: the firm that cuts. cut: by which fraction, in (0, 1). volume: units that all possible
    buyers take in a month. weights: how likely each behaviour is, equal where not given.
    Raises InputError for a rival that sells nothing here, shares that sum to 1 or more, a cut or
    money out of range, or an own price that is not above 0.
    """

    own: Own
    rivals: Rivals
    rival: str
    cut: float
    volume: float
    law: CutLaw
    doubts: Doubts
    weights: Mapping[Behaviour, float] = field(
        default_factory=lambda: dict.fromkeys(Behaviour, 1.0)
    )
    nests: Nests | None = None
    kinds: Kinds | None = None

    def __post_init__(self) -> None:
        _check_products(self.own, self.rivals)
        self._check_demand()
        if self.rival not in self.rivals.firms:
            raise InputError(
                f"no rival product is sold by {self.rival!r}",
                hint=f"one of {', '.join(self.rivals.names)}",
            )
        if not 0.0 < self.cut < 1.0:
            raise InputError(f"a cut must lie between 0 and 1, got {self.cut}", hint="0.5 for 50%")
        if not 0.0 < self.volume < float("inf"):
            raise InputError(f"the volume of all buyers must be above 0, got {self.volume}")
        weights = list(self.weights.values())
        if min(weights, default=0.0) < 0.0 or not sum(weights) > 0.0:
            raise InputError(f"weights of behaviours must not be below 0 nor all 0, got {weights}")

    def _check_demand(self) -> None:
        own, others = len(self.own.prices), len(self.rivals.prices)
        if self.nests is not None and self.kinds is not None:
            raise InputError("nests and kinds of buyers are two models of demand: one of them only")
        if self.nests is not None and (len(self.nests.own), len(self.nests.rivals)) != (
            own,
            others,
        ):
            raise InputError(f"nests must be given for {own} own and {others} other products")
        if self.kinds is not None and self.kinds.worth.shape[0] != own + others:
            raise InputError(f"what products are worth must have {own + others} rows")

    @property
    def named(self) -> int:
        """The place of the cutting firm among the rivals' firms."""
        return self.rivals.names.index(self.rival)


def _check_products(own: Own, rivals: Rivals) -> None:
    count, others = len(own.prices), len(rivals.prices)
    for name, values, length in (
        ("own prices", own.prices, count),
        ("own costs", own.costs, count),
        ("own floors", own.floors, count),
        ("rivals' prices", rivals.prices, others),
        ("rivals' costs", rivals.costs, others),
    ):
        if vector(name, values, length).min() < 0.0:
            raise InputError(f"{name} must not be below 0")
    if min(own.prices.min(), rivals.prices.min()) <= 0.0:
        raise InputError("prices must be above 0")
    if len(rivals.firms) != others:
        raise InputError(f"firms must have {others} entries, got {len(rivals.firms)}")
    market_shares([*vector("own shares", own.shares, count), *vector("shares", rivals.shares)])
    if own.fixed_costs < 0.0 or own.cash_spread < 0.0 or own.notice_months < 0:
        raise InputError("fixed costs, cash spread and notice must not be below 0")
    if not 0.0 < own.kept_fraction <= 1.0:
        raise InputError(f"what payment leaves must lie in (0, 1], got {own.kept_fraction}")
    if not 0.0 < own.cash < float("inf"):
        raise InputError(f"cash must be above 0, got {own.cash}", hint="money in the bank today")
