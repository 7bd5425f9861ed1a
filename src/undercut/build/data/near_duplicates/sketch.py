"""A block of texts as arrays: all that finding near-duplicates needs to keep of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.near_duplicates.bitmaps import BitmapArray, bitmaps
from undercut.build.data.near_duplicates.config import NearDuplicateConfig
from undercut.build.data.near_duplicates.minhash import band_keys
from undercut.build.data.near_duplicates.normal_form import normal_form
from undercut.build.data.near_duplicates.ragged import (
    HashArray,
    HashSets,
    concatenated,
    hash_sets,
    taken,
)
from undercut.build.data.near_duplicates.shingles import character_shingles, word_shingles
from undercut.core.dataset import IntArray
from undercut.models.threads import map_blocks

MAX_CHARACTERS = 1_000_000  # an array for each property of a character: 50 bytes each
_SLACK = 0.9  # a pair at the threshold may differ more in characters than in shingles


@dataclass(frozen=True)
class Grain:
    """Texts seen as sets of one kind of shingle.

    rows: (m,) int64 ascending, which texts; sets: their m hash sets; bands: (bands, m) uint32;
    banded: (m,) bool, which of them have bands that mean something; bits: (m, 8) uint64.
    """

    rows: IntArray
    sets: HashSets
    bands: HashArray
    banded: NDArray[np.bool_]
    bits: BitmapArray


@dataclass(frozen=True)
class Sketches:
    """Texts seen in every way they are compared in.

    keys: (texts,) uint64, equal for texts that are equal after normalising.
    short: by characters, the texts up to `long_characters` (with containment, all texts, of which
    only the short ones have bands); long: by words, the longer ones. In between texts are in both.
    """

    keys: NDArray[np.uint64]
    short: Grain
    long: Grain

    def __len__(self) -> int:
        return len(self.keys)


def signatures(texts: Sequence[str], config: NearDuplicateConfig) -> Sketches:
    """Sketches of a block of texts; of each text alone, whatever block it stands in.

    Of a text above a million characters the rest counts for equality only.
    """
    long_texts = [i for i, text in enumerate(texts) if len(text) > MAX_CHARACTERS]
    form = normal_form([text[:MAX_CHARACTERS] for text in texts] if long_texts else texts)
    keys = form.exact_keys()
    for i in long_texts:
        rest = texts[i][MAX_CHARACTERS:].encode("utf-8", "surrogatepass")
        keys[i] ^= np.uint64(int.from_bytes(blake2b(rest, digest_size=8).digest(), "little"))
    lengths = form.lengths
    whole = config.containment is not None
    short = np.flatnonzero((lengths > 0) & (whole | (lengths <= config.long_characters)))
    long = np.flatnonzero(lengths >= config.long_characters * config.threshold * _SLACK)
    part = form if len(short) == len(texts) else form.take(short)
    pieces = character_shingles(part, gram=config.gram, number_weight=config.number_weight)
    words = word_shingles(form.take(long), gram=config.word_gram)
    most = len(pieces[0]) + 1 if whole else config.kept_shingles
    return Sketches(
        keys,
        _grain(short, *pieces, lengths[short] <= config.long_characters, most, config),
        _grain(long, *words, np.ones(len(long), dtype=bool), config.kept_shingles, config),
    )


def joined(parts: Sequence[Sketches], *, threads: int = 1) -> Sketches:
    """The texts of all parts, in order."""
    sizes = np.array([len(part) for part in parts], dtype=np.int64)
    offsets = np.cumsum(sizes) - sizes
    return Sketches(
        np.concatenate([part.keys for part in parts]),
        _joined([part.short for part in parts], offsets, threads),
        _joined([part.long for part in parts], offsets, threads),
    )


def chosen(sketches: Sketches, rows: IntArray) -> Sketches:
    """The given texts (0-based, distinct), in the given order."""
    return Sketches(
        sketches.keys[rows],
        _chosen(sketches.short, rows, texts=len(sketches)),
        _chosen(sketches.long, rows, texts=len(sketches)),
    )


def _chosen(grain: Grain, rows: IntArray, *, texts: int) -> Grain:
    place = np.full(texts, -1, dtype=np.int64)
    place[grain.rows] = np.arange(len(grain.rows))
    at = place[rows]
    new, at = np.flatnonzero(at >= 0), at[at >= 0]
    return Grain(new, taken(grain.sets, at), grain.bands[:, at], grain.banded[at], grain.bits[at])


def _grain(
    rows: IntArray,
    hashes: HashArray,
    counts: IntArray,
    banded: NDArray[np.bool_],
    most: int,
    config: NearDuplicateConfig,
) -> Grain:
    sets = hash_sets(hashes, counts, most=most)
    keys = band_keys(sets, config.band_plan)
    return Grain(rows, sets, keys, banded & (sets.counts > 0), bitmaps(sets))


def _joined(parts: Sequence[Grain], offsets: IntArray, threads: int) -> Grain:
    def copied(which: str) -> NDArray[np.uint32]:
        if which == "bands":
            return np.concatenate([part.bands for part in parts], axis=1)
        return np.concatenate([part.sets.values for part in parts])

    # The two large arrays side by side: the time goes into fresh memory.
    bands, values = map_blocks(copied, ["bands", "values"], threads=threads)
    return Grain(
        np.concatenate([part.rows + at for part, at in zip(parts, offsets, strict=True)]),
        concatenated([part.sets for part in parts], values),
        bands,
        np.concatenate([part.banded for part in parts]),
        np.concatenate([part.bits for part in parts]),
    )
