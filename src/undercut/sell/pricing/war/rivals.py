"""How rivals move their prices from one month to the next.

Every rival firm has one factor on its prices before the war. The firm that cut behaves as its
world says; the others as the market's history shows. Nobody cuts below own unit cost of its own
accord, the first cut apart; what anybody did before is the only thing that is reacted to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.draws import BEHAVIOURS, Chances, Worlds
from undercut.sell.pricing.war.scene import Behaviour, Scene

_STEP = 0.05  # by how much of the price before an undercutting rival goes below ours


@dataclass(slots=True)
class RivalState:
    """One block of paths, changed in place month by month.

    factors: (F, P). standing: (P,) whether the first cut has not been taken back. present: (P,)
    1.0, and 0.0 once the named rival has left. made: (P,) its cumulative volume over that before
    the war. cash: (P,) what is left of its money.
    """

    factors: FloatArray
    standing: FloatArray
    present: FloatArray
    made: FloatArray
    cash: FloatArray


@dataclass(frozen=True, slots=True)
class RivalFacts:
    """What does not change.

    cost: (P,) unit cost of the named rival over its price before. price, share: its own before.
    floors: (F, P) unit costs over prices before. ours: part of our and its customers that is ours.
    pace: (P,) what it sold in a month as a part of all it ever made.
    """

    cost: FloatArray
    price: float
    share: float
    floors: FloatArray
    ours: float
    pace: FloatArray


def rival_facts(scene: Scene, worlds: Worlds) -> RivalFacts:
    """Facts of the rivals in each path's world."""
    rivals = scene.rivals
    firms = np.array([rivals.names.index(firm) for firm in rivals.firms])
    floors, prices, shares = [], [], []
    for place in range(len(rivals.names)):
        mine = firms == place
        share = rivals.shares[mine]
        prices.append(float(rivals.prices[mine] @ share / share.sum()))
        shares.append(float(share.sum()))
        floors.append(float(rivals.costs[mine] @ share / share.sum()) / prices[-1])
    named, own = scene.named, float(scene.own.shares.sum())
    stacked = np.array(floors)[:, None] * worlds.rival_cost[None, :]
    return RivalFacts(
        stacked[named],
        prices[named],
        shares[named],
        stacked,
        own / (own + shares[named]),
        1.0 / worlds.rival_doubling_months,
    )


def start(scene: Scene, worlds: Worlds, facts: RivalFacts) -> RivalState:
    """The month in which the cut has just been made."""
    paths = worlds.growth.size
    factors = np.ones((len(scene.rivals.names), paths))
    factors[scene.named] = 1.0 - scene.cut
    loss = np.maximum(0.0, facts.cost - factors[scene.named]) * facts.price * facts.share
    cash = worlds.rival_cash_months * loss
    return RivalState(factors, np.ones(paths), np.ones(paths), np.ones(paths), cash)


def move(
    state: RivalState,
    scene: Scene,
    worlds: Worlds,
    facts: RivalFacts,
    chances: Chances,
    month: int,
    *,
    own_factor: FloatArray,
    sold: FloatArray,
) -> None:
    """Rivals' prices of the next month.

    own_factor: (P,) own prices over those before the war. sold: (P,) share of all buyers whom the
    named rival served this month.
    """
    named = scene.named
    before = state.factors[named].copy()
    by_itself = _by_history(state.factors, worlds, facts, chances, month)
    # while its first cut stands, taking it back is what the record of kept cuts says, no more
    undone = chances.undo[month] < worlds.undo
    standing = state.standing > 0.0
    taken_back = np.where(undone, 1.0, np.minimum(by_itself[named], before))
    history = np.where(standing, taken_back, by_itself[named])
    state.standing[standing & undone] = 0.0
    state.made += facts.pace * sold / facts.share
    replies = {
        Behaviour.HISTORY: history,
        Behaviour.FOLLOW: np.minimum(before, np.maximum(own_factor, facts.cost)),
        Behaviour.UNDERCUT: _undercut(before, worlds, facts, chances.relent[month], own_factor),
        Behaviour.STAY: _stay(before, worlds, facts, scene, own_factor),
        Behaviour.LEARN: _learned(state, scene, worlds),
        Behaviour.BURN: _burn(state, worlds, facts, sold, before),
    }
    state.factors = by_itself
    state.factors[named] = np.choose(worlds.behaviour, [replies[each] for each in BEHAVIOURS])


def _by_history(
    factors: FloatArray, worlds: Worlds, facts: RivalFacts, chances: Chances, month: int
) -> FloatArray:
    """(F, P) after the cuts and raises that come by themselves."""
    event = chances.event[month]
    cut = factors * (1.0 - chances.cut_size[month])
    # no cut below cost; who is below it already stays
    cut = np.maximum(cut, np.minimum(factors, facts.floors))
    raised = factors * (1.0 + chances.raise_size[month])
    found: FloatArray = np.where(
        event < worlds.cuts, cut, np.where(event > 1.0 - worlds.raises, raised, factors)
    )
    return found


def _undercut(
    before: FloatArray,
    worlds: Worlds,
    facts: RivalFacts,
    uniform: FloatArray,
    own_factor: FloatArray,
) -> FloatArray:
    """One step below ours while that covers cost; at the bottom, raise now and then."""
    below = np.minimum(before, np.maximum(own_factor - _STEP, facts.cost))
    bottom = below <= facts.cost * (1.0 + 1e-9)
    found: FloatArray = np.where(bottom & (uniform < worlds.relent), 1.0, below)
    return found


def _stay(
    before: FloatArray,
    worlds: Worlds,
    facts: RivalFacts,
    scene: Scene,
    own_factor: FloatArray,
) -> FloatArray:
    """Towards the highest price at which we would gain nothing by undercutting (Shy 2002).

    At the prices before the war that was its price; since it moves with ours as our part of both
    firms' customers does, it is lower where we have cut.
    """
    own_price = float(scene.own.prices @ scene.own.shares / scene.own.shares.sum())
    target = 1.0 + (own_factor - 1.0) * facts.ours * own_price / facts.price
    found: FloatArray = before + worlds.undo * (np.maximum(target, facts.cost) - before)
    return found


def _learned(state: RivalState, scene: Scene, worlds: Worlds) -> FloatArray:
    """The cut price, falling as its cost does: each doubling of volume takes off the same part."""
    found: FloatArray = (1.0 - scene.cut) * state.made ** np.log2(worlds.progress_ratio)
    return found


def _burn(
    state: RivalState, worlds: Worlds, facts: RivalFacts, sold: FloatArray, before: FloatArray
) -> FloatArray:
    """The cut stands; a rival that loses by it leaves the market when its money is gone."""
    loss = np.maximum(0.0, facts.cost - before) * facts.price * sold
    burning = (worlds.behaviour == BEHAVIOURS.index(Behaviour.BURN)) & (loss > 0.0)
    state.cash -= loss
    state.present[burning & (state.cash <= 0.0)] = 0.0
    return before
