"""One model that could serve, as its stage left it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from undercut.core.dataset import FloatArray
from undercut.runs.arrays import load_arrays
from undercut.runs.stages import Made

MODEL = "model"
# What a candidate said of the rows that teach its students.
OPINIONS = "train.safetensors"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model that could serve.

    family: 'ngram', 'static', 'frozen', 'frozen_int8', 'transformer' or 'transformer_int8'.
    made: the stage result whose folder `model` holds it. facts: what the model card tells.
    """

    name: str
    family: str
    made: Made
    facts: dict[str, Any]

    @property
    def folder(self) -> Path:
        """The model folder."""
        return self.made.path / MODEL

    @property
    def bytes(self) -> int:
        """Size on disk."""
        return sum(file.stat().st_size for file in self.folder.iterdir())


def facts_of(made: Made) -> dict[str, Any]:
    """What a stored stage wrote of itself in facts.json."""
    facts: dict[str, Any] = json.loads((made.path / "facts.json").read_text(encoding="utf-8"))
    return facts


def train_probabilities(candidate: Candidate) -> FloatArray:
    """What a fine-tuned candidate says of the training rows, (rows, classes)."""
    return load_arrays(candidate.made.path / OPINIONS)["probabilities"]
