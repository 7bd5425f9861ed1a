"""The menu of committed tiers that earns most, found by local search over contracts.

For every set of kinds of buyers that are served, contracts start at what each would take at cost,
and are improved one at a time over versions and allowances of all kinds, until none helps. With
contracts fixed, bills are the dearest that sort the buyers (`screening`). The search is a
heuristic; that the result sorts buyers and covers the floor is checked, not hoped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from undercut.core.errors import ConfigError
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.rounding import rounded_down
from undercut.sell.pricing.situation.buyers import Segment
from undercut.sell.pricing.tiers.costs import Version
from undercut.sell.pricing.tiers.screening import dearest_bills, rounded_bills
from undercut.sell.pricing.tiers.worth import Worth

LEVELS = (1.0, 0.8, 0.6, 0.4, 0.25, 0.1)
MOST_KINDS = 6


@dataclass(frozen=True, slots=True)
class Contract:
    """version: place among the versions. allowance: answers a month."""

    version: int
    allowance: float


@dataclass(frozen=True, slots=True)
class Menu:
    """contracts, bills: one a segment, None where it is not served. profit: a month a customer."""

    contracts: tuple[Contract | None, ...]
    bills: tuple[float | None, ...]
    profit: float


@dataclass(frozen=True, slots=True)
class Buyers:
    """Segments with their worth of each version. outside: (K,) gain from the free allowance."""

    segments: tuple[Segment, ...]
    versions: tuple[Version, ...]
    worths: tuple[tuple[Worth, ...], ...]
    outside: FloatArray

    @classmethod
    def of(
        cls, segments: Sequence[Segment], versions: Sequence[Version], free_allowance: float
    ) -> Buyers:
        """Worths of all versions; the free allowance is of the cheapest version.

        Raises ConfigError for none or more than six segments, or no version.
        """
        if not 1 <= len(segments) <= MOST_KINDS:
            raise ConfigError(
                f"tiers need 1 to {MOST_KINDS} segments, got {len(segments)}",
                hint="segments: in the market file; join those that are alike",
            )
        if not versions:
            raise ConfigError("tiers need at least one version")
        worths = tuple(
            tuple(Worth.of(segment, version.quality_gain) for version in versions)
            for segment in segments
        )
        free = cheapest(versions)
        outside = np.array([each[free].total(free_allowance) for each in worths])
        return cls(tuple(segments), tuple(versions), worths, outside)

    def worth(self, kind: int, contract: Contract) -> float:
        """What a contract is worth to a kind of buyer."""
        return self.worths[kind][contract.version].total(contract.allowance)


def cheapest(versions: Sequence[Version]) -> int:
    """Place of the version whose answers cost least."""
    return min(range(len(versions)), key=lambda place: versions[place].floor)


def best_menu(buyers: Buyers) -> Menu:
    """The best menu found; one that serves nobody and earns 0 where nothing pays."""
    found = [_improved(buyers, start, candidates(buyers)) for start in _starts(buyers)]
    return max(found, key=lambda menu: menu.profit)


def candidates(buyers: Buyers) -> tuple[Contract, ...]:
    """Contracts that any kind of buyer may be given."""
    found = {
        Contract(place, rounded_down(level * _taken_at_cost(version, worth), 2))
        for place, version in enumerate(buyers.versions)
        for worth in (each[place] for each in buyers.worths)
        for level in LEVELS
    }
    ordered = sorted(found, key=lambda each: (each.version, each.allowance))
    return tuple(each for each in ordered if each.allowance > 0.0)


def menu_of(buyers: Buyers, contracts: Sequence[Contract | None]) -> Menu | None:
    """The menu with these contracts; None where no bills sort the buyers above the floor."""
    served = [kind for kind, contract in enumerate(contracts) if contract is not None]
    offered = [contract for contract in contracts if contract is not None]
    bills: list[float | None] = [None] * len(contracts)
    if not served:
        return Menu(tuple(contracts), tuple(bills), 0.0)
    worths = np.array([[buyers.worth(kind, each) for each in offered] for kind in served])
    found = dearest_bills(worths, buyers.outside[served])
    if found is None:
        return None
    found = rounded_bills(worths, found, buyers.outside[served])
    profit = 0.0
    for place, (kind, contract) in enumerate(zip(served, offered, strict=True)):
        version, bill = buyers.versions[contract.version], float(found[place])
        if bill < version.lowest_bill(contract.allowance):
            return None
        bills[kind] = bill
        profit += buyers.segments[kind].share * version.profit(bill, contract.allowance)
    if _others_would_buy(buyers, contracts, offered, found):
        return None
    return Menu(tuple(contracts), tuple(bills), profit)


def _others_would_buy(
    buyers: Buyers,
    contracts: Sequence[Contract | None],
    offered: Sequence[Contract],
    bills: FloatArray,
) -> bool:
    """Whether a kind that is meant to take none would gain by one."""
    for kind, contract in enumerate(contracts):
        if contract is None:
            gains = [
                buyers.worth(kind, each) - bill for each, bill in zip(offered, bills, strict=True)
            ]
            if max(gains) > buyers.outside[kind] + 1e-12:
                return True
    return False


def _starts(buyers: Buyers) -> list[list[Contract | None]]:
    """For each set of kinds that are served: each takes what pays best at cost."""
    own = [_at_cost(buyers, kind) for kind in range(len(buyers.segments))]
    sets = product((True, False), repeat=len(own))
    return [
        [contract if served else None for contract, served in zip(own, each, strict=True)]
        for each in sets
    ]


def _at_cost(buyers: Buyers, kind: int) -> Contract:
    def gain(place: int) -> float:
        version, worth = buyers.versions[place], buyers.worths[kind][place]
        return worth.surplus_at(version.marginal / (1.0 - version.fraction))

    place = max(range(len(buyers.versions)), key=gain)
    version, worth = buyers.versions[place], buyers.worths[kind][place]
    return Contract(place, rounded_down(_taken_at_cost(version, worth), 2))


def _taken_at_cost(version: Version, worth: Worth) -> float:
    """Answers a month where one more costs the buyer what it costs the seller."""
    return worth.used_at(version.marginal / (1.0 - version.fraction))


def _improved(buyers: Buyers, start: list[Contract | None], choices: Sequence[Contract]) -> Menu:
    contracts: list[Contract | None] = list(start)
    best = menu_of(buyers, contracts)
    moved = True
    while moved:
        moved = False
        for kind in range(len(contracts)):
            for choice in (None, *choices):
                trial = [*contracts[:kind], choice, *contracts[kind + 1 :]]
                menu = menu_of(buyers, trial)
                if menu is not None and (best is None or menu.profit > best.profit + 1e-12):
                    best, contracts, moved = menu, trial, True
    if best is None:
        return Menu((None,) * len(contracts), (None,) * len(contracts), 0.0)
    return best
