"""Tokenised texts and batches of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from undercut.core.dataset import IntArray
from undercut.models.onnx import pad, printable

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Batches are cut from sorted chunks of this many batches: little padding, enough shuffling.
BATCHES_PER_CHUNK = 20


@dataclass(frozen=True, slots=True)
class TokenisedTexts:
    """Token ids of each text (truncated, with special tokens), and the id that pads."""

    ids: tuple[tuple[int, ...], ...]
    pad_id: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> IntArray:
        """(rows,) tokens of each text."""
        return np.fromiter(map(len, self.ids), dtype=np.int64, count=len(self.ids))

    def take(self, rows: IntArray) -> TokenisedTexts:
        """These texts, in this order."""
        return TokenisedTexts(tuple(self.ids[row] for row in rows), self.pad_id)

    def batch(self, rows: IntArray) -> tuple[IntArray, IntArray]:
        """Padded ids and mask of the given rows, (rows, longest) int64."""
        return pad([self.ids[row] for row in rows], self.pad_id)


def tokenise(
    tokenizer: Tokenizer, texts: Sequence[str], *, max_tokens: int, pad_id: int
) -> TokenisedTexts:
    """Encode texts with special tokens, truncated to `max_tokens`."""
    tokenizer.enable_truncation(max_tokens)
    tokenizer.no_padding()
    encodings = tokenizer.encode_batch_fast([printable(text) for text in texts])
    return TokenisedTexts(tuple(tuple(encoding.ids) for encoding in encodings), pad_id)


def shuffled_batches(
    lengths: IntArray, batch_rows: int, random: np.random.Generator
) -> Iterator[IntArray]:
    """Every row once, in random batches of rows of similar length."""
    order = random.permutation(len(lengths))
    chunk_rows = batch_rows * BATCHES_PER_CHUNK
    batches: list[IntArray] = []
    for start in range(0, len(order), chunk_rows):
        chunk = order[start : start + chunk_rows]
        chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
        batches += [chunk[i : i + batch_rows] for i in range(0, len(chunk), batch_rows)]
    for position in random.permutation(len(batches)):
        yield batches[position]


def sorted_batches(lengths: IntArray, batch_rows: int) -> Iterator[IntArray]:
    """Every row once, longest first, for prediction."""
    order = np.argsort(-lengths, kind="stable")
    for start in range(0, len(order), batch_rows):
        yield order[start : start + batch_rows]
