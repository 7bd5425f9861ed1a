"""Who follows whom: does a cut at one seller make a cut at another likelier within thirty days?

Days come from the catalogue's history. Its keepers enter many sellers on busy days, so two sellers
can seem to follow each other because the catalogue was tidied. Two guards: a cut on the same day
does not count as following, and the comparison is with the same days moved at random by up to
ninety days, which keeps the busy season and breaks the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import ConfigError
from undercut.sell.market.corrections import PRICE_KINDS, real_changes
from undercut.sell.market.snapshot import Change, MarketSnapshot
from undercut.sell.market.tiers import seller


@dataclass(frozen=True, slots=True)
class FollowConfig:
    """window_days: how soon is following. jitter_days: how far days are moved at random.

    least: days with cuts that a seller needs to be compared. false_share: of the pairs called
    following, the share that may be chance (Benjamini & Hochberg 1995).
    """

    window_days: int = 30
    jitter_days: int = 90
    least: int = 5
    rounds: int = 2_000
    false_share: float = 0.10
    seed: int = 0

    def __post_init__(self) -> None:
        if not (0 < self.window_days <= self.jitter_days and self.least >= 2):
            raise ConfigError(
                "following needs 0 < window_days <= jitter_days and least >= 2, got "
                f"{self.window_days}, {self.jitter_days} and {self.least}"
            )


@dataclass(frozen=True, slots=True)
class Following:
    """One ordered pair. days: on which the leader cut; followed: of them, with a cut of the
    follower in the window; expected: by chance; p_value: one-sided, by permutation; significant:
    after allowing for all pairs.
    """

    leader: str
    follower: str
    days: int
    followed: int
    expected: float
    p_value: float
    significant: bool

    @property
    def ratio(self) -> float | None:
        """How many times likelier than by chance; None where chance expects none."""
        return self.followed / self.expected if self.expected > 0 else None


def cut_days(snapshot: MarketSnapshot, *, keep_likely: bool = True) -> Mapping[str, list[date]]:
    """Per seller, the days on which the record shows at least one price falling."""
    days: dict[str, set[date]] = {}
    for offer in snapshot.offers:
        changes: tuple[Change, ...] = snapshot.changes.get(offer.key, ())
        for kind in PRICE_KINDS:
            for change in real_changes(changes, kind, keep_likely=keep_likely):
                if change.old and change.new is not None and 0 < change.new < change.old:
                    days.setdefault(seller(offer.host), set()).add(change.day)
    return {name: sorted(found) for name, found in sorted(days.items())}


def who_follows(
    days: Mapping[str, list[date]], config: FollowConfig | None = None
) -> tuple[Following, ...]:
    """Every ordered pair of sellers with enough cuts, the least likely chance first."""
    config = config or FollowConfig()
    numbers = {
        name: np.array([day.toordinal() for day in found])
        for name, found in days.items()
        if len(found) >= config.least
    }
    rng = np.random.default_rng(config.seed)
    rows = []
    for follower, own in numbers.items():
        moved = own + rng.integers(
            -config.jitter_days, config.jitter_days + 1, size=(config.rounds, len(own))
        )
        moved.sort(axis=1)
        for leader, led in numbers.items():
            if leader != follower:
                seen = _followed(led, own[None, :], config.window_days)[0]
                chance = _followed(led, moved, config.window_days)
                p = float((1 + (chance >= seen).sum()) / (1 + config.rounds))
                rows.append((leader, follower, len(led), int(seen), float(chance.mean()), p))
    rows.sort(key=lambda row: (row[5], row[0], row[1]))
    passing = _discoveries([row[5] for row in rows], config.false_share)
    return tuple(Following(*row, significant=n < passing) for n, row in enumerate(rows))


def _followed(
    led: NDArray[np.int64], follower: NDArray[np.int64], window: int
) -> NDArray[np.int64]:
    """(rounds,) leader days with a follower day within (0, window]; follower: (rounds, days)."""
    gap = follower[:, None, :] - led[None, :, None]
    return np.asarray(((gap > 0) & (gap <= window)).any(axis=2).sum(axis=1), dtype=np.int64)


def _discoveries(p_values: list[float], false_share: float) -> int:
    """How many of the sorted p-values pass Benjamini & Hochberg's rule."""
    tests = len(p_values)
    return max((n for n, p in enumerate(p_values, 1) if p <= false_share * n / tests), default=0)
