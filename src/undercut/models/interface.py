"""The one small interface through which every model answers, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from undercut.core.dataset import FloatArray


@runtime_checkable
class Model(Protocol):
    """Something that maps texts to class probabilities.

    A model is saved as a folder: `model.json` (its `kind` and settings) and weights in
    safetensors or ONNX. `undercut.models.folder.load_model` reads it back.
    """

    kind: str
    classes: tuple[str, ...]

    def predict_proba(self, texts: Sequence[str]) -> FloatArray:
        """Class probabilities, (rows, classes) float32, rows sum to 1; texts keep their order."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model into an existing empty folder."""
        ...
