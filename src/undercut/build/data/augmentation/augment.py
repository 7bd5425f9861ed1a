"""`augment`: copies of training rows with small edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from undercut.build.data.augmentation.edits import delete, insert, movable, pieces, swap
from undercut.core.errors import ConfigError, InputError

_EDITS = (swap, delete, insert)


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentConfig:
    """copies: new rows for each row, 0 (the default) for none. edited_fraction: of a text's words,
    one word at least; EDA's advice is 0.05 to 0.1, where labels hold.
    least_words: shorter texts get no copies, an edit there is a large one.
    Raises ConfigError outside 0..32 copies and a fraction in (0, 0.5].
    """

    copies: int = 0
    edited_fraction: float = 0.05
    least_words: int = 4

    def __post_init__(self) -> None:
        if not 0 <= self.copies <= 32 or not 0 < self.edited_fraction <= 0.5:
            raise ConfigError(
                f"copies must be in 0..32 and edited_fraction in (0, 0.5], got {self.copies} and "
                f"{self.edited_fraction}",
                hint="copies=4, edited_fraction=0.05",
            )


@dataclass(frozen=True, slots=True)
class Augmented:
    """New rows only: texts, their labels, and origins, positions of the rows they come from."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    origins: tuple[int, ...]


class Paraphraser(Protocol):
    """Says a text again in other words; the labelling room has such workers, with a price."""

    def paraphrase(self, texts: Sequence[str], rng: np.random.Generator) -> Sequence[str | None]:
        """One paraphrase for each text, None where it has none."""
        ...


def augment(
    texts: Sequence[str],
    labels: Sequence[str],
    config: AugmentConfig,
    rng: np.random.Generator,
    *,
    paraphraser: Paraphraser | None = None,
) -> Augmented:
    """Edited copies of rows, each different from its row and its sisters; the same generator state
    gives the same rows. A paraphraser, where given, speaks first and edits fill up.

    For training rows after splitting only: a copy in another part would be a leak.
    Raises InputError where texts and labels differ in number.
    """
    if len(texts) != len(labels):
        raise InputError(f"{len(texts)} texts and {len(labels)} labels; expected as many")
    rows: list[tuple[str, str, int]] = []
    said = _said(texts, config, rng, paraphraser)
    for at, (text, label) in enumerate(zip(texts, labels, strict=True)):
        made = _copies(text, said[at], config, rng)
        rows += [(copy, label, at) for copy in made]
    return Augmented(
        tuple(row[0] for row in rows), tuple(row[1] for row in rows), tuple(row[2] for row in rows)
    )


def _said(
    texts: Sequence[str],
    config: AugmentConfig,
    rng: np.random.Generator,
    paraphraser: Paraphraser | None,
) -> Sequence[str | None]:
    if paraphraser is None or config.copies == 0:
        return [None] * len(texts)
    said = paraphraser.paraphrase(texts, rng)
    if len(said) != len(texts):
        raise InputError(f"the paraphraser answered {len(said)} of {len(texts)} texts")
    return said


def _copies(
    text: str, said: str | None, config: AugmentConfig, rng: np.random.Generator
) -> list[str]:
    parts = pieces(text)
    words = sum(map(movable, parts))
    made: dict[str, None] = {} if said is None else {said: None}
    if words >= config.least_words:
        edits = max(1, round(config.edited_fraction * words))
        for attempt in range(2 * config.copies):  # some edits of short texts change nothing
            if len(made) >= config.copies:
                break
            made[_edited(parts, edits, attempt, rng)] = None
    made.pop(text, None)
    return list(made)[: config.copies]


def _edited(parts: list[str], edits: int, turn: int, rng: np.random.Generator) -> str:
    edit = _EDITS[turn % len(_EDITS)]
    for _ in range(edits):
        parts = edit(parts, rng)
    return "".join(parts).strip()
