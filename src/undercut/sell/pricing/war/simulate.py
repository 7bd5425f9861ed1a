"""The war, month by month, on many paths: all policies meet the same worlds and the same chance."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from undercut.core.errors import ConfigError
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.buying import Buying
from undercut.sell.pricing.war.buying_models import buying_of
from undercut.sell.pricing.war.course import Course, Sheets, Till
from undercut.sell.pricing.war.draws import (
    Chances,
    IntArray,
    Worlds,
    draw_chances,
    draw_worlds,
)
from undercut.sell.pricing.war.policies import charge
from undercut.sell.pricing.war.remembering import Remembering
from undercut.sell.pricing.war.rivals import move, rival_facts, start
from undercut.sell.pricing.war.scene import Policy, Scene

_BLOCK = 4096  # paths at a time: a month's vectors stay in the cache


@dataclass(frozen=True, slots=True)
class WarConfig:
    """paths: how many. months: how long. worlds: draws of what is not known, at most `paths`.

    discount_annual: of later profit. seed: same seed, same result. threads: only a matter of time.
    Raises ConfigError for numbers below 1 or a discount outside [0, 1).
    """

    paths: int = 20_000
    months: int = 36
    worlds: int = 400
    discount_annual: float = 0.1
    seed: int = 0
    threads: int = 2

    def __post_init__(self) -> None:
        for name, least in (("paths", 2), ("months", 1), ("worlds", 1), ("threads", 1)):
            if getattr(self, name) < least:
                raise ConfigError(f"{name} must be {least} or more, got {getattr(self, name)}")
        if not 0.0 <= self.discount_annual < 1.0:
            raise ConfigError(f"a discount must lie in [0, 1), got {self.discount_annual}")


@dataclass(frozen=True, slots=True)
class War:
    """All courses over the same worlds. world_of: (N,) the world of each path."""

    scene: Scene
    config: WarConfig
    worlds: Worlds
    world_of: IntArray
    courses: tuple[Course, ...]


def simulate(scene: Scene, config: WarConfig, policies: Sequence[Policy] = tuple(Policy)) -> War:
    """Every policy on every path.

    Raises ConfigError where DIFFERENTIATE is asked for and the scene has no version to sell.
    """
    if Policy.DIFFERENTIATE in policies and scene.own.version is None:
        raise ConfigError(
            "differentiating needs a cheaper version to sell, and none is described",
            hint="leave the policy out, or give the version's cost and worth",
        )
    count = min(config.worlds, config.paths)
    worlds = draw_worlds(scene, count, config.seed)
    world_of = _world_of(config.paths, worlds)
    blocks = range(-(-config.paths // _BLOCK))
    made = {policy: Sheets.empty(config.months, config.paths, len(blocks)) for policy in policies}

    def run(block: int) -> None:
        first = block * _BLOCK
        rows = slice(first, min(first + _BLOCK, config.paths))
        mine = worlds.of(world_of[rows])
        chances = draw_chances(scene, config.months, rows.stop - first, block, config.seed)
        buyers = buying_of(scene, mine.price_coefficient)
        for policy in policies:
            if policy is Policy.LEAVE:
                _leave(scene, config, chances, made[policy], rows)
            else:
                _play(policy, scene, config, mine, buyers, chances, made[policy], rows)

    with ThreadPoolExecutor(config.threads) as pool:
        list(pool.map(run, blocks))
    return War(scene, config, worlds, world_of, tuple(m.course(p) for p, m in made.items()))


def _world_of(paths: int, worlds: Worlds) -> IntArray:
    """(N,) worlds in turn; within a block those of one behaviour stand together."""
    found = np.arange(paths) % worlds.growth.size
    for first in range(0, paths, _BLOCK):
        block = found[first : first + _BLOCK]
        found[first : first + _BLOCK] = block[np.argsort(worlds.behaviour[block], kind="stable")]
    return found


def _play(
    policy: Policy,
    scene: Scene,
    config: WarConfig,
    worlds: Worlds,
    buyers: Buying,
    chances: Chances,
    sheets: Sheets,
    rows: slice,
) -> None:
    """One policy on one block of paths."""
    own, paths = scene.own, worlds.growth.size
    facts = rival_facts(scene, worlds)
    state = start(scene, worlds, facts)
    shares = np.repeat(own.shares[:, None], paths, axis=1)
    version_share, named_share = np.zeros(paths), np.full(paths, facts.share)
    volume = np.full(paths, scene.volume)
    till = Till.of(own.cash, config.discount_annual, chances, sheets, rows)
    worth = own.prices * own.shares / (own.prices @ own.shares)
    asked = Remembering(buyers)
    for month in range(config.months):
        elsewhere, named = buyers.elsewhere(state.factors, state.present)
        launched = own.version is not None and month >= own.version.launch_months
        charged = charge(
            policy, asked, elsewhere, state.factors[scene.named], selling_version=launched
        )
        wanted = buyers.wanted(charged.prices, elsewhere, named, own.version, charged.version)
        volume = volume * np.exp(worlds.growth + scene.doubts.market_spread * chances.market[month])
        shares += worlds.reconsider * (wanted.own - shares)
        version_share += worlds.reconsider * (wanted.version - version_share)
        named_share += worlds.reconsider * (wanted.named - named_share)
        sold = shares.sum(axis=0) + version_share
        earned = _earned(scene, volume, shares, version_share, charged.prices, charged.version)
        if policy is Policy.DIFFERENTIATE and own.version is not None and month == 0:
            earned = earned - own.version.launch_cost
        till.take(earned, own.cash_spread, month)
        sheets.share[month, rows] = sold * till.alive
        sheets.price[month, rows.start // _BLOCK] = charged.prices[0].sum()
        sheets.floored[month, rows.start // _BLOCK] = charged.floored.sum()
        own_factor = worth @ (charged.prices / own.prices[:, None])
        move(
            state,
            scene,
            worlds,
            facts,
            chances,
            month,
            own_factor=own_factor,
            sold=named_share * state.present,
        )


def _leave(scene: Scene, config: WarConfig, chances: Chances, sheets: Sheets, rows: slice) -> None:
    """Nothing is sold; costs go on for the notice, then neither they nor chance touch the cash."""
    own = scene.own
    till = Till.of(own.cash, config.discount_annual, chances, sheets, rows)
    for month in range(config.months):
        noticed = month < own.notice_months
        costs = -own.fixed_costs if noticed else 0.0
        till.take(np.full(till.cash.size, costs), own.cash_spread if noticed else 0.0, month)
    sheets.share[:, rows] = 0.0
    sheets.price[:] = np.nan


def _earned(
    scene: Scene,
    volume: FloatArray,
    shares: FloatArray,
    version_share: FloatArray,
    prices: FloatArray,
    version_price: FloatArray | None,
) -> FloatArray:
    """(P,) profit of a month: margins on what is sold, less fixed costs."""
    own = scene.own
    margin = (shares * (prices - own.costs[:, None])).sum(axis=0)
    if own.version is not None and version_price is not None:
        margin = margin + version_share * (version_price - own.version.cost)
    found: FloatArray = own.kept_fraction * volume * margin - own.fixed_costs
    return found
