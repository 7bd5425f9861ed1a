"""Save and load a model of any kind by its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from undercut.core.errors import ArtefactError

DESCRIPTION: Final = "model.json"
# runs a network over every text, at a hundred times the price of the other kinds
ENCODER_KIND: Final = "onnx"


def load_model(folder: Path) -> Any:
    """The model saved in `folder`, of the kind that its model.json names.

    Raises ArtefactError where the folder holds no model or one of an unknown kind.
    """
    kind = model_kind(folder)
    if kind == ENCODER_KIND:
        from undercut.models.onnx import OnnxModel

        return OnnxModel.load(folder)
    if kind == "ngram":
        from undercut.models.ngram import NgramModel

        return NgramModel.load(folder)
    if kind == "static":
        from undercut.models.static import StaticModel

        return StaticModel.load(folder)
    raise ArtefactError(
        f"{folder / DESCRIPTION}: unknown kind of model {kind!r}",
        hint="update undercut: pip install -U",
    )


def model_kind(folder: Path) -> object:
    """What the folder's model.json calls its kind; ArtefactError where there is none."""
    description = folder / DESCRIPTION
    try:
        return json.loads(description.read_text(encoding="utf-8"))["kind"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtefactError(
            f"{description}: not a model description ({error})",
            hint="copy the whole plan folder again, or run `undercut run` again",
        ) from error
