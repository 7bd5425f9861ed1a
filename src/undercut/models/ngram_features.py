"""The features of the n-gram model: which words and word sequences stand in which text.

Training and prediction both read texts through `NgramFeatures.read`, so they cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat

import numpy as np

from undercut.core.dataset import IntArray
from undercut.models.key_table import KeyArray, KeyTable
from undercut.models.ngram_text import SEPARATOR, block_tokens

_UNKNOWN = -1
_BETWEEN_TEXTS = -2
_PRIME = np.uint64(0x100000001B3)
_WORD_START, _WORD_END = "\x02", "\x03"  # no token holds control characters


@dataclass(frozen=True)
class Reading:
    """What stands in a block of texts; each word and sequence counts once a text.

    ids: (n,) row numbers grouped by text, ascending within it: words, sequences, then unknown
    words as `rows + position in unknown`.
    counts: (texts,) how many ids each text has, with sum n.
    unknown: distinct words of the block that the vocabulary lacks.
    """

    ids: IntArray
    counts: IntArray
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class NgramFeatures:
    """The vocabulary: words, sequences of words, and character n-grams inside words.

    words: row i of the model belongs to word i.
    sequence_keys: (sequences,) uint64, `left row << 32 | word`: a sequence is a shorter one (or
    a word) and the word after it; sequence i has row `len(words) + i`.
    gram_keys: (grams,) uint64 hashes of character n-grams (`word_grams`).
    gram_orders: shortest and longest n-gram of characters, word boundaries included.
    longest_sequence: words in the longest sequence.
    """

    words: tuple[str, ...]
    sequence_keys: KeyArray
    gram_keys: KeyArray
    gram_orders: tuple[int, int]
    longest_sequence: int

    @property
    def rows(self) -> int:
        """Rows that words and sequences take in the model's table."""
        return len(self.words) + len(self.sequence_keys)

    @cached_property
    def _word_rows(self) -> dict[str, int]:
        return {
            **dict(zip(self.words, range(len(self.words)), strict=True)),
            SEPARATOR: _BETWEEN_TEXTS,
        }

    @cached_property
    def _sequences(self) -> KeyTable:
        return KeyTable(self.sequence_keys)

    @cached_property
    def _grams(self) -> KeyTable:
        return KeyTable(self.gram_keys)

    def read(self, texts: Sequence[str]) -> Reading:
        """The rows of each text; texts: a block of a few thousand at most."""
        tokens = block_tokens(texts)
        word, text = self.positions(tokens)
        known = np.flatnonzero(word >= 0)
        keys = [text[known] << 32 | word[known]]
        for rows, at in self.sequences(word):
            keys.append(text[at] << 32 | rows)
        lacking = np.flatnonzero(word == _UNKNOWN)
        unknown: dict[str, int] = {}
        if len(lacking):
            new = [unknown.setdefault(tokens[i], len(unknown)) for i in lacking.tolist()]
            keys.append(text[lacking] << 32 | (np.array(new, dtype=np.int64) + self.rows))
        ids, counts = _once_a_text(np.concatenate(keys), texts=len(texts))
        return Reading(ids=ids, counts=counts, unknown=tuple(unknown))

    def positions(self, tokens: Sequence[str]) -> tuple[IntArray, IntArray]:
        """Word row (negative where unknown or between texts) and text number of each token."""
        word = np.fromiter(
            map(self._word_rows.get, tokens, repeat(_UNKNOWN)), np.int64, len(tokens)
        )
        return word, np.cumsum(word == _BETWEEN_TEXTS)

    def sequences(self, word: IntArray) -> list[tuple[IntArray, IntArray]]:
        """Known sequences: for each length their rows and where in `word` each starts."""
        found = []
        left, at = word, np.arange(len(word), dtype=np.int64)
        for length in range(2, self.longest_sequence + 1):
            left, at, keys = sequence_keys(word, left, at, length=length)
            position = self._sequences.find(keys)
            hit = np.flatnonzero(position >= 0)
            if not len(hit):
                break
            left, at = position[hit] + len(self.words), at[hit]
            found.append((left, at))
        return found

    def grams(self, words: Sequence[str]) -> tuple[IntArray, IntArray]:
        """Known character n-grams of words: positions in `gram_keys` by word, and their counts."""
        keys, owner = word_grams(words, orders=self.gram_orders)
        position = self._grams.find(keys)
        hit = np.flatnonzero(position >= 0)
        return _once_a_text(owner[hit] << 32 | position[hit], texts=len(words))


def sequence_keys(
    word: IntArray, left: IntArray, at: IntArray, *, length: int
) -> tuple[IntArray, IntArray, KeyArray]:
    """Keys of the sequences of `length` words that go on from known shorter ones.

    word: (tokens,) word rows, negative where unknown or between texts; left: (m,) rows of the
    shorter sequences; at: (m,) where in `word` each starts.
    Returns left, at and the keys, all (k,), of those followed by a known word of the same text.
    """
    inside = np.flatnonzero(at + (length - 1) < len(word))
    following = word[at[inside] + (length - 1)]
    usable = (following >= 0) & (left[inside] >= 0)
    inside, following = inside[usable], following[usable]
    left = left[inside]
    return left, at[inside], (left << 32 | following).astype(np.uint64)


def word_grams(words: Sequence[str], *, orders: tuple[int, int]) -> tuple[KeyArray, IntArray]:
    """Hashes of the character n-grams inside words, their boundaries counted as characters.

    Words of one character have none: they are their own only n-gram.
    Returns keys (n,) uint64 and the position in `words` each belongs to, (n,) int64.
    Source: subword units as in Bojanowski et al. 2017, arXiv:1607.04606.
    """
    longer = [i for i, word in enumerate(words) if len(word) > 1]
    marked = "".join([f"{_WORD_START}{words[i]}{_WORD_END}" for i in longer])
    codes = np.frombuffer(marked.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    owner = np.array(longer, dtype=np.int64)[np.cumsum(codes == ord(_WORD_START)) - 1]
    character = codes.astype(np.uint64) + np.uint64(1)
    shortest, longest = orders
    hashed, keys, owners = character, [], []
    for order in range(1, longest + 1):
        if order > 1:
            hashed = hashed[:-1] * _PRIME + character[order - 1 :]
        if order >= shortest:
            last = len(owner) - order + 1
            inside = owner[:last] == owner[order - 1 :] if last > 0 else np.zeros(0, dtype=bool)
            # The order is part of the key: "a" after a "b" is not the pair "ba".
            keys.append(hashed[: max(last, 0)][inside] ^ np.uint64(order << 56))
            owners.append(owner[: max(last, 0)][inside])
    return np.concatenate(keys), np.concatenate(owners)


def _once_a_text(keys: IntArray, *, texts: int) -> tuple[IntArray, IntArray]:
    """Sorted distinct `text << 32 | id` keys, split into ids and counts a text."""
    keys.sort(kind="stable")  # twice as fast here: the keys are a few runs in order of text
    if len(keys) > 1:
        keys = keys[np.append(True, keys[1:] != keys[:-1])]
    counts = np.bincount(keys >> 32, minlength=texts)
    return keys & 0xFFFFFFFF, counts
