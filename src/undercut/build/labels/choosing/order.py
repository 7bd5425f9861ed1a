"""The order in which texts are labelled: a part drawn at random, the others chosen.

What is chosen is no sample of the texts, so it may teach and not judge. A share of the texts is
therefore drawn: the first of a random order that is fixed before anything is known. A text of
that share which had been chosen already counts as drawn too, so that the share stays a simple
random sample of all texts, whatever was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.choosing.beliefs import believed_classes
from undercut.build.labels.choosing.choose import choose
from undercut.build.labels.choosing.pool import Pool
from undercut.build.labels.votes import Floats, IntArray

# As much as a training run keeps from training to judge by: drawing it costs no training text.
DRAWN_SHARE = 1 / 3
RANDOM, COLD = "random", "typiclust"
# Ways that say themselves what to do without a model.
START_ALONE = frozenset({RANDOM, COLD, "steady"})


@dataclass(frozen=True, slots=True)
class Order:
    """taken: positions of the texts to label, oldest first. drawn: so many of the random order's
    first are among them, and they alone are a random sample of all texts.
    """

    taken: tuple[int, ...] = ()
    drawn: int = 0


def random_order(texts: int, seed: int) -> IntArray:
    """(texts,) positions: the order that the drawn share follows."""
    return np.asarray(np.random.default_rng([seed, 65537]).permutation(texts))


def is_drawn(order: Order, texts: int, seed: int) -> NDArray[np.bool_]:
    """(taken,): which of the taken texts belong to the random sample."""
    sample = np.zeros(texts, dtype=bool)
    sample[random_order(texts, seed)[: order.drawn]] = True
    return np.asarray(sample[np.array(order.taken, dtype=np.int64)])


def widened(
    order: Order,
    size: int,
    method: str,
    *,
    texts: int,
    seed: int,
    vectors: Floats | None = None,
    label: IntArray | None = None,
    classes: int = 0,
) -> Order:
    """The order carried on to `size` texts by a way of `choose`; the same again for the same input.

    vectors: (texts, width), rows of length 1; without them all are drawn at random. label: (texts,)
    class id as far as known, -1 elsewhere. Without any known label doubt means nothing: then the
    typical texts come first, whatever the way.
    """
    size = min(size, texts)
    if size <= len(order.taken):
        return order
    if method == RANDOM or vectors is None:
        return _drawn(order, size, _drawn_for(order, size, texts, seed), texts, seed)
    share = max(order.drawn, round(DRAWN_SHARE * size))
    order = _drawn(order, size, share, texts, seed)
    missing = size - len(order.taken)
    if not missing:
        return order
    mark = np.full(texts, -1)
    mark[list(order.taken)] = 0
    beliefs = None
    if label is not None and classes > 1 and (label >= 0).any():
        beliefs = believed_classes(vectors, label, classes)
    way = method if beliefs is not None or method in START_ALONE else COLD
    pool = Pool(vectors.astype(np.float32), mark, beliefs)
    chosen = choose(pool, missing, way, seed=seed)
    return Order((*order.taken, *(int(place) for place in chosen)), order.drawn)


def _drawn_for(order: Order, size: int, texts: int, seed: int) -> int:
    """How much of the random order brings the taken texts to `size`."""
    fresh = ~np.isin(random_order(texts, seed), np.array(order.taken, dtype=np.int64))
    need = size - len(order.taken)
    return max(order.drawn, int(np.searchsorted(np.cumsum(fresh), need)) + 1)


def _drawn(order: Order, most: int, drawn: int, texts: int, seed: int) -> Order:
    """The first `drawn` of the random order taken too, as long as no more than `most` are."""
    taken = dict.fromkeys(order.taken)
    reached = order.drawn
    for place in random_order(texts, seed)[order.drawn : drawn].tolist():
        if place not in taken and len(taken) >= most:
            break
        taken[int(place)] = None
        reached += 1
    return Order(tuple(taken), reached)
