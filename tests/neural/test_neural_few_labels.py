"""Few labels: the pair loss by hand, an encoder that learns from pairs, a head by folds."""

from __future__ import annotations

from dataclasses import replace
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
    operations_per_pass,
    supervised_contrastive,
)
from undercut.neural.encoder import encode, load_encoder
from undercut.neural.feed import Feed
from undercut.neural.few_head import Fold, Known, choose_head, folds_of, set_head
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


def known_rows(labels: np.ndarray, names: bool = True) -> Known:
    """Vectors around a centre a class; the names' are at the centres, or nowhere near."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(4, 32))
    vectors = (centres[labels] + random.normal(size=(len(labels), 32))).astype(np.float32)
    of_names = (centres if names else random.normal(size=(4, 32)) * 3).astype(np.float32)
    return Known(torch.from_numpy(vectors), labels, torch.from_numpy(of_names))


def in_folds(known: Known) -> list[Fold]:
    fold = folds_of(np.arange(len(known.labels)), known.labels, 4, 0)
    return [Fold(np.flatnonzero(fold != f), np.flatnonzero(fold == f), known) for f in range(4)]


def test_a_head_is_chosen_by_rows_it_did_not_see(tiny_bert: Path) -> None:
    labels = np.arange(80) % 4
    known = known_rows(labels)
    head = choose_head(in_folds(known), 4)
    said = head.probabilities
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    assert (said.argmax(axis=1) == labels).mean() > 0.8
    assert head.loss == pytest.approx(-np.log(said[np.arange(80), labels]).mean(), rel=1e-5)
    # labels without meaning: no row is known from itself
    noise = np.random.default_rng(1).integers(4, size=80)
    blind = choose_head(in_folds(Known(known.vectors, noise, known.names)), 4)
    assert (blind.probabilities.argmax(axis=1) == noise).mean() < 0.45
    classifier = Classifier(load_encoder(str(tiny_bert)), 4)
    set_head(classifier, known, head)
    with torch.no_grad():
        fitted = classifier.head(known.vectors).argmax(1).numpy()
    assert (fitted == labels).mean() > 0.95


def test_names_count_where_they_tell_something() -> None:
    labels = np.arange(20) % 4
    telling = choose_head(in_folds(known_rows(labels)), 4)
    assert telling.name_weight == 1.0
    assert choose_head(in_folds(known_rows(labels, names=False)), 4).name_weight == 0.0


def test_one_fold_is_judged_on_its_rows_alone() -> None:
    labels = np.arange(80) % 4
    fold = in_folds(known_rows(labels))[0]
    head = choose_head([fold], 4)
    said = head.probabilities
    assert (said[fold.train] == 0).all()
    chosen = said[fold.held, labels[fold.held]]
    assert head.loss == pytest.approx(-np.log(chosen).mean(), rel=1e-5)


def test_rows_that_count_less_move_the_head_less(tiny_bert: Path) -> None:
    labels = np.arange(80) % 4
    known = known_rows(labels)
    wrong = labels.copy()
    wrong[40:] = (labels[40:] + 1) % 4
    said = []
    for weight in (1.0, 0.01):
        weights = np.where(np.arange(80) < 40, 1.0, weight).astype(np.float32)
        taught = Known(known.vectors, wrong, known.names, weights)
        head = replace(choose_head(in_folds(known), 4), penalty=1e-3, name_weight=0.0)
        classifier = Classifier(load_encoder(str(tiny_bert)), 4)
        set_head(classifier, taught, head)
        with torch.no_grad():
            said.append((classifier.head(known.vectors).argmax(1).numpy() == labels).mean())
    assert said[1] > said[0] + 0.2


def test_work_is_known_before_it_starts(tiny_bert: Path) -> None:
    encoder = load_encoder(str(tiny_bert))
    tokens = tokenise(encoder.tokenizer, ["one", "one two"], max_tokens=8, pad_id=encoder.pad_id)
    half = operations_per_pass(encoder, tokens, ContrastiveConfig(frozen_share=0.5))
    every = operations_per_pass(encoder, tokens, ContrastiveConfig(frozen_share=0.0))
    weights = sum(p.numel() for p in encoder.layers.parameters())
    assert every == 6.0 * weights * tokens.lengths.sum()
    assert half == pytest.approx(every / 2)


def test_kept_states_lead_to_the_vectors_of_the_whole_encoder(tiny_bert: Path) -> None:
    encoder = load_encoder(str(tiny_bert))
    texts = sentences(20)[0]
    tokens = tokenise(encoder.tokenizer, texts, max_tokens=32, pad_id=encoder.pad_id)
    whole = encode(encoder.eval(), tokens)
    encoder.freeze_lower(0.5)
    feed = Feed(encoder, tokens)
    assert feed.states is not None
    rows = np.array([7, 3, 19, 0])
    vectors = feed.vectors(rows)
    assert vectors.requires_grad
    cosine = torch.nn.functional.cosine_similarity(vectors.float(), whole[rows], dim=1)
    assert float(cosine.detach().min()) > 0.999
