"""What a static model remembers of words: each word's token rows, summed once.

A word is what stands between spaces. It is tokenised when it is first met; after that it costs one
look-up in a dictionary and one row, where a tokenizer costs ten to twenty times as much.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np

from undercut.core.dataset import FloatArray, IntArray
from undercut.models.key_table import KeyArray, KeyTable
from undercut.models.onnx import printable
from undercut.models.row_sum import sum_rows

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NO_TOKEN: Final = -1
_TOKEN_BITS = np.uint64(32)


class TokenTable:
    """The rows of tokens and of pairs of neighbouring tokens.

    tokens: (tokens,) ascending ids of the tokenizer. token_rows: (tokens, columns + 1) float32, in
    the last column the token's weight. pair_keys: (pairs,) uint64 from `pair_keys`.
    pair_rows: (pairs, columns) float32. Tokens and pairs that are not listed add nothing.
    """

    def __init__(
        self, tokens: IntArray, token_rows: FloatArray, keys: KeyArray, pair_rows: FloatArray
    ) -> None:
        self.tokens = tokens
        self.token_rows = token_rows
        self.pairs = KeyTable(keys)
        self.pair_rows = pair_rows
        self._known = KeyTable(tokens.astype(np.uint64))

    def find(self, ids: IntArray) -> IntArray:
        """Positions of token ids in `tokens`, -1 where one is not listed."""
        return self._known.find(ids.astype(np.uint64))

    def sum(self, ids: IntArray, counts: IntArray) -> FloatArray:
        """Token and pair rows of each owner of the next counts[i] ids, (owners, columns + 1)."""
        found = self.find(ids)
        total = sum_listed(self.token_rows, found, counts)
        total[:, :-1] += self.sum_pairs(ids, ids, counts)
        return total

    def sum_pairs(self, lasts: IntArray, firsts: IntArray, counts: IntArray) -> FloatArray:
        """Rows of the pairs (lasts[i], firsts[i + 1]) within each owner, (owners, columns)."""
        found = self.pairs.find(pair_keys(lasts[:-1], firsts[1:]))
        # Two owners' neighbours are no pair: an owner's last id begins none.
        ends = np.cumsum(counts)
        found = np.append(found, NO_TOKEN)
        found[ends[counts > 0] - 1] = NO_TOKEN
        return sum_listed(self.pair_rows, found, counts)


def pair_keys(first: IntArray, second: IntArray) -> KeyArray:
    """One uint64 for each pair of token ids."""
    return (first.astype(np.uint64) << _TOKEN_BITS) | second.astype(np.uint64)


def sum_listed(table: FloatArray, ids: IntArray, counts: IntArray) -> FloatArray:
    """`sum_rows` over the ids that are not -1; counts: ids of each owner, -1 included."""
    listed = ids >= 0
    before = np.concatenate(([0], np.cumsum(listed)))
    ends = np.cumsum(counts)
    return sum_rows(table, ids[listed], before[ends] - before[ends - counts])


def tokenise_words(tokenizer: Tokenizer, words: Sequence[str]) -> tuple[IntArray, IntArray]:
    """Token ids of all words one after another, and how many each word has."""
    encodings = tokenizer.encode_batch_fast(
        [printable(word) for word in words], add_special_tokens=False
    )
    ids = [encoding.ids for encoding in encodings]
    counts = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
    flat = np.fromiter(chain.from_iterable(ids), dtype=np.int64, count=int(counts.sum()))
    return flat, counts


class WordTable:
    """Grows as words are met; safe to use from several threads.

    A word's number never changes, so that rows may be read while another thread adds words.
    """

    def __init__(self, tokenizer: Tokenizer, table: TokenTable) -> None:
        self._tokenizer = tokenizer
        self._table = table
        self._numbers: dict[str, int] = {}
        self._lock = threading.Lock()
        self._rows = np.empty((0, table.token_rows.shape[1]), dtype=np.float32)
        # First and last token of each word, -1 where it has none.
        self._edges = np.empty((0, 2), dtype=np.int64)

    def __len__(self) -> int:
        return len(self._numbers)

    def sum(self, texts: Sequence[Sequence[str]]) -> FloatArray:
        """Summed rows of texts given as words, (texts, columns + 1)."""
        counts = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        numbers = self._number([word for words in texts for word in words])
        rows, edges = self._rows, self._edges
        if (edges[numbers, 0] < 0).any():
            numbers, counts = _without_empty(numbers, counts, edges)
        total = sum_rows(rows, numbers, counts)
        total[:, :-1] += self._table.sum_pairs(edges[numbers, 1], edges[numbers, 0], counts)
        return total

    def _number(self, words: list[str]) -> IntArray:
        get = self._numbers.get
        found = [get(word, -1) for word in words]
        if -1 in found:
            self._add({word for word, number in zip(words, found, strict=True) if number < 0})
            found = [self._numbers[word] for word in words]
        return np.array(found, dtype=np.int64)

    def _add(self, words: set[str]) -> None:
        with self._lock:
            new = [word for word in words if word not in self._numbers]
            if not new:
                return
            ids, counts = tokenise_words(self._tokenizer, new)
            start = len(self._numbers)
            self._reserve(start + len(new))
            self._rows[start : start + len(new)] = self._table.sum(ids, counts)
            self._edges[start : start + len(new)] = _edges(ids, counts)
            # Numbers last: whoever finds one finds its row.
            self._numbers.update(zip(new, range(start, start + len(new)), strict=True))

    def _reserve(self, words: int) -> None:
        if words > len(self._rows):
            more = max(words, 2 * len(self._rows), 1024) - len(self._rows)
            edges = np.full((more, 2), NO_TOKEN, dtype=np.int64)
            rows = np.zeros((more, self._rows.shape[1]), dtype=np.float32)
            self._edges = np.concatenate((self._edges, edges))
            self._rows = np.concatenate((self._rows, rows))


def _edges(ids: IntArray, counts: IntArray) -> IntArray:
    edges = np.full((len(counts), 2), NO_TOKEN, dtype=np.int64)
    filled = counts > 0
    ends = np.cumsum(counts)[filled]
    edges[filled, 0] = ids[ends - counts[filled]]
    edges[filled, 1] = ids[ends - 1]
    return edges


def _without_empty(
    numbers: IntArray, counts: IntArray, edges: IntArray
) -> tuple[IntArray, IntArray]:
    """Leave out words without tokens, so that their neighbours are neighbours."""
    kept = edges[numbers, 0] >= 0
    before = np.concatenate(([0], np.cumsum(kept)))
    ends = np.cumsum(counts)
    return numbers[kept], before[ends] - before[ends - counts]
