"""Vectors of texts from an encoder that was trained on nothing of the user's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import MissingExtraError

if TYPE_CHECKING:
    from undercut.neural.encoder import Encoder

_MOST_TOKENS = 256


def sentence_vectors(texts: Sequence[str], *, encoder: str) -> NDArray[np.float64]:
    """(texts, width) vectors, one a text.

    encoder: shipped name, folder or hub name. Raises MissingExtraError without torch or the
    shipped encoder.
    """
    for package in ("torch", "transformers"):
        if find_spec(package) is None:
            raise MissingExtraError(package, "build,encoders", "Labelling with an encoder")
    from undercut.neural.encoder import encode
    from undercut.neural.tokens import tokenise

    model = _loaded(encoder)
    tokens = tokenise(model.tokenizer, texts, max_tokens=_MOST_TOKENS, pad_id=model.pad_id)
    return np.asarray(encode(model, tokens).cpu().numpy(), dtype=np.float64)


@lru_cache(maxsize=1)
def _loaded(name: str) -> Encoder:
    from undercut.neural.encoder import load_encoder

    return load_encoder(name).eval()
