"""Texts as bags of tokens and pairs of neighbours, as the static model reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from undercut.core.dataset import FloatArray, IntArray
from undercut.models.key_table import KeyArray, KeyTable
from undercut.models.static import MAX_CHARACTERS
from undercut.models.static_words import NO_TOKEN, pair_keys, tokenise_words

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class TokenRuns:
    """Token ids of texts one after another, and how many each text has."""

    ids: IntArray
    counts: IntArray

    def pairs(self) -> tuple[KeyArray, IntArray]:
        """Keys of neighbouring tokens within a text, and how many pairs each text has."""
        keys = pair_keys(self.ids[:-1], self.ids[1:])
        inside = np.ones(len(keys), dtype=np.bool_)
        ends = np.cumsum(self.counts)
        inside[ends[(self.counts > 0) & (ends <= len(keys))] - 1] = False
        return keys[inside], np.maximum(self.counts - 1, 0)


@dataclass(frozen=True, slots=True)
class Bags:
    """Row numbers of each text's features; starts: (texts + 1,)."""

    ids: IntArray
    starts: IntArray

    def take(self, texts: IntArray) -> tuple[IntArray, IntArray]:
        """Row numbers of the given texts one after another, and how many each has."""
        counts = self.starts[texts + 1] - self.starts[texts]
        shifts = self.starts[texts] - (np.cumsum(counts) - counts)
        return self.ids[np.arange(counts.sum()) + np.repeat(shifts, counts)], counts


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tokens met in training, and the pairs of them that get a row.

    tokens: (tokens,) ascending; frequency: (tokens,) share of all tokens; pairs: (pairs,) keys.
    """

    tokens: IntArray
    frequency: FloatArray
    pairs: KeyArray

    def bags(self, runs: TokenRuns) -> tuple[Bags, Bags]:
        """Tokens and pairs as row numbers; those without a row are left out."""
        known = KeyTable(self.tokens.astype(np.uint64)).find(runs.ids.astype(np.uint64))
        keys, counts = runs.pairs()
        return _bags(known, runs.counts), _bags(KeyTable(self.pairs).find(keys), counts)


def read_tokens(tokenizer: Tokenizer, texts: Sequence[str]) -> TokenRuns:
    """Tokenise texts word by word; each distinct word once."""
    words = [text[:MAX_CHARACTERS].split() for text in texts]
    numbers: dict[str, int] = {}
    of_word = [numbers.setdefault(word, len(numbers)) for text in words for word in text]
    flat, lengths = tokenise_words(tokenizer, list(numbers))
    dictionary = Bags(flat, _starts(lengths))
    ids, tokens = dictionary.take(np.array(of_word, dtype=np.int64))
    ends = _starts(tokens)[_starts(np.array([len(text) for text in words], dtype=np.int64))]
    return TokenRuns(ids, np.diff(ends))


def find_vocabulary(runs: TokenRuns, *, most_pairs: int) -> Vocabulary:
    """Every token, and the most frequent pairs (of equals the smaller key)."""
    tokens, uses = np.unique(runs.ids, return_counts=True)
    keys, times = np.unique(runs.pairs()[0], return_counts=True)
    chosen = np.sort(np.argsort(-times, kind="stable")[:most_pairs])
    frequency = (uses / max(1, uses.sum())).astype(np.float32)
    return Vocabulary(tokens, frequency, keys[chosen])


def _bags(found: IntArray, counts: IntArray) -> Bags:
    listed = found != NO_TOKEN
    before = np.concatenate(([0], np.cumsum(listed)))
    return Bags(found[listed], before[_starts(counts)])


def _starts(counts: IntArray) -> IntArray:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
