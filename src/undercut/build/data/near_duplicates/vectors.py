"""Semantic near-duplicates: texts whose vectors, from any encoder, point the same way."""

from __future__ import annotations

import numpy as np

from undercut.build.data.near_duplicates.candidates import unpacked
from undercut.build.data.near_duplicates.components import leaders
from undercut.build.data.near_duplicates.join import row_pairs
from undercut.build.data.near_duplicates.result import NearDuplicates
from undercut.core.dataset import FloatArray, IntArray
from undercut.core.errors import ConfigError, InputError

_ROWS = 2_048
_MOST_PAIRS = 1 << 25


def near_vectors(
    vectors: FloatArray, *, threshold: float, chain_threshold: float | None = None
) -> NearDuplicates:
    """Groups of rows whose cosine similarity is at least `threshold`.

    vectors: (n, d) float32, of any length. Every pair is compared, in blocks of 2,048 x 2,048:
    exact, 16 MB, n^2 d multiplications. A row of zeros is like no other. chain_threshold: least
    similarity to a group's representative, the threshold where not given.
    Raises InputError for another shape, for NaN or infinity, and where more than 33 million pairs
    reach the threshold; ConfigError for a threshold outside (0, 1].
    Source: SemDeDup, Abbas et al. 2023, without its clusters.
    """
    least = threshold if chain_threshold is None else chain_threshold
    if not 0.0 < least <= threshold <= 1.0:
        raise ConfigError(
            f"threshold is {threshold} and chain_threshold {least}; expected "
            "0 < chain_threshold <= threshold <= 1"
        )
    unit = _unit_rows(vectors)
    left, right, similarity = _pairs(unit, threshold)
    nodes = len(unit)
    degree = np.bincount(left, minlength=nodes) + np.bincount(right, minlength=nodes)
    rank = np.empty(nodes, dtype=np.int64)
    rank[np.lexsort((-np.arange(nodes), degree))] = np.arange(nodes)

    def similar(a: IntArray, b: IntArray) -> FloatArray:
        cosine: FloatArray = np.einsum("ij,ij->i", unit[a], unit[b])
        return np.minimum(cosine, np.float32(1.0))

    head = leaders(nodes, left, right, rank=rank, similarity=similar, least=least - _ROUNDING)
    near = np.ones(nodes, dtype=np.float32)
    member = np.flatnonzero(head != np.arange(nodes))
    near[member] = similar(head[member], member)
    return NearDuplicates(head, near, np.arange(nodes), row_pairs(left, right, similarity))


_ROUNDING = 1e-6  # the same product, summed in another order


def _unit_rows(vectors: FloatArray) -> FloatArray:
    if vectors.ndim != 2:
        raise InputError(f"vectors have shape {vectors.shape}; expected (texts, dimensions)")
    if not np.isfinite(vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        raise InputError(f"the vector of row {row} holds NaN or infinity; expected finite numbers")
    length = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return (vectors / np.where(length > 0.0, length, 1.0)).astype(np.float32)


def _pairs(unit: FloatArray, threshold: float) -> tuple[IntArray, IntArray, FloatArray]:
    packed, values, found = [np.zeros(0, np.uint64)], [np.zeros(0, np.float32)], 0
    for top in range(0, len(unit), _ROWS):
        for start in range(top, len(unit), _ROWS):
            cosine = unit[top : top + _ROWS] @ unit[start : start + _ROWS].T
            a, b = np.nonzero(cosine >= threshold - _ROUNDING)
            upper = a + top < b + start
            a, b = a[upper], b[upper]
            packed.append(
                (a + top).astype(np.uint64) << np.uint64(32) | (b + start).astype(np.uint64)
            )
            values.append(np.minimum(cosine[a, b], np.float32(1.0)))
            found += len(a)
            if found > _MOST_PAIRS:
                raise InputError(
                    f"more than {_MOST_PAIRS} pairs have a cosine of at least {threshold}",
                    hint="a higher threshold",
                )
    left, right = unpacked(np.concatenate(packed))
    return left, right, np.concatenate(values)
