"""How rivals move their prices from one month to the next.

Every rival firm has one factor on its prices before the war. The firm that cut behaves as its
world says; the others as the market's history shows. Nobody cuts below own unit cost of its own
accord, the first cut apart; what anybody did before is the only thing that is reacted to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    floors: (F, P) unit costs over prices before. leverage: by which part of its price its
    undercut-proof price moves when ours moves by all of ours. pace: (P,) what it sold in a month
    as a part of all it ever made. parts: stretches of paths by behaviour; paths are sorted so.
    """

    cost: FloatArray
    price: float
    share: float
    floors: FloatArray
    leverage: float
    pace: FloatArray
    parts: tuple[tuple[Behaviour, slice], ...]


def rival_facts(scene: Scene, worlds: Worlds) -> RivalFacts:
    """Facts of the rivals in each path's world; paths must be sorted by behaviour."""
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
    own_price = float(scene.own.prices @ scene.own.shares) / own
    edges = np.searchsorted(worlds.behaviour, range(len(BEHAVIOURS) + 1))
    stacked = np.array(floors)[:, None] * worlds.rival_cost[None, :]
    return RivalFacts(
        stacked[named],
        prices[named],
        shares[named],
        stacked,
        own / (own + shares[named]) * own_price / prices[named],
        1.0 / worlds.rival_doubling_months,
        tuple(
            (behaviour, slice(int(edges[place]), int(edges[place + 1])))
            for place, behaviour in enumerate(BEHAVIOURS)
            if edges[place] < edges[place + 1]
        ),
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
    before = state.factors[scene.named]
    state.factors = _by_history(state.factors, worlds, facts, chances, month)
    state.made += facts.pace * sold / facts.share
    after = state.factors[scene.named]
    for behaviour, part in facts.parts:
        # no copies: each reply works on the stretch of paths whose rival behaves like this
        now, cost, ours = before[part], facts.cost[part], own_factor[part]
        if behaviour is Behaviour.HISTORY:
            undone = chances.undo[month, part] < worlds.undo[part]
            after[part] = _history(now, after[part], undone, state.standing[part])
        elif behaviour is Behaviour.FOLLOW:
            after[part] = np.minimum(now, np.maximum(ours, cost))
        elif behaviour is Behaviour.UNDERCUT:
            gives_in = chances.relent[month, part] < worlds.relent[part]
            after[part] = _undercut(now, cost, ours, gives_in)
        elif behaviour is Behaviour.STAY:
            after[part] = _stay(now, cost, ours, worlds.undo[part], facts.leverage)
        elif behaviour is Behaviour.LEARN:
            progress = np.log2(worlds.progress_ratio[part])
            after[part] = (1.0 - scene.cut) * state.made[part] ** progress
        else:
            loss = np.maximum(0.0, cost - now) * facts.price * sold[part]
            after[part] = _burn(now, loss, state.cash[part], state.present[part])


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


def _history(
    before: FloatArray, by_itself: FloatArray, undone: NDArray[np.bool_], standing: FloatArray
) -> FloatArray:
    """While the first cut stands, taking it back is what the record of kept cuts says, no more.

    standing is changed in place.
    """
    stands = standing > 0.0
    held = np.where(undone, 1.0, np.minimum(by_itself, before))
    standing[stands & undone] = 0.0
    return np.where(stands, held, by_itself)


def _undercut(
    before: FloatArray, cost: FloatArray, own_factor: FloatArray, gives_in: NDArray[np.bool_]
) -> FloatArray:
    """One step below ours while that covers cost; at the bottom, raise now and then."""
    below = np.minimum(before, np.maximum(own_factor - _STEP, cost))
    bottom = below <= cost * (1.0 + 1e-9)
    return np.where(bottom & gives_in, 1.0, below)


def _stay(
    before: FloatArray,
    cost: FloatArray,
    own_factor: FloatArray,
    pace: FloatArray,
    leverage: float,
) -> FloatArray:
    """Towards the highest price at which we would gain nothing by undercutting (Shy 2002).

    At the prices before the war that was its price; since it moves with ours as our part of both
    firms' customers does, it is lower where we have cut.
    """
    target = 1.0 + (own_factor - 1.0) * leverage
    found: FloatArray = before + pace * (np.maximum(target, cost) - before)
    return found


def _burn(
    before: FloatArray, loss: FloatArray, cash: FloatArray, present: FloatArray
) -> FloatArray:
    """The cut stands; a rival that loses by it leaves the market when its money is gone.

    cash and present are changed in place.
    """
    cash -= loss
    present[(loss > 0.0) & (cash <= 0.0)] = 0.0
    return before
