"""`choose`: what to label next, by any of the ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from undercut.build.labels.choosing.badge import badge
from undercut.build.labels.choosing.diversity import doubtful_and_diverse, far_apart
from undercut.build.labels.choosing.doubt import entropy, margin, most_doubtful, uncertainty
from undercut.build.labels.choosing.pool import Pool
from undercut.build.labels.choosing.typiclust import typiclust
from undercut.build.labels.votes import Floats, IntArray
from undercut.core.errors import ConfigError

DEFAULT = "steady"
# Labels a known class on average before a model's doubt means something.
COLD_LABELS = 4.0
# Share of each later batch that is drawn at random: what doubt overlooks is seen all the same.
RANDOM_SHARE = 0.1

Way = Callable[[Pool, int, np.random.Generator], IntArray]


def choose(pool: Pool, size: int, method: str = DEFAULT, *, seed: int = 0) -> IntArray:
    """Positions of `size` open items to label next, fewer where fewer are open, all different.

    Same pool and seed, same choice. Raises ConfigError for a method that does not exist or a size
    below one, InputError where a method needs a model and there is none.
    """
    if method not in WAYS:
        raise ConfigError(f"method {method!r} does not exist; choose from {', '.join(WAYS)}")
    if size < 1:
        raise ConfigError(f"size must be at least 1, got {size}")
    random = np.random.default_rng([seed, len(pool.labelled)])
    return WAYS[method](pool, min(size, len(pool.open)), random)


def random_items(pool: Pool, size: int, random: np.random.Generator) -> IntArray:
    """Each open item with the same chance."""
    return np.asarray(random.permutation(pool.open)[:size])


def steady(pool: Pool, size: int, random: np.random.Generator) -> IntArray:
    """Typical items first; once a model knows its classes, doubtful ones that differ, some random.

    What is best at few labels is worst at many and the other way round (Hacohen et al. 2022): the
    switch comes at `COLD_LABELS` labels a class.
    """
    classes = 0 if pool.probabilities is None else pool.probabilities.shape[1]
    if not classes or len(pool.labelled) < COLD_LABELS * classes:
        return typiclust(pool, size, random)
    by_chance = round(RANDOM_SHARE * size)
    chosen = doubtful_and_diverse(pool, size - by_chance, random)
    rest = np.setdiff1d(pool.open, chosen)
    return np.concatenate([chosen, random.permutation(rest)[:by_chance]])


def _by(doubt: Callable[[Floats], Floats]) -> Way:
    def way(pool: Pool, size: int, random: np.random.Generator) -> IntArray:
        return np.asarray(pool.open[most_doubtful(doubt(pool.believed()), size, random)])

    return way


WAYS: Mapping[str, Way] = {
    "random": random_items,
    "uncertainty": _by(uncertainty),
    "margin": _by(margin),
    "entropy": _by(entropy),
    "badge": badge,
    "typiclust": typiclust,
    "far_apart": far_apart,
    "doubtful_and_diverse": doubtful_and_diverse,
    "steady": steady,
}
