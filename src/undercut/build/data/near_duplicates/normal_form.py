"""Texts to one array of folded characters: what is left when writing habits are set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.near_duplicates import characters as c
from undercut.build.data.near_duplicates.characters import CodeArray, KindArray
from undercut.build.data.near_duplicates.mixing import mix_64
from undercut.core.dataset import IntArray

_POSITION = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class NormalForm:
    """A block of texts as characters: an edge, a text, an edge, ..., an edge.

    codes, kinds: (characters + texts + 1,) folded code points and their kinds; edges are 0.
    edges: (texts + 1,) where the edges stand; text i lies between edges i and i + 1.
    """

    codes: CodeArray
    kinds: KindArray
    edges: IntArray

    @property
    def lengths(self) -> IntArray:
        """(texts,) characters in each text."""
        return np.diff(self.edges) - 1

    def exact_keys(self) -> NDArray[np.uint64]:
        """(texts,) 64-bit hashes of the texts; equal texts have equal keys.

        A sum of well-mixed (character, position) pairs: a polynomial modulo 2^64 would collide on
        Thue-Morse strings whatever its base.
        """
        offset = np.arange(len(self.codes)) - np.repeat(
            self.edges, np.diff(self.edges, append=len(self.codes))
        )
        mixed = mix_64(self.codes.astype(np.uint64) + offset.astype(np.uint64) * _POSITION)
        return np.asarray(np.add.reduceat(mixed, self.edges)[:-1])

    def take(self, rows: IntArray) -> NormalForm:
        """The given texts (0-based, ascending), in order."""
        chosen = np.zeros(len(self.edges), dtype=bool)
        chosen[rows] = True
        keep = np.repeat(chosen, np.diff(self.edges, append=len(self.codes)))
        lengths = self.lengths[rows]
        # Each text is kept with the edge before it; one edge more closes the block.
        codes = np.append(self.codes[keep], np.uint32(0))
        kinds = np.append(self.kinds[keep], np.uint8(c.EDGE))
        return NormalForm(codes, kinds, np.append(0, np.cumsum(lengths + 1)))


def normal_form(texts: Sequence[str]) -> NormalForm:
    """Case, width, compatibility forms, punctuation and white space set aside.

    Apostrophes vanish, other punctuation parts words; white space is one space, none beside
    scripts written without it. A text of nothing but punctuation keeps it. Any string is
    accepted: empty, NUL, unpaired surrogates.
    """
    form = _read(texts, punctuation=False)
    bare = np.flatnonzero(form.lengths == 0)
    marked = [i for i in bare.tolist() if texts[i].strip()]
    if not marked:
        return form
    return _merged(form, _read([texts[i] for i in marked], punctuation=True), marked)


def _read(texts: Sequence[str], *, punctuation: bool) -> NormalForm:
    table = c.character_table(punctuation=punctuation)
    raw = _code_points(texts)
    codes, kinds = table.read(raw)
    if int(kinds.max()) == c.COMPLEX:
        owner = np.cumsum(raw == 0) - 1
        folded = list(texts)
        for i in np.unique(owner[kinds == c.COMPLEX]).tolist():
            folded[i] = c.fold_string(texts[i])
        codes, kinds = table.read(_code_points(folded))
        kinds[kinds == c.COMPLEX] = c.LETTER
    codes = np.where(kinds == c.EDGE, np.uint32(0), codes)
    codes, kinds = _without_needless_space(codes, kinds)
    return NormalForm(codes, kinds, np.flatnonzero(kinds == c.EDGE))


def _code_points(texts: Sequence[str]) -> CodeArray:
    block = "\0".join(["", *texts, ""])
    if block.count("\0") > len(texts) + 1:
        block = "\0".join(["", *(text.replace("\0", " ") for text in texts), ""])
    return np.frombuffer(block.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _without_needless_space(codes: CodeArray, kinds: KindArray) -> tuple[CodeArray, KindArray]:
    if int(kinds.max()) == c.DROPPED:
        seen = kinds != c.DROPPED
        codes, kinds = codes.compress(seen), kinds.compress(seen)
    space = kinds == c.SPACE
    # First the second and later spaces of a run, then those with no word on one of their sides.
    keep = np.ones(len(codes), dtype=bool)
    np.logical_not(space[1:] & space[:-1], out=keep[1:])
    codes, kinds, space = codes.compress(keep), kinds.compress(keep), space.compress(keep)
    wordless = (kinds == c.EDGE) | (kinds == c.ALONE)
    keep = np.ones(len(codes), dtype=bool)
    keep[1:-1] = ~(space[1:-1] & (wordless[:-2] | wordless[2:]))
    return codes.compress(keep), kinds.compress(keep)


def _merged(form: NormalForm, extra: NormalForm, rows: list[int]) -> NormalForm:
    """`form` with the texts of `extra` in place of its empty texts `rows`."""
    lengths = form.lengths
    lengths[rows] = extra.lengths
    edges = np.append(0, np.cumsum(lengths + 1))
    codes = np.zeros(int(edges[-1]) + 1, dtype=np.uint32)
    kinds = np.full(len(codes), c.EDGE, dtype=np.uint8)
    replaced = np.zeros(len(lengths), dtype=bool)
    replaced[rows] = True
    inside = np.ones(len(codes), dtype=bool)
    inside[edges] = False
    from_extra = np.append(np.repeat(replaced, lengths + 1), False)
    for source, place in ((form, inside & ~from_extra), (extra, inside & from_extra)):
        letters = source.kinds != c.EDGE
        codes[place], kinds[place] = source.codes[letters], source.kinds[letters]
    return NormalForm(codes, kinds, edges)
