"""A smaller vocabulary reads the task's own texts as before, and all others still."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from undercut.neural.encoder import token_limit
from undercut.neural.tokens import TokenisedTexts, tokenise
from undercut.neural.use.text_encoder import UseTextEncoder


@pytest.fixture(scope="module")
def whole(package: Path) -> UseTextEncoder:
    return UseTextEncoder().eval()


@pytest.fixture(scope="module")
def small(package: Path, banking: list[str]) -> UseTextEncoder:
    encoder = UseTextEncoder().eval()
    encoder.keep_vocabulary(banking[:1000])
    return encoder


def vectors(encoder: UseTextEncoder, texts: list[str]) -> torch.Tensor:
    tokens = tokenise(encoder.tokenizer, texts, max_tokens=64, pad_id=encoder.pad_id)
    ids, mask = (torch.from_numpy(a) for a in tokens.batch(np.arange(len(texts))))
    with torch.no_grad():
        return encoder(ids, mask)


def tokens_of(encoder: UseTextEncoder, texts: list[str]) -> TokenisedTexts:
    return tokenise(encoder.tokenizer, texts, max_tokens=64, pad_id=0)


def test_it_is_a_good_deal_smaller(small: UseTextEncoder, whole: UseTextEncoder) -> None:
    rows = small.body.embedding.table.shape[0]
    assert rows == small.tokenizer.get_vocab_size()
    assert rows < 60_000 < whole.tokenizer.get_vocab_size()


def test_texts_it_was_made_for_are_read_as_before(
    small: UseTextEncoder, whole: UseTextEncoder, banking: list[str]
) -> None:
    texts = banking[:200]
    torch.testing.assert_close(vectors(small, texts), vectors(whole, texts), rtol=1e-4, atol=1e-5)


def test_other_texts_are_read_in_shorter_pieces_not_as_unknown(
    small: UseTextEncoder, whole: UseTextEncoder, banking: list[str]
) -> None:
    for text in ("我的银行卡丢了怎么办", "где моя карта", "Überweisung fehlgeschlagen", "😀 ok"):
        ours, theirs = tokens_of(small, [text]).ids[0], tokens_of(whole, [text]).ids[0]
        assert ours.count(0) <= theirs.count(0)
        assert len(ours) >= len(theirs)
    unseen = banking[1000:]
    same = np.mean(
        [
            len(a) == len(b)
            for a, b in zip(tokens_of(small, unseen).ids, tokens_of(whole, unseen).ids, strict=True)
        ]
    )
    assert same > 0.9
    assert token_limit([len(ids) for ids in tokens_of(small, unseen).ids], 512) <= 96
