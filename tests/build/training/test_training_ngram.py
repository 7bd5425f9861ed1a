"""The battery of the n-gram model, trained: same seed, save and load, order, threads, odd text."""

from __future__ import annotations

import csv
import json
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from undercut.build.training.ngram import NgramConfig, out_of_fold_proba, train_ngram
from undercut.core.dataset import FloatArray, IntArray
from undercut.core.errors import ArtefactError, InputError
from undercut.models.interface import Model
from undercut.models.ngram import NgramModel, text_blocks

CONFIG = NgramConfig(iterations=30)
CLASSES = 8
ODD = ["", " ", "?", "\0", "a\0b", "\ud800", "😀🏽", "zzzqqq xxyyzz", "card " * 300, "我的卡"]


def rows(split: str, per_class: int) -> tuple[list[str], IntArray, tuple[str, ...]]:
    path = files("undercut") / "assets" / "banking77" / f"{split}.csv"
    table = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    names = tuple(sorted({row["intent"] for row in table})[:CLASSES])
    texts: list[str] = []
    labels: list[int] = []
    for number, name in enumerate(names):
        own = [row["text"] for row in table if row["intent"] == name][:per_class]
        texts += own
        labels += [number] * len(own)
    return texts, np.array(labels, dtype=np.int64), names


@pytest.fixture(scope="module")
def model() -> NgramModel:
    return train_ngram(*rows("train", 60), CONFIG)


@pytest.fixture(scope="module")
def mixed() -> list[str]:
    """More than one block, with everything in it."""
    return [*rows("test", 40)[0], *ODD] * 8


def accuracy(proba: FloatArray, labels: IntArray) -> float:
    return float((proba.argmax(axis=1) == labels).mean())


def test_it_learns(model: NgramModel) -> None:
    texts, labels, _ = rows("test", 40)
    proba = model.predict_proba(texts)
    assert accuracy(proba, labels) > 0.95
    assert proba.dtype == np.float32
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    likely = np.exp(model.predict_logits(texts))
    np.testing.assert_allclose(likely / likely.sum(axis=1, keepdims=True), proba, atol=1e-5)


def test_it_is_a_model(model: NgramModel) -> None:
    typed: Model = model
    assert isinstance(typed, Model)
    assert typed.kind == "ngram"


def test_same_rows_same_model(model: NgramModel) -> None:
    again = train_ngram(*rows("train", 60), CONFIG)
    assert np.array_equal(model.rows, again.rows)
    assert np.array_equal(model.gram_rows, again.gram_rows)
    assert np.array_equal(model.bias, again.bias)


def test_saved_and_loaded_answers_are_identical(
    model: NgramModel, mixed: list[str], tmp_path: Path
) -> None:
    model.save(tmp_path)
    started = time.process_time()
    loaded = NgramModel.load(tmp_path)
    assert time.process_time() - started < 0.5
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.json", "weights.safetensors"]
    assert json.loads((tmp_path / "model.json").read_text())["kind"] == "ngram"
    assert loaded.classes == model.classes
    assert np.array_equal(loaded.predict_proba(mixed), model.predict_proba(mixed))


def test_order_batch_size_and_threads_do_not_matter(model: NgramModel, mixed: list[str]) -> None:
    whole = model.predict_proba(mixed)
    order = np.random.default_rng(0).permutation(len(mixed))
    shuffled = model.predict_proba([mixed[int(i)] for i in order])
    np.testing.assert_allclose(shuffled, whole[order], atol=1e-6)
    singly = np.concatenate([model.predict_proba([text]) for text in mixed[:400]])
    np.testing.assert_allclose(singly, whole[:400], atol=1e-6)
    assert np.array_equal(model.predict_proba(mixed, threads=2), whole)


def test_no_text_and_nothing_to_read(model: NgramModel) -> None:
    assert model.predict_proba([]).shape == (0, CLASSES)
    empty = model.predict_logits([""])
    np.testing.assert_allclose(empty[0], model.bias, atol=1e-6)
    assert np.isfinite(model.predict_proba(ODD)).all()


def test_a_megabyte_is_bounded_work(model: NgramModel) -> None:
    texts = ["card arrival " * 80_000, "x" * 1_000_000, "卡" * 1_000_000]
    started = time.process_time()
    proba = model.predict_proba(texts)
    assert time.process_time() - started < 1
    assert np.isfinite(proba).all()
    assert np.array_equal(proba[:1], model.predict_proba([texts[0][:10_000]]))


def test_blocks_cover_everything_once_and_are_bounded() -> None:
    texts = ["a" * 9_000, "", "b" * 50_000] * 700
    blocks = list(text_blocks(texts))
    assert [i for block in blocks for i in range(block.start, block.stop)] == list(range(2100))
    sizes = [sum(min(len(text), 10_000) for text in texts[block]) for block in blocks]
    assert max(sizes) <= 1 << 18


def test_words_never_seen_are_spelt_out(model: NgramModel) -> None:
    texts, labels, _ = rows("test", 40)
    # No word of these is in the vocabulary; their character n-grams are.
    misspelt = [" ".join(f"{word}x" for word in text.split()) for text in texts]
    assert accuracy(model.predict_proba(misspelt), labels) > 0.5


def test_chinese_is_learnt_from_characters() -> None:
    starts = ["请问", "你好，", "我想知道", "麻烦", "亲"]
    asks = ["怎么退货", "什么时候发货", "可以开发票吗"]
    texts = [f"{start}{ask}{'呢' * n}" for ask in asks for start in starts for n in range(4)]
    labels = np.repeat(np.arange(3), 20)
    model = train_ngram(texts, labels, ("a", "b", "c"), CONFIG)
    assert model.features.longest_sequence == 3
    asked = ["退货怎么弄", "今天发货吗", "发票开一下"]
    assert model.predict_proba(asked).argmax(axis=1).tolist() == [0, 1, 2]


def test_soft_targets_are_learnt() -> None:
    texts, labels, names = rows("train", 30)
    config = NgramConfig(penalties=(1e-6,), iterations=60, tolerance=1e-6)
    blurred = np.full((len(texts), CLASSES), 0.3 / (CLASSES - 1), dtype=np.float32)
    blurred[np.arange(len(texts)), labels] = 0.7
    proba = train_ngram(texts, labels, names, config, soft_targets=blurred).predict_proba(texts)
    assert abs(float(proba.max(axis=1).mean()) - 0.7) < 0.05


def test_out_of_fold_answers_come_from_models_that_did_not_see_the_row() -> None:
    texts, _, names = rows("train", 20)
    noise = np.random.default_rng(0).integers(0, CLASSES, len(texts))
    config = NgramConfig(penalties=(1e-6,), iterations=20)
    held = out_of_fold_proba(texts * 2, np.tile(noise, 2), names, config, folds=4)
    # A model that had seen a row (or its double) would know its random label by heart.
    assert accuracy(held, np.tile(noise, 2)) < 0.35
    seen = train_ngram(texts, noise, names, config).predict_proba(texts)
    assert accuracy(seen, noise) > 0.9
    np.testing.assert_allclose(held.sum(axis=1), 1, atol=1e-5)


def test_one_row_one_class_and_a_class_without_rows() -> None:
    one = train_ngram(["hello"], np.array([0]), ("a",), CONFIG)
    assert one.predict_proba(["hello", ""]).tolist() == [[1.0], [1.0]]
    absent = train_ngram(["red", "blue"] * 9, np.array([0, 2] * 9), ("a", "b", "c"), CONFIG)
    assert absent.predict_proba(["red", "blue"]).argmax(axis=1).tolist() == [0, 2]
    blank = train_ngram(["", "?"], np.array([0, 1]), ("a", "b"), CONFIG)
    assert np.isfinite(blank.predict_proba(["x y"])).all()


def test_memory_bound_is_kept() -> None:
    texts, labels, names = rows("train", 30)
    model = train_ngram(texts, labels, names, NgramConfig(max_cells=900, iterations=5))
    assert len(model.rows) + len(model.gram_rows) <= 100
    assert np.isfinite(model.predict_proba(texts)).all()


@pytest.mark.parametrize(
    ("labels", "soft"),
    [([0], None), ([0, 5], None), ([-1, 0], None), ([0, 1], np.zeros((2, 3), np.float32))],
)
def test_rows_that_do_not_fit_are_refused(labels: list[int], soft: FloatArray | None) -> None:
    with pytest.raises(InputError, match="got"):
        train_ngram(["x", "y"], np.array(labels), ("a", "b"), CONFIG, soft_targets=soft)


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"gram_orders": (5, 2)}, {"penalties": ()}, {"penalties": (0.0,)}, {"typo": 1}):
        with pytest.raises(ValidationError):
            NgramConfig.model_validate(wrong)


def test_broken_folders_are_refused(model: NgramModel, tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="not a readable"):
        NgramModel.load(tmp_path)
    model.save(tmp_path)
    weights = tmp_path / "weights.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArtefactError, match="not a readable"):
        NgramModel.load(tmp_path)
    weights.write_bytes(whole)
    description = tmp_path / "model.json"
    settings = json.loads(description.read_text())
    settings["classes"] = settings["classes"][:-1]
    description.write_text(json.dumps(settings))
    with pytest.raises(ArtefactError, match="shapes"):
        NgramModel.load(tmp_path)
