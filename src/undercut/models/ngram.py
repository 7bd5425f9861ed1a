"""The n-gram linear model: the first stage that answers most texts for next to nothing.

A text's logits are the sum of one row for each word and word sequence in it, divided by the
length of its feature vector. A word's row already holds its own weights and those of all its
character n-grams, summed once after training, so that what costs a vectoriser two hundred
look-ups a text costs a dozen here. Only words never seen in training are spelt out.
Sources: Joulin et al. 2017, arXiv:1607.01759 (bags of n-grams); Bojanowski et al. 2017,
arXiv:1607.04606 (words as sums of their n-grams).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file

from undercut.core.dataset import FloatArray, IntArray
from undercut.core.errors import ArtefactError
from undercut.models.ngram_features import NgramFeatures, Reading
from undercut.models.ngram_text import MAX_CHARACTERS
from undercut.models.row_sum import sum_rows
from undercut.models.tensor_files import save_tensors

_BLOCK_TEXTS = 1024
_BLOCK_CHARACTERS = 1 << 18
_TINY = np.float32(1e-6)


class NgramSettings(BaseModel):
    """What `model.json` holds beside the weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["ngram"] = "ngram"
    version: Literal[1] = 1
    classes: tuple[str, ...]
    gram_orders: tuple[int, int]
    longest_sequence: int
    max_characters: Literal[10_000] = 10_000


@dataclass(eq=False)
class NgramModel:
    """Multinomial logistic regression on words, word sequences and character n-grams.

    classes: class names; features: the vocabulary.
    rows: (features.rows, classes + 1) float32, one row for each word and sequence: its weights,
    and in the last column its part of the squared length of the text's feature vector.
    gram_rows: (grams, classes + 1) float32, the same for character n-grams, used for words
    that the vocabulary lacks.
    bias: (classes,) float32.
    Not to be changed once made; weights rounded to float16 survive saving exactly.
    """

    classes: tuple[str, ...]
    features: NgramFeatures
    rows: FloatArray
    gram_rows: FloatArray
    bias: FloatArray
    kind: str = "ngram"

    def predict_proba(self, texts: Sequence[str], *, threads: int = 1) -> FloatArray:
        """Class probabilities, (texts, classes) float32, rows sum to 1.

        threads: blocks read at the same time; the answer does not depend on it.
        """
        logits = self.predict_logits(texts, threads=threads)
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
        return logits

    def predict_logits(self, texts: Sequence[str], *, threads: int = 1) -> FloatArray:
        """Scores before the softmax, (texts, classes) float32."""
        result = np.empty((len(texts), len(self.classes)), dtype=np.float32)

        def answer(block: slice) -> None:
            result[block] = self._block_logits(texts[block])

        if threads <= 1 or len(texts) <= _BLOCK_TEXTS:
            for block in text_blocks(texts):
                answer(block)
            return result
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(answer, text_blocks(texts)):
                pass
        return result

    def _block_logits(self, texts: Sequence[str]) -> FloatArray:
        reading = self.features.read(texts)
        total = self._known(reading)
        if reading.unknown:
            self._add_unknown(reading, total)
        logits, squared_length = total[:, :-1], total[:, -1:]
        logits /= np.sqrt(np.maximum(squared_length, _TINY))
        logits += self.bias
        return logits

    def _known(self, reading: Reading) -> FloatArray:
        if not reading.unknown:
            return sum_rows(self.rows, reading.ids, reading.counts)
        known = reading.ids < self.features.rows
        counts = reading.counts - _counts(~known, reading.counts)
        return sum_rows(self.rows, reading.ids[known], counts)

    def _add_unknown(self, reading: Reading, total: FloatArray) -> None:
        grams, counts = self.features.grams(reading.unknown)
        spelt = sum_rows(self.gram_rows, grams, counts)
        lacking = reading.ids >= self.features.rows
        holders = _counts(lacking, reading.counts)
        total += sum_rows(spelt, reading.ids[lacking] - self.features.rows, holders)

    def save(self, folder: Path) -> None:
        """Write model.json and weights.safetensors into an existing folder."""
        settings = NgramSettings(
            classes=self.classes,
            gram_orders=self.features.gram_orders,
            longest_sequence=self.features.longest_sequence,
        )
        words = "\0".join(self.features.words).encode("utf-8", "surrogatepass")
        tensors: dict[str, NDArray[Any]] = {
            "words": np.frombuffer(words, dtype=np.uint8),
            "sequence_keys": self.features.sequence_keys,
            "gram_keys": self.features.gram_keys,
            "rows": self.rows.astype(np.float16),
            "gram_rows": self.gram_rows.astype(np.float16),
            "bias": self.bias,
        }
        save_tensors(tensors, folder / "weights.safetensors")
        (folder / "model.json").write_text(settings.model_dump_json(indent=2), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> NgramModel:
        """Read a saved model; raises ArtefactError where files are missing or do not fit."""
        try:
            document = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            settings = NgramSettings.model_validate(document)
            tensors = load_file(folder / "weights.safetensors")
            features = NgramFeatures(
                words=_words(tensors["words"]),
                sequence_keys=tensors["sequence_keys"],
                gram_keys=tensors["gram_keys"],
                gram_orders=settings.gram_orders,
                longest_sequence=settings.longest_sequence,
            )
            rows, gram_rows = tensors["rows"], tensors["gram_rows"]
            bias = tensors["bias"]
        except (OSError, ValueError, KeyError, ValidationError, SafetensorError) as error:
            raise ArtefactError(
                f"{folder}: not a readable n-gram model ({error})",
                hint="train it again, or copy the whole folder with its two files",
            ) from error
        shapes = (rows.shape, gram_rows.shape, bias.shape)
        columns = len(settings.classes) + 1
        wanted = ((features.rows, columns), (len(features.gram_keys), columns), (columns - 1,))
        if shapes != wanted:
            raise ArtefactError(f"{folder}: weights have shapes {shapes}, expected {wanted}")
        return cls(
            classes=settings.classes,
            features=features,
            rows=rows.astype(np.float32),
            gram_rows=gram_rows.astype(np.float32),
            bias=bias,
        )


def text_blocks(texts: Sequence[str]) -> Iterator[slice]:
    """Slices of at most 1,024 texts and about 260,000 characters: memory stays bounded."""
    for first in range(0, len(texts), _BLOCK_TEXTS):
        part = texts[first : first + _BLOCK_TEXTS]
        if sum(map(len, part)) <= _BLOCK_CHARACTERS:
            yield slice(first, first + len(part))
            continue
        ends = list(accumulate(min(len(text), MAX_CHARACTERS) for text in part))
        start = 0
        for i, end in enumerate(ends):
            if end - (ends[start - 1] if start else 0) > _BLOCK_CHARACTERS:
                yield slice(first + start, first + i)
                start = i
        yield slice(first + start, first + len(part))


def _counts(chosen: NDArray[np.bool_], counts: IntArray) -> IntArray:
    """How many of each text's ids are chosen."""
    before = np.concatenate(([0], np.cumsum(chosen)))
    ends = np.cumsum(counts)
    return np.asarray(before[ends] - before[ends - counts], dtype=np.int64)


def _words(stored: NDArray[np.uint8]) -> tuple[str, ...]:
    text = stored.tobytes().decode("utf-8", "surrogatepass")
    return tuple(text.split("\0")) if text else ()
