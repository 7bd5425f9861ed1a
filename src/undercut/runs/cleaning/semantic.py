"""Semantic near-duplicates over all sources: texts whose sentence vectors point the same way."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from undercut.build.data.near_duplicates.result import NearDuplicates
from undercut.build.data.near_duplicates.vectors import near_vectors
from undercut.core.dataset import FloatArray
from undercut.core.errors import InputError, MissingExtraError
from undercut.core.text import looks_english
from undercut.models.threads import available_cores
from undercut.runs.arrays import load_arrays
from undercut.runs.cleaning.config import CleanConfig
from undercut.runs.cleaning.near import ARRAYS, Groups, leave_groups, read_live
from undercut.runs.cleaning.parts import live_rows
from undercut.runs.cleaning.rows import Rows
from undercut.runs.stages import Stages

if TYPE_CHECKING:
    from undercut.neural.encoder import Encoder

VERSION = "1"
MOST_TOKENS = 128
_SAMPLE_TEXTS = 2_000
_PACKAGES = ("torch", "transformers")


def require_encoders() -> None:
    """Raise MissingExtraError where no encoder can run."""
    for package in _PACKAGES:
        if find_spec(package) is None:
            raise MissingExtraError(package, "build,encoders", "Comparing meanings (--semantic)")


def settle_semantic(
    stages: Stages, rows: Rows, groups: Groups, config: CleanConfig
) -> tuple[Rows, Groups]:
    """Rows that mean what a test text means go; others join the groups of near-duplicates.

    Left alone where `config.semantic` is None. Raises InputError beyond `semantic_rows` rows,
    MissingExtraError without torch or the shipped encoder.
    """
    if config.semantic is None:
        return rows, groups
    encoder = encoder_for(rows)
    settings = {
        "mode": config.near_duplicates,
        "threshold": config.semantic,
        "encoder": encoder,
        "most_tokens": MOST_TOKENS,
    }

    def build(folder: Path) -> None:
        _build(folder, stages, rows, groups, config, encoder)

    made = stages.run(
        "semantic",
        f"near-duplicates by meaning ({encoder})",
        build,
        version=VERSION,
        config=settings,
        inputs=rows.inputs(),
    )
    arrays = load_arrays(made.path / ARRAYS)
    return rows.after("semantic", made), Groups(arrays["rows"], arrays["group"])


def encoder_for(rows: Rows) -> str:
    """The shipped encoder for these texts, judged by the first ones: as the main job chooses."""
    from undercut.neural.encoder import MINILM, USE

    texts: list[str] = []
    for part in rows.parts:
        texts += live_rows(part).texts[: _SAMPLE_TEXTS - len(texts)]
        if len(texts) >= _SAMPLE_TEXTS:
            break
    return MINILM if looks_english(texts) else USE


def _build(
    folder: Path, stages: Stages, rows: Rows, groups: Groups, config: CleanConfig, encoder: str
) -> None:
    assert config.semantic is not None
    finder = VectorFinder(encoder, threshold=config.semantic, most_rows=config.semantic_rows)
    seen = read_live(finder, stages, rows)
    mode = "group" if config.near_duplicates == "off" else config.near_duplicates
    leave_groups(folder, rows, seen, finder.groups(), mode, before=groups, how="semantic")


class VectorFinder:
    """Takes texts in batches, keeps a vector of each, and compares every pair of them."""

    def __init__(self, encoder: str, *, threshold: float, most_rows: int) -> None:
        self._name = encoder
        self._threshold = threshold
        self._most_rows = most_rows
        self._encoder: Encoder | None = None
        self._vectors: list[FloatArray] = []
        self._rows = 0

    def add(self, texts: Sequence[str]) -> None:
        """Read texts; their rows count on. Raises InputError beyond the rows allowed."""
        self._rows += len(texts)
        if self._rows > self._most_rows:
            raise InputError(
                f"more than {self._most_rows:,} rows are left to compare by meaning, pair by pair",
                hint="leave --semantic out, or set semantic_rows in --config",
            )
        if texts:
            self._vectors.append(self._vectors_of(texts))

    def groups(self) -> NearDuplicates:
        """Groups of all texts added so far."""
        empty = np.zeros((0, 1), np.float32)
        vectors = np.concatenate(self._vectors) if self._vectors else empty
        return near_vectors(vectors, threshold=self._threshold)

    def _vectors_of(self, texts: Sequence[str]) -> FloatArray:
        import torch

        from undercut.neural.encoder import encode, load_encoder
        from undercut.neural.tokens import tokenise

        if self._encoder is None:
            # as many threads whatever --processes says: sums in another order differ
            torch.set_num_threads(available_cores())
            self._encoder = load_encoder(self._name).eval()
        encoder = self._encoder
        tokens = tokenise(encoder.tokenizer, texts, max_tokens=MOST_TOKENS, pad_id=encoder.pad_id)
        vectors: FloatArray = encode(encoder, tokens).cpu().numpy()
        return vectors
