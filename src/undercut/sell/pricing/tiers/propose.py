"""Tiers to offer: free, usage, committed with overage (hybrid), versions where plans differ.

Committed tiers come from the best menu. One usage price serves both those who commit to nothing
and use beyond an allowance: the lowest at which nobody leaves the tier meant for him. A fee of at
least what a customer costs, and a price of at least what an answer costs, keep every bill above the
floor whatever is used. Only the free allowance lies below it: what it costs is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from undercut.sell.pricing.rounding import rounded_down, rounded_up
from undercut.sell.pricing.situation.buyers import Segment
from undercut.sell.pricing.tiers.costs import Version
from undercut.sell.pricing.tiers.menu import Buyers, Menu, best_menu, cheapest
from undercut.sell.pricing.tiers.tariffs import Tariff, best_two_part, best_usage_price

FREE_SHARE = 0.01


class Kind(StrEnum):
    """How a tier is paid."""

    FREE = "free"
    USAGE = "usage"
    COMMITTED = "committed"


@dataclass(frozen=True, slots=True)
class Tier:
    """fee: a month, for `allowance` answers; price: of one more answer, None where none is sold.

    version: name of the plan. segments: whom it is meant for. discount: of an answer within the
    allowance against the usage price.
    """

    kind: Kind
    version: str
    fee: float
    allowance: float
    price: float | None
    segments: tuple[str, ...]
    discount: float = 0.0

    def bill(self, answers: float) -> float:
        """What so many answers a month cost here; inf where so many are not sold."""
        beyond = max(0.0, answers - self.allowance)
        if beyond > 0.0 and self.price is None:
            return float("inf")
        return self.fee + beyond * (self.price or 0.0)


@dataclass(frozen=True, slots=True)
class Pick:
    """What a kind of buyer does: the tier (place), how much of it, and what that leaves."""

    tier: int | None
    answers: float
    bill: float
    surplus: float


@dataclass(frozen=True, slots=True)
class Tiers:
    """tiers: cheapest first. picks: of each segment. profit: a month a customer, over segments.

    usage_only, two_part: the best single tariffs, to compare. free_cost: answering the whole free
    allowance of one user. versions: what is sold.
    """

    tiers: tuple[Tier, ...]
    picks: tuple[Pick, ...]
    profit: float
    usage_only: Tariff
    two_part: Tariff
    free_cost: float
    versions: tuple[Version, ...]


def propose_tiers(
    segments: Sequence[Segment], versions: Sequence[Version], *, free_allowance: float | None = None
) -> Tiers:
    """Tiers that every segment sorts itself into, above the floor.

    free_allowance: answers a month, a hundredth of the smallest segment's where None, 0 for none.
    Raises ConfigError for no or more than six segments.
    """
    smallest = min((float(each.monthly_answers) for each in segments), default=0.0)
    free = rounded_down(FREE_SHARE * smallest, 1) if free_allowance is None else free_allowance
    buyers = Buyers.of(segments, versions, free)
    menu = best_menu(buyers)
    usage_version = cheapest(versions)
    fixed = [*_free(free, versions), *_committed(buyers, menu)]
    price = _usage_price(buyers, fixed, usage_version)
    usage_fee = rounded_up(versions[usage_version].lowest_fee)
    usage = Tier(Kind.USAGE, versions[usage_version].name, usage_fee, 0.0, price, ())
    offered = _with_price([*fixed, usage], price)
    picks = tuple(pick(buyers, offered, kind) for kind in range(len(segments)))
    return Tiers(
        _named(offered, picks, buyers),
        picks,
        sum(
            segment.share * _earned(buyers, offered, each)
            for segment, each in zip(segments, picks, strict=True)
        ),
        best_usage_price(buyers, usage_version),
        best_two_part(buyers, usage_version),
        versions[usage_version].floor * free,
        tuple(versions),
    )


def pick(buyers: Buyers, tiers: Sequence[Tier], kind: int) -> Pick:
    """What a kind of buyer gains most by; of equals the dearer tier, nothing where none pays."""
    names = [version.name for version in buyers.versions]
    best = Pick(None, 0.0, 0.0, 0.0)
    for place, tier in enumerate(tiers):
        worth = buyers.worths[kind][names.index(tier.version)]
        used = min(tier.allowance, worth.most)
        if tier.price is not None:
            used = max(used, min(worth.used_at(tier.price), worth.most))
        bill = tier.bill(used)
        gain = worth.total(used) - bill
        if gain > best.surplus + 1e-9 or (gain >= best.surplus - 1e-9 and bill > best.bill):
            best = Pick(place, used, bill, gain)
    return best


def _earned(buyers: Buyers, tiers: Sequence[Tier], taken: Pick) -> float:
    """Profit of one customer; that of the free tier is what it costs."""
    if taken.tier is None:
        return 0.0
    tier = tiers[taken.tier]
    version = next(each for each in buyers.versions if each.name == tier.version)
    if tier.kind is Kind.FREE:
        return -version.marginal * taken.answers
    return version.profit(taken.bill, taken.answers)


def _free(allowance: float, versions: Sequence[Version]) -> list[Tier]:
    if allowance <= 0.0:
        return []
    return [Tier(Kind.FREE, versions[cheapest(versions)].name, 0.0, allowance, None, ())]


def _committed(buyers: Buyers, menu: Menu) -> list[Tier]:
    """One tier a different contract."""
    found: dict[tuple[int, float], Tier] = {}
    for contract, bill in zip(menu.contracts, menu.bills, strict=True):
        if contract is None or bill is None:
            continue
        version = buyers.versions[contract.version]
        found[contract.version, contract.allowance] = Tier(
            Kind.COMMITTED, version.name, bill, contract.allowance, None, ()
        )
    return sorted(found.values(), key=lambda tier: tier.fee)


def _usage_price(buyers: Buyers, fixed: list[Tier], version: int) -> float:
    """The lowest price for answers beyond allowances at which all picks stay as they are."""
    wanted = [pick(buyers, fixed, kind) for kind in range(len(buyers.segments))]
    low = max(each.floor_price for each in buyers.versions)
    high = max(worth.first for each in buyers.worths for worth in each) * 1.01
    fee = rounded_up(buyers.versions[version].lowest_fee)

    def stays(price: float) -> bool:
        usage = Tier(Kind.USAGE, buyers.versions[version].name, fee, 0.0, price, ())
        offered = _with_price([*fixed, usage], price)
        for kind, before in enumerate(wanted):
            paid = before.tier is not None and fixed[before.tier].kind is not Kind.FREE
            if paid and pick(buyers, offered, kind).tier != before.tier:
                return False
        return True

    if low >= high or stays(low):
        return rounded_up(low, 4)
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (low, middle) if stays(middle) else (middle, high)
    return rounded_up(high, 4)


def _with_price(tiers: list[Tier], price: float) -> list[Tier]:
    """Committed tiers with the usage price beyond their allowance, and their discount."""
    return [
        Tier(
            tier.kind,
            tier.version,
            tier.fee,
            tier.allowance,
            price,
            tier.segments,
            1.0 - tier.fee / tier.allowance / price,
        )
        if tier.kind is Kind.COMMITTED
        else tier
        for tier in tiers
    ]


def _named(tiers: Sequence[Tier], picks: Sequence[Pick], buyers: Buyers) -> tuple[Tier, ...]:
    """Tiers with the names of those who take them."""
    return tuple(
        Tier(
            tier.kind,
            tier.version,
            tier.fee,
            tier.allowance,
            tier.price,
            tuple(
                segment.name
                for segment, each in zip(buyers.segments, picks, strict=True)
                if each.tier == place
            ),
            tier.discount,
        )
        for place, tier in enumerate(tiers)
    )
