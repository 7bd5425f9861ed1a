"""The same steps for texts on many machines; the result is that of one machine.

    sketches = signatures(block, config)          map, a block of texts each
    rows = band_rows(sketches)                    shuffle by (grain, band, bucket)
    left, right = candidate_pairs(rows, config)   reduce; a partition holds whole buckets
    found = verify(sketches, left, right, config) where the sketches of both texts are at hand
    join_pairs(keys, joined_pairs, touched, config)   once, on texts that have a pair

Texts are named by their exact keys throughout: equal texts are one, whichever machine read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.near_duplicates.buckets import bucket_pairs
from undercut.build.data.near_duplicates.candidates import unpacked
from undercut.build.data.near_duplicates.config import NearDuplicateConfig
from undercut.build.data.near_duplicates.join import distinct_views, heads, row_pairs
from undercut.build.data.near_duplicates.likeness import likeness_of
from undercut.build.data.near_duplicates.result import NearDuplicates
from undercut.build.data.near_duplicates.sketch import Sketches
from undercut.core.dataset import FloatArray
from undercut.core.errors import ConfigError, InputError

KeyArray = NDArray[np.uint64]


@dataclass(frozen=True)
class BandRows:
    """One row for each text, grain and band, all (n,).

    grain: uint8, 0 short and 1 long; band: int16; bucket: uint32, texts that share all three are
    candidates; near: uint32, orders the texts of a giant bucket; text: uint64 exact key.
    """

    grain: NDArray[np.uint8]
    band: NDArray[np.int16]
    bucket: NDArray[np.uint32]
    near: NDArray[np.uint32]
    text: KeyArray


@dataclass(frozen=True)
class KeyPairs:
    """Verified pairs by exact key, left < right; similarity: (pairs,) float32."""

    left: KeyArray
    right: KeyArray
    similarity: FloatArray


def band_rows(sketches: Sketches) -> BandRows:
    """The rows to shuffle. Equal texts give equal rows: one of them is enough."""
    parts = []
    for number, grain in enumerate((sketches.short, sketches.long)):
        bucket = grain.bands[:, grain.banded]
        bands, texts = bucket.shape
        parts.append(
            BandRows(
                np.full(bands * texts, number, dtype=np.uint8),
                np.repeat(np.arange(bands, dtype=np.int16), texts),
                bucket.ravel(),
                np.roll(bucket, -1, axis=0).ravel(),
                np.tile(sketches.keys[grain.rows[grain.banded]], bands),
            )
        )
    return BandRows(
        np.concatenate([part.grain for part in parts]),
        np.concatenate([part.band for part in parts]),
        np.concatenate([part.bucket for part in parts]),
        np.concatenate([part.near for part in parts]),
        np.concatenate([part.text for part in parts]),
    )


def candidate_pairs(rows: BandRows, config: NearDuplicateConfig) -> tuple[KeyArray, KeyArray]:
    """Distinct pairs of texts, left < right, that share a bucket of this partition.

    rows: whole buckets, in any order; a text may stand in a bucket several times.
    Raises ConfigError where pairs by containment are asked for: they do not meet in buckets.
    """
    if config.containment is not None:
        raise ConfigError(
            "containment is set, and a text inside a longer one shares no bucket with it",
            hint="containment on one machine, or containment=None",
        )
    texts, number = np.unique(rows.text, return_inverse=True)
    found = [np.zeros(0, dtype=np.uint64)]
    table = rows.grain.astype(np.int64) << 16 | rows.band
    for one in np.unique(table):
        inside = np.flatnonzero(table == one)
        text, at = np.unique(number[inside], return_index=True)
        at = inside[at]
        found.append(
            bucket_pairs(rows.bucket[at], text, giant=config.giant_bucket, order=rows.near[at])
        )
    left, right = unpacked(np.unique(np.concatenate(found)))
    return texts[left], texts[right]


def verify(
    sketches: Sketches, left: KeyArray, right: KeyArray, config: NearDuplicateConfig
) -> KeyPairs:
    """The pairs that reach the threshold, with their exact similarity.

    Raises InputError where a key is not among the sketches.
    """
    keys, first = np.unique(sketches.keys, return_index=True)
    a, b = _places(keys, left), _places(keys, right)
    likeness = likeness_of(config, threads=1)
    similarity = likeness.among(distinct_views(sketches, first), a, b)
    good = similarity >= config.threshold
    return KeyPairs(left[good], right[good], similarity[good])


def join_pairs(
    keys: KeyArray, pairs: Sequence[KeyPairs], touched: Sketches, config: NearDuplicateConfig
) -> NearDuplicates:
    """Groups from the verified pairs of all partitions.

    keys: (rows,) exact key of every row, in order of the rows; touched: sketches of at least all
    texts that stand in a pair. A pair may come from several partitions.
    Raises InputError where a text of a pair lacks a sketch or a row.
    """
    known, at = np.unique(touched.keys, return_index=True)
    left, right, similarity = _once(pairs)
    a, b = _places(known, left), _places(known, right)
    likeness = likeness_of(config, threads=1)
    head, near = heads(
        distinct_views(touched, at), a, b, likeness=likeness, least=config.chain_threshold
    )
    texts, first, number = np.unique(keys, return_index=True, return_inverse=True)
    place = _places(texts, known)
    representative, closeness = first.copy(), np.ones(len(texts), dtype=np.float32)
    representative[place], closeness[place] = first[place[head]], near
    return NearDuplicates(
        representative=representative[number],
        similarity=closeness[number],
        exact=first[number],
        pairs=row_pairs(first[_places(texts, left)], first[_places(texts, right)], similarity),
    )


def _once(pairs: Sequence[KeyPairs]) -> tuple[KeyArray, KeyArray, FloatArray]:
    empty = np.zeros(0, dtype=np.uint64)
    left = np.concatenate([empty, *(part.left for part in pairs)])
    right = np.concatenate([empty, *(part.right for part in pairs)])
    similarity = np.concatenate([np.zeros(0, np.float32), *(part.similarity for part in pairs)])
    order = np.lexsort((right, left))
    left, right, similarity = left[order], right[order], similarity[order]
    keep = np.ones(len(left), dtype=bool)
    keep[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    return left[keep], right[keep], similarity[keep]


def _places(sorted_keys: KeyArray, keys: KeyArray) -> NDArray[np.int64]:
    place = np.searchsorted(sorted_keys, keys)
    known = place < len(sorted_keys)
    known[known] = sorted_keys[place[known]] == keys[known]
    if not known.all():
        raise InputError(
            f"{int((~known).sum())} of {len(keys)} texts in pairs have no sketch or row here",
            hint="hand over the sketches of both texts of every pair",
        )
    return place
