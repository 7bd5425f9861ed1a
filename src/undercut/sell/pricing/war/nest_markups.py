"""Best markups of one firm in nested logit: one number a nest, for many paths at once.

x is a markup times the price coefficient, s one less the nest's correlation, w the own part of the
nest, r one plus the firm's profit a buyer times the coefficient. Best prices obey
x (1 - (1 - s) w(x)) = s r in each nest. The left side grows in x, so that each r has one x: the one
that earns most in the nest if every buyer there costs r - 1. What these x earn together asks for
an r above the one they came from until it is the highest there is (Dinkelbach 1967): profit has
one peak, and r rises to it.
"""

from __future__ import annotations

import numpy as np

from undercut.sell.pricing.demand.model import FloatArray

_MOST = 200
_NEAR = 1e-7  # of the last step: what is left after it is its square


def best_nest_markups(
    at_cost: FloatArray, rivals: FloatArray, rest: FloatArray, spread: FloatArray
) -> FloatArray:
    """(G, P) best markups times the price coefficient, in G nests on P paths.

    at_cost, rivals: (G, P) logs of the pull within a nest of the own products at cost, and of the
    others (-inf where there are none). rest: (P,) exp of the value of all else. spread: (G, 1),
    one less the correlation, above 0.

    With v = log(s x pull of the own products) and more = (1 - s) / s the condition reads
    at_cost + log s - v = r (1 + more / (1 + exp(rivals - v))), and its sides have one bend, at
    v = rivals. A Newton step that is kept on the root's side of the bend comes near the root from
    any start; in x itself steps may go to and fro for ever where the correlation is high.
    """
    top, more = at_cost + np.log(spread), (1.0 - spread) / spread
    earned = np.ones_like(rest)
    # all of the nest is ours at one end, none of it at the other: the root lies between
    now = np.clip(rivals, top - 1.0 - more, top - 1.0)
    for _ in range(_MOST):
        markups = spread * (top - now)
        values, part, bent = _sold(now - np.log(spread), rivals, spread)
        profit = (values * part * markups).sum(axis=0) / (rest + values.sum(axis=0))
        earned = np.maximum(earned, 1.0 + profit)
        gap = top - now - earned * (1.0 + more * bent)
        moved = now + gap / (1.0 + earned * more * bent * (1.0 - bent))
        above = top - rivals > earned * (1.0 + 0.5 * more)
        moved = np.where(above, np.maximum(moved, rivals), np.minimum(moved, rivals))
        far = np.abs(moved - now).max()
        now = moved
        if far <= _NEAR:
            break
    found: FloatArray = spread * (top - now)
    return found


def _sold(
    own: FloatArray, rivals: FloatArray, spread: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(G, P) exp of the nest's value, the own part of it, and 1 / (1 + exp(rivals - v)), at the
    logs of both sides' pull.
    """
    ahead = own - rivals
    smaller, larger = np.exp(-np.abs(ahead)), ahead > 0.0
    both = 1.0 + smaller
    values = np.exp(spread * (np.maximum(own, rivals) + np.log(both)))
    part = np.where(larger, 1.0, smaller) / both
    bent = np.where(larger, spread, spread * smaller)
    return values, part, bent / (bent + np.where(larger, smaller, 1.0))
