"""What a text is made of, as hashes: pieces of a few characters, or of a few words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.near_duplicates import characters as c
from undercut.build.data.near_duplicates.mixing import mix_32
from undercut.build.data.near_duplicates.normal_form import NormalForm
from undercut.build.data.near_duplicates.ragged import NO_HASH, HashArray
from undercut.core.dataset import IntArray

BoolArray = NDArray[np.bool_]

_ODD = tuple(np.uint32(odd) for odd in (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1))
_NUMBER = np.uint32(0x2545F491)
_WORD = np.uint32(0x7FEB352D)
_ALONE_GRAM = 2


def character_shingles(
    form: NormalForm, *, gram: int, number_weight: int
) -> tuple[HashArray, IntArray]:
    """Hashes of the overlapping pieces of `gram` characters, edges of the text included.

    In scripts written without spaces pieces have one and two characters: they carry as much as
    a word and its neighbour. Each number adds `number_weight` hashes of its own, since texts of
    one pattern with other numbers say other things.
    Returns hashes (n,) grouped by text, with repeats, and how many each text has, (texts,).
    """
    short = min(gram, _ALONE_GRAM)
    alone = form.kinds == c.ALONE
    pair_here = alone.copy()
    pair_here[:-1] |= alone[1:]
    hashes = np.where(pair_here, _windows(form.codes, short), _windows(form.codes, gram))
    inside = np.where(pair_here, _no_edge(form, short), _no_edge(form, gram))
    counts = _by_text(inside, form)
    pieces = np.minimum(mix_32(hashes.compress(inside)), NO_HASH - np.uint32(1))
    for extra, owner in (_singles(form, alone), _numbers(form, number_weight)):
        pieces, counts = _interleaved(pieces, counts, extra, owner)
    return pieces, counts


def word_shingles(form: NormalForm, *, gram: int) -> tuple[HashArray, IntArray]:
    """Hashes of runs of `gram` words; of one word more in scripts written without spaces.

    Returns hashes (n,) grouped by text, with repeats, and how many each text has, (texts,).
    """
    words, owner, alone = _words(form)
    pieces, owners = [], []
    for length, wanted in ((gram, False), (gram + 1, True)):
        last = len(words) - length + 1
        if last < 1:
            continue
        at = np.flatnonzero((owner[:last] == owner[length - 1 :]) & (alone[:last] == wanted))
        hashed = np.full(len(at), np.uint32(length), dtype=np.uint32)
        for i in range(length):
            hashed = mix_32(hashed * _ODD[0] + words[at + i])
        pieces.append(hashed)
        owners.append(owner[at])
    if not pieces:
        return np.zeros(0, dtype=np.uint32), np.zeros(len(form.edges) - 1, dtype=np.int64)
    both = np.concatenate(owners)
    order = np.argsort(both, kind="stable")
    hashes = np.minimum(np.concatenate(pieces)[order], NO_HASH - np.uint32(1))
    return hashes, np.bincount(both, minlength=len(form.edges) - 1)


def _windows(codes: c.CodeArray, gram: int) -> HashArray:
    """(characters,) one number for the `gram` characters from each position on."""
    mixed = codes * _ODD[0] + np.uint32(gram)
    for i in range(1, gram):
        # Beyond five characters the multipliers repeat, mixed once more so that order counts.
        mixed = mix_32(mixed) if i % len(_ODD) == 0 else mixed
        mixed[:-i] += codes[i:] * _ODD[i % len(_ODD)]
    return mixed


def _no_edge(form: NormalForm, gram: int) -> BoolArray:
    """Where a window holds a character and no edge between its first and last place."""
    edge = form.kinds == c.EDGE
    clear = np.ones(len(edge), dtype=bool)
    for i in range(1, gram - 1):
        clear[:-i] &= ~edge[i:]
    clear[len(edge) - gram + 1 :] = False
    if gram == _ALONE_GRAM:
        clear[:-1] &= ~(edge[:-1] & edge[1:])
    return clear


def _by_text(inside: BoolArray, form: NormalForm) -> IntArray:
    return np.add.reduceat(inside, form.edges, dtype=np.int64)[:-1]


def _singles(form: NormalForm, alone: BoolArray) -> tuple[HashArray, IntArray]:
    """The characters that are words of their own, grouped by text, and the text of each."""
    at = np.flatnonzero(alone)
    hashes = np.minimum(mix_32(form.codes[at] * _ODD[4] + np.uint32(1)), NO_HASH - np.uint32(1))
    return hashes, np.searchsorted(form.edges, at) - 1


def _numbers(form: NormalForm, weight: int) -> tuple[HashArray, IntArray]:
    """`weight` hashes of each run of digits, grouped by text, and the text of each."""
    at = np.flatnonzero(form.kinds == c.DIGIT)
    if not len(at) or weight == 0:
        return np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.int64)
    first = np.append(True, np.diff(at) > 1)
    starts = np.flatnonzero(first)
    place = np.arange(len(at)) - np.repeat(starts, np.diff(starts, append=len(at)))
    values = np.add.reduceat(
        mix_32(form.codes[at] + place.astype(np.uint32) * _ODD[1]), starts, dtype=np.uint32
    )
    owner = np.searchsorted(form.edges, at[starts]) - 1
    copies = np.arange(1, weight + 1, dtype=np.uint32) * _NUMBER
    hashes = mix_32((values[:, None] + copies).ravel())
    return np.minimum(hashes, NO_HASH - np.uint32(1)), np.repeat(owner, weight)


def _interleaved(
    pieces: HashArray, counts: IntArray, extra: HashArray, owner: IntArray
) -> tuple[HashArray, IntArray]:
    """`extra` hashes, grouped by text, put behind the pieces of their texts."""
    if not len(extra):
        return pieces, counts
    more = np.bincount(owner, minlength=len(counts))
    place = np.cumsum(counts)[owner] + np.arange(len(extra))
    result = np.empty(len(pieces) + len(extra), dtype=np.uint32)
    taken = np.zeros(len(result), dtype=bool)
    taken[place] = True
    result[place] = extra
    result[~taken] = pieces
    return result, counts + more


def _words(form: NormalForm) -> tuple[HashArray, IntArray, BoolArray]:
    """Hash, text and script (alone or not) of each word."""
    alone = form.kinds == c.ALONE
    part = (form.kinds == c.LETTER) | (form.kinds == c.DIGIT)
    begins = alone.copy()
    begins[1:] |= part[1:] & ~part[:-1]
    starts = np.flatnonzero(begins)
    if not len(starts):
        return np.zeros(0, np.uint32), np.zeros(0, np.int64), np.zeros(0, bool)
    place = np.arange(len(part)) - np.repeat(
        np.append(0, starts), np.diff(np.append(0, starts), append=len(part))
    )
    seen = np.where(part | alone, form.codes, np.uint32(0))
    mixed = mix_32(seen * _ODD[2] + place.astype(np.uint32) * _WORD)
    mixed[~(part | alone)] = 0
    words = np.add.reduceat(mixed, starts, dtype=np.uint32)
    return words, np.searchsorted(form.edges, starts) - 1, alone[starts]
