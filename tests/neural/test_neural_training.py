"""Encoders, training and export, on a tiny BERT from a local folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_texts import sentences

from undercut.build.compression.static_quantisation import quantise
from undercut.core.errors import ArtefactError, ConfigError
from undercut.models.folder import load_model
from undercut.models.onnx import OnnxModel, OnnxSettings
from undercut.neural.classifier import Classifier
from undercut.neural.encoder import load_encoder, token_limit
from undercut.neural.export import export
from undercut.neural.fit import FitConfig, FitResult, fit, predict_proba, smoothed_targets
from undercut.neural.tokens import TokenisedTexts, shuffled_batches, tokenise
from undercut.neural.transformer import TransformerEncoder

CLASSES = ("city", "meal")


def encode(encoder: object, texts: list[str]) -> TokenisedTexts:
    assert isinstance(encoder, TransformerEncoder)
    return tokenise(encoder.tokenizer, texts, max_tokens=32, pad_id=encoder.pad_id)


def train(folder: Path, *, seed: int = 0, epochs: int = 12) -> tuple[Classifier, FitResult]:
    torch.manual_seed(seed)
    encoder = load_encoder(str(folder))
    classifier = Classifier(encoder, 2)
    texts, labels = sentences(96)
    tokens = encode(encoder, texts)
    result = fit(
        classifier,
        tokens,
        smoothed_targets(np.array(labels), 2, 0.1),
        tokens,
        np.array(labels),
        FitConfig(epochs=epochs, batch_rows=8, learning_rate=5e-3, patience=12, seed=seed),
    )
    return classifier, result


@pytest.fixture(scope="module")
def trained(tiny_bert: Path) -> tuple[Classifier, FitResult]:
    return train(tiny_bert)


def test_training_learns_and_keeps_the_best_epoch(trained: tuple[Classifier, FitResult]) -> None:
    classifier, result = trained
    assert max(result.tune_accuracy) > 0.9
    assert result.tune_accuracy[result.best_epoch] == max(result.tune_accuracy)
    texts, labels = sentences(96)
    probabilities = predict_proba(classifier, encode(classifier.encoder, texts))
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.9
    np.testing.assert_allclose(result.train_probabilities.sum(axis=1), 1.0, rtol=1e-3)


def test_same_seed_same_weights(tiny_bert: Path) -> None:
    first, second = (train(tiny_bert, seed=3, epochs=1)[0] for _ in range(2))
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name


def test_frozen_layers_and_embeddings_do_not_change(
    tiny_bert: Path, trained: tuple[Classifier, FitResult]
) -> None:
    before = load_encoder(str(tiny_bert)).state_dict()
    changed = {
        name
        for name, value in trained[0].encoder.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert changed
    assert all(".layer.2." in name or ".layer.3." in name for name in changed)


def test_going_on_from_frozen_states_is_the_same_as_from_the_start(tiny_bert: Path) -> None:
    encoder = load_encoder(str(tiny_bert)).eval()
    encoder.freeze_lower(0.5)
    tokens = encode(encoder, sentences(9)[0])
    ids, mask = (torch.from_numpy(a) for a in tokens.batch(np.arange(9)))
    with torch.no_grad():
        states = encoder.frozen_states(ids, mask)
        assert states is not None
        torch.testing.assert_close(encoder.from_states(states, mask), encoder(ids, mask))


def test_padding_does_not_change_a_text(tiny_bert: Path) -> None:
    encoder = load_encoder(str(tiny_bert)).eval()
    tokens = encode(encoder, ["some soup", "a train to tokyo number 4 and some bread for 3"])
    with torch.no_grad():
        both = encoder(*(torch.from_numpy(a) for a in tokens.batch(np.array([0, 1]))))
        one = encoder(*(torch.from_numpy(a) for a in tokens.batch(np.array([0]))))
    torch.testing.assert_close(both[:1], one, rtol=1e-4, atol=1e-5)


def test_our_forward_is_the_library_s(tiny_bert: Path) -> None:
    encoder = load_encoder(str(tiny_bert)).eval()
    tokens = encode(encoder, sentences(6)[0])
    ids, mask = (torch.from_numpy(a) for a in tokens.batch(np.arange(6)))
    with torch.no_grad():
        states = encoder.model(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).float()
        wanted = (states * weights).sum(1) / weights.sum(1)
        torch.testing.assert_close(encoder(ids, mask), wanted, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def exported(
    trained: tuple[Classifier, FitResult], tmp_path_factory: pytest.TempPathFactory
) -> tuple[OnnxModel, Path]:
    folder = tmp_path_factory.mktemp("exported")
    settings = OnnxSettings(max_tokens=32, pad_id=trained[0].encoder.pad_id)
    return export(trained[0], folder, CLASSES, settings), folder


def test_the_exported_model_answers_as_torch_does(
    trained: tuple[Classifier, FitResult], exported: tuple[OnnxModel, Path]
) -> None:
    texts = [*sentences(40)[0], "", "unknown words 东京 🎉"]
    model = load_model(exported[1])
    got = model.predict_proba(texts)
    tokens = encode(trained[0].encoder, texts)
    ids, mask = (torch.from_numpy(a) for a in tokens.batch(np.arange(len(texts))))
    with torch.no_grad():
        wanted = torch.softmax(trained[0](ids, mask), dim=1).numpy()
    np.testing.assert_allclose(got, wanted, atol=1e-4)
    np.testing.assert_allclose(model.predict_proba(texts, threads=2), got, atol=1e-6)


def test_hostile_texts_are_answered(exported: tuple[OnnxModel, Path]) -> None:
    texts = ["x" * 1_000_000, "\ud800 lone", "\0", " ", "汉" * 5000]
    probabilities = exported[0].predict_proba(texts)
    assert probabilities.shape == (5, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert exported[0].predict_proba([]).shape == (0, 2)


def test_int8_stays_close_and_does_not_depend_on_the_batch(
    exported: tuple[OnnxModel, Path], tmp_path: Path
) -> None:
    texts, labels = sentences(96)
    small = quantise(exported[0], exported[1], tmp_path, texts, seed=0)
    whole = small.predict_proba(texts)
    assert (whole.argmax(axis=1) == labels).mean() > 0.9
    np.testing.assert_allclose(whole, exported[0].predict_proba(texts), atol=0.1)
    alone = np.concatenate([small.predict_proba([text]) for text in texts[:10]])
    np.testing.assert_allclose(whole[:10], alone, atol=0.02)
    assert {file.name for file in tmp_path.iterdir()} == {
        "model.json",
        "model.onnx",
        "tokenizer.json",
    }


def test_fewer_layers_are_the_lowest_ones(tiny_bert: Path) -> None:
    whole, thin = load_encoder(str(tiny_bert)), load_encoder(str(tiny_bert), layers=2)
    assert isinstance(thin, TransformerEncoder)
    assert len(thin.layers) == 2
    wanted = whole.state_dict()
    assert all(torch.equal(v, wanted[n]) for n, v in thin.state_dict().items())
    with pytest.raises(ConfigError, match="keep 9 layers"):
        load_encoder(str(tiny_bert), layers=9)


def test_an_encoder_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_encoder(str(tmp_path / "empty"))
    with pytest.raises(ConfigError, match="no such folder"):
        load_encoder(str(tmp_path / "not" / "there"))


def test_a_damaged_model_is_a_clear_error(exported: tuple[OnnxModel, Path], tmp_path: Path) -> None:
    for name in ("model.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((exported[1] / name).read_bytes())
    with pytest.raises(ArtefactError, match="missing"):
        load_model(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"not a graph")
    with pytest.raises(ArtefactError, match="cannot read this model"):
        load_model(tmp_path)
    (tmp_path / "model.json").write_text('{"kind": "mystery"}', encoding="utf-8")
    with pytest.raises(ArtefactError, match="mystery"):
        load_model(tmp_path)


def test_batches_hold_every_row_once() -> None:
    lengths = np.random.default_rng(0).integers(3, 60, size=1003)
    batches = list(shuffled_batches(lengths, 32, np.random.default_rng(1)))
    assert sorted(np.concatenate(batches).tolist()) == list(range(1003))
    padding = sum(lengths[b].max() * len(b) for b in batches) / lengths.sum()
    assert padding < 1.15


def test_token_limit_covers_nearly_all_texts() -> None:
    assert token_limit([10] * 99 + [500], 512) == 512
    assert token_limit([10] * 995 + [500] * 5, 512) == 16
    assert token_limit([300] * 10, 128) == 128
    assert token_limit([], 128) == 16
