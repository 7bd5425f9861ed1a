"""Which labelled examples go along with a text: the most similar ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.rules import fold
from undercut.runs.labelling.sentence_vectors import sentence_vectors

LETTERS = "letters"
_BUCKETS = 4096
_ORDERS = (2, 3)


@dataclass(slots=True)
class Examples:
    """Labelled texts, each with a vector of length 1.

    similarity: 'letters' compares runs of two and three characters, anything else is the name of
    an encoder.
    """

    pairs: tuple[tuple[str, str], ...]
    similarity: str = LETTERS
    _vectors: NDArray[np.float64] | None = field(default=None)

    def nearest(
        self, texts: Sequence[str], *, shots: int, classes: Sequence[str]
    ) -> list[list[tuple[str, str]]]:
        """For each text the examples most like it, the most similar last, where models look most.

        The same text is left out, since its label would be given away, and so are other classes.
        """
        if not self.pairs or shots == 0 or not texts:
            return [[] for _ in texts]
        if self._vectors is None:
            self._vectors = self._vectors_of([text for text, _ in self.pairs])
        likeness = self._vectors_of(texts) @ self._vectors.T
        known, plain = set(classes), [fold(text) for text, _ in self.pairs]
        chosen = []
        for row, text in zip(likeness, texts, strict=True):
            own = fold(text)
            ranked = (
                self.pairs[at]
                for at in np.argsort(-row, kind="stable").tolist()
                if plain[at] != own and self.pairs[at][1] in known
            )
            chosen.append([pair for pair, _ in zip(ranked, range(shots), strict=False)][::-1])
        return chosen

    def _vectors_of(self, texts: Sequence[str]) -> NDArray[np.float64]:
        if self.similarity == LETTERS:
            vectors = np.stack([_letters(text) for text in texts])
        else:
            vectors = sentence_vectors(texts, encoder=self.similarity)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(norms, 1e-12))


def _letters(text: str) -> NDArray[np.float64]:
    """Counts of character runs, hashed into a fixed width the same way in every process."""
    counts = np.zeros(_BUCKETS)
    plain = f" {fold(text)} "
    for order in _ORDERS:
        for start in range(len(plain) - order + 1):
            counts[_bucket(plain[start : start + order])] += 1.0
    return np.sqrt(counts)


def _bucket(run: str) -> int:
    number = 0
    for character in run:
        number = (number * 1_000_003 + ord(character)) & 0xFFFFFFFF
    return number % _BUCKETS
