"""How fast stages work and how many texts reach them, by what was seen lately."""

from __future__ import annotations

from collections.abc import Sequence

# A batch of this many seconds keeps half of its weight after as many seconds of work again.
_MEMORY_SECONDS = 5.0
_SMALLEST_CHARACTERS = 16


class StageRate:
    """Work per character of one stage, and the share of its texts that it hands on."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._work = 0.0
        self._texts = 0.0
        self._deferred = 0.0

    def saw(self, *, texts: int, characters: int, deferred: int, seconds: float) -> None:
        """A batch took so long."""
        keep = 0.5 ** (seconds / _MEMORY_SECONDS)
        self._seconds = self._seconds * keep + seconds
        self._work = self._work * keep + work(texts, characters)
        self._texts = self._texts * keep + texts
        self._deferred = self._deferred * keep + deferred

    def seconds(self, texts: int, characters: int) -> float:
        """What so many texts take one batch at a time; 0 before anything was seen."""
        return self._seconds / self._work * work(texts, characters) if self._work else 0.0

    @property
    def deferred_share(self) -> float:
        """Share of texts handed on, in [0, 1]; half a text is assumed in either direction."""
        return (self._deferred + 0.5) / (self._texts + 1.0)

    def characters_within(self, seconds: float, most: int, *, texts: int, characters: int) -> int:
        """Characters that a batch may hold to take so long, at most `most`, at least one.

        texts, characters: of what waits; short texts do fewer characters in the same time.
        """
        if not self._seconds or not characters:
            return most
        share = characters / work(texts, characters)
        return max(1, min(most, int(self._work / self._seconds * seconds * share)))


def work(texts: int, characters: int) -> int:
    """Size of a batch: its characters, and some for each text however short."""
    return characters + texts * _SMALLEST_CHARACTERS


def reach_shares(rates: Sequence[StageRate]) -> list[float]:
    """Share of all texts that reach each stage."""
    shares, reached = [], 1.0
    for rate in rates:
        shares.append(reached)
        reached *= rate.deferred_share
    return shares
