"""K-means on unit vectors, and how typical an item is of its surroundings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.votes import Floats, IntArray

ROUNDS = 15
NEIGHBOURS = 20
BLOCK = 2048
Float32s = NDArray[np.float32]


def k_means(
    vectors: Float32s, clusters: int, random: np.random.Generator, weight: Floats | None = None
) -> IntArray:
    """(rows,) cluster of each row by cosine, started by k-means++ and improved until at rest.

    weight: (rows,) what a row counts. Source: Arthur and Vassilvitskii (2007).
    """
    centres = vectors[spread_start(vectors, clusters, random, weight)]
    label = np.zeros(len(vectors), dtype=np.int64)
    counted = np.ones(len(vectors)) if weight is None else weight
    for number in range(ROUNDS):
        moved = np.concatenate(
            [
                (vectors[at : at + BLOCK] @ centres.T).argmax(1)
                for at in range(0, len(vectors), BLOCK)
            ]
        )
        if number and (moved == label).all():
            break
        label = moved
        sums = np.zeros_like(centres)
        np.add.at(sums, label, vectors * counted[:, None].astype(np.float32))
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(length > 0, sums / np.maximum(length, 1e-12), centres)
    return label


def spread_start(
    vectors: Float32s, size: int, random: np.random.Generator, weight: Floats | None = None
) -> IntArray:
    """(size,) rows far from each other: each drawn with a chance by its squared distance."""
    counted = np.ones(len(vectors)) if weight is None else np.maximum(weight, 1e-12)
    size = min(size, len(vectors))
    chosen = [int(random.choice(len(vectors), p=counted / counted.sum()))]
    nearest = np.full(len(vectors), np.inf)
    for _ in range(size - 1):
        distance = (2 - 2 * (vectors @ vectors[chosen[-1]])).clip(min=0)
        nearest = np.minimum(nearest, distance)
        nearest[chosen] = 0
        chance = nearest * counted
        if chance.sum() <= 0:  # only copies of chosen rows are left
            chance = counted.copy()
            chance[chosen] = 0
        chosen.append(int(random.choice(len(vectors), p=chance / chance.sum())))
    return np.array(chosen, dtype=np.int64)


def typicality(vectors: Float32s, members: IntArray) -> Floats:
    """(members,): the inverse mean distance to a member's nearest others in the cluster.

    Source: Hacohen, Dekel and Weinshall, Active learning on a budget (2022), equation 4.
    """
    near = min(NEIGHBOURS, len(members) - 1)
    if near < 1:
        return np.ones(len(members))
    inside = vectors[members]
    cosine = inside @ inside.T
    best = -np.partition(-cosine, near, axis=1)[:, : near + 1]
    distance = np.sqrt((2 - 2 * best).clip(min=0)).sum(axis=1) / near  # its own is zero
    return np.asarray(1.0 / (distance + 1e-6))
