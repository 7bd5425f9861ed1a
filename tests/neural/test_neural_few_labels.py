"""Few labels: the pair loss by hand, an encoder that learns from pairs, a head by folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_texts import sentences

from undercut.neural.classifier import Classifier
from undercut.neural.contrastive import (
    ContrastiveConfig,
    draw_batch,
    fit_contrastive,
    supervised_contrastive,
)
from undercut.neural.encoder import encode, load_encoder
from undercut.neural.few_head import Fold, choose_head, folds_of, set_head
from undercut.neural.tokens import tokenise


def test_the_pair_loss_by_hand() -> None:
    vectors = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    labels = torch.tensor([0, 0, 1])
    # cosines 1 with the partner, 0 with the other; the third has no partner
    share = np.e**2 / (np.e**2 + 1)
    assert float(supervised_contrastive(vectors, labels, 0.5)) == pytest.approx(-np.log(share))
    alone = supervised_contrastive(vectors, torch.tensor([0, 1, 2]), 0.5)
    assert float(alone) == 0.0
    near = supervised_contrastive(vectors, torch.tensor([0, 1, 1]), 0.5)
    assert float(near) > -np.log(share)


def test_batches_hold_whole_classes_where_they_can() -> None:
    members = [np.arange(5), np.arange(5, 6), np.arange(6, 20)]
    config = ContrastiveConfig(batch_classes=2, texts_per_class=3)
    for seed in range(20):
        rows = draw_batch(members, config, np.random.default_rng(seed))
        assert len(set(rows.tolist())) == len(rows) <= 6


def test_an_encoder_learns_from_pairs(tiny_bert: Path) -> None:
    texts, labels = sentences(60)[0], np.array(sentences(60)[1])
    encoder = load_encoder(str(tiny_bert))
    tokens = tokenise(encoder.tokenizer, texts, max_tokens=32, pad_id=encoder.pad_id)
    held = np.arange(0, 60, 3)
    train = np.setdiff1d(np.arange(60), held)

    def apart() -> float:
        unit = torch.nn.functional.normalize(encode(encoder.eval(), tokens.take(held)), dim=1)
        same = torch.from_numpy(labels[held][:, None] == labels[held][None])
        cosine = unit @ unit.T
        off = ~torch.eye(len(held), dtype=torch.bool)
        return float(cosine[same & off].mean() - cosine[~same].mean())

    before = apart()
    config = ContrastiveConfig(passes=8, batch_classes=4, texts_per_class=4, learning_rate=1e-3)
    fit_contrastive(encoder, tokens.take(train), labels[train], config)
    assert apart() > before + 0.1
    assert not encoder.training


@given(groups=st.lists(st.integers(0, 9), min_size=4, max_size=40), seed=st.integers(0, 9))
def test_folds_keep_groups_together_and_are_even(groups: list[int], seed: int) -> None:
    ids = np.array(groups)
    labels = ids % 3
    fold = folds_of(ids, labels, 4, seed)
    for group in set(groups):
        assert len(set(fold[ids == group].tolist())) == 1
    sizes = [len(set(ids[fold == part].tolist())) for part in range(4)]
    assert max(sizes) - min(sizes) <= 1
    assert (folds_of(ids, labels, 4, seed) == fold).all()


def test_a_head_is_chosen_by_rows_it_did_not_see(tiny_bert: Path) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(80) % 4
    centres = random.normal(size=(4, 32))
    vectors = torch.from_numpy((centres[labels] + random.normal(size=(80, 32))).astype(np.float32))
    fold = folds_of(np.arange(80), labels, 4, 0)
    parts = [Fold(np.flatnonzero(fold != f), np.flatnonzero(fold == f), vectors) for f in range(4)]
    head = choose_head(parts, labels, 4)
    said = head.probabilities
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    assert (said.argmax(axis=1) == labels).mean() > 0.8
    # labels without meaning: no row is known from itself
    noise = random.integers(4, size=80)
    blind = choose_head(parts, noise, 4)
    assert (blind.probabilities.argmax(axis=1) == noise).mean() < 0.45
    classifier = Classifier(load_encoder(str(tiny_bert)), 4)
    set_head(classifier, vectors, labels, head.penalty)
    with torch.no_grad():
        fitted = classifier.head(vectors).argmax(1).numpy()
    assert (fitted == labels).mean() > 0.95
