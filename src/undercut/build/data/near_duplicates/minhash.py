"""MinHash signatures cut in bands: texts that share a band's key are worth comparing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from undercut.build.data.near_duplicates.mixing import mix_32
from undercut.build.data.near_duplicates.ragged import HashArray, HashSets
from undercut.core.dataset import IntArray

_FOLD = np.uint32(0x01000193)
_VALUES_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class BandPlan:
    """multiplier, flip: (bands, rows) uint32; x -> (x xor flip) multiplier modulo 2^32."""

    multiplier: HashArray
    flip: HashArray


def band_plan(*, bands: int, rows: int, seed: int) -> BandPlan:
    """Random functions. The rows of a band flip alike: half the work, and they still differ."""
    drawn = np.random.default_rng(seed).integers(0, 1 << 32, (2, bands, rows), dtype=np.uint32)
    return BandPlan(drawn[0] | np.uint32(1), drawn[1, :, :1])


def band_keys(sets: HashSets, plan: BandPlan) -> HashArray:
    """(bands, texts) uint32: equal in a band with probability s^rows for Jaccard similarity s.

    Texts without a shingle get keys that mean nothing; leave them out.
    Source: Broder 1997 (MinHash); Indyk & Motwani 1998 (banding).
    """
    keys = np.zeros((len(plan.multiplier), len(sets)), dtype=np.uint32)
    filled = np.flatnonzero(sets.counts)
    starts = sets.starts[filled]
    # A few texts at a time, all functions: what is read again and again stays near the processor.
    cuts = np.unique(np.searchsorted(starts, np.arange(0, len(sets.values), _VALUES_AT_ONCE)))
    for first, last in pairwise([*cuts.tolist(), len(starts)]):
        begin = starts[first]
        end = starts[last] if last < len(starts) else len(sets.values)
        keys[:, filled[first:last]] = _keys(
            sets.values[begin:end], starts[first:last] - begin, plan
        )
    return keys


def _keys(values: HashArray, starts: IntArray, plan: BandPlan) -> HashArray:
    """(bands, texts). Hashes are well mixed already, so a multiplication permutes them enough."""
    keys = np.empty((len(plan.multiplier), len(starts)), dtype=np.uint32)
    scaled = np.empty_like(values)
    for band, (multipliers, flip) in enumerate(zip(plan.multiplier, plan.flip, strict=True)):
        moved = values ^ flip
        key = np.full(len(starts), np.uint32(band), dtype=np.uint32)
        for multiplier in multipliers:
            np.multiply(moved, multiplier, out=scaled)
            key = mix_32(key * _FOLD + np.minimum.reduceat(scaled, starts))
        keys[band] = key
    return keys
