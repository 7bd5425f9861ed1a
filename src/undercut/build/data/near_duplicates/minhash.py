"""MinHash signatures cut in bands: texts that share a band's key are worth comparing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.near_duplicates.mixing import mix_32
from undercut.build.data.near_duplicates.ragged import HashArray, HashSets

_FOLD = np.uint32(0x01000193)


def band_keys(sets: HashSets, *, bands: int, rows: int, seed: int) -> HashArray:
    """(bands, texts) uint32: equal in a band with probability s^rows for Jaccard similarity s.

    Texts without a shingle get keys that mean nothing; leave them out.
    Source: Broder 1997 (MinHash); Indyk & Motwani 1998 (banding). Permutations are
    x -> (x xor c) a modulo 2^32 with odd a, on hashes that are already well mixed.
    """
    keys = np.zeros((bands, len(sets)), dtype=np.uint32)
    filled = np.flatnonzero(sets.counts)
    if not len(filled):
        return keys
    starts = sets.starts[filled]
    multiplier, flip = _permutations(bands * rows, seed)
    moved = np.empty_like(sets.values)
    for band in range(bands):
        key = np.full(len(filled), np.uint32(band), dtype=np.uint32)
        for i in range(band * rows, (band + 1) * rows):
            np.bitwise_xor(sets.values, flip[i], out=moved)
            np.multiply(moved, multiplier[i], out=moved)
            smallest = np.minimum.reduceat(moved, starts)
            key = mix_32(key * _FOLD + smallest)
        keys[band, filled] = key
    return keys


def _permutations(count: int, seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    drawn = np.random.default_rng(seed).integers(0, 1 << 32, (2, count), dtype=np.uint32)
    return drawn[0] | np.uint32(1), drawn[1]
