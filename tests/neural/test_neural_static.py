"""Distilling a static model: it learns, it repeats itself, and it serves what it trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from undercut.core.errors import ConfigError, InputError
from undercut.models.folder import load_model
from undercut.models.static import StaticModel
from undercut.neural.fit import FitProgress, smoothed_targets
from undercut.neural.static import StaticConfig, _fold, distil_static, input_vectors
from undercut.neural.static_features import find_vocabulary, read_tokens
from undercut.neural.static_student import Student

ENGLISH = (
    ("lost", ("my card is lost", "I lost the card", "where is my lost card", "card lost today")),
    ("top up", ("how do I top up", "top up my account", "the top up failed", "top up by card")),
    ("refund", ("I want a refund", "refund my money", "when is the refund", "no refund yet")),
)
CHINESE = (
    ("挂失", ("我的卡丢了", "银行卡丢了怎么办", "卡片丢失挂失", "卡丢了")),
    ("退款", ("我要退款", "退款什么时候到", "怎么还没退款", "申请退款")),
)


def corpus(source: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[list[str], np.ndarray]:
    texts = [
        f"{text}{end}" for _, group in source for text in group for end in ("", "?", " !", ".")
    ]
    labels = [number for number, (_, group) in enumerate(source) for _ in range(4 * len(group))]
    return texts, np.array(labels)


def wordpiece(texts: list[str]) -> Tokenizer:
    letters = {f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"}
    words = {*" ".join(texts).lower().translate(str.maketrans("?!.", "   ")).split(), *"?!."}
    pieces = ["[UNK]", *sorted(words | letters)]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def unigram(texts: list[str]) -> Tokenizer:
    pieces = sorted({*"".join(texts), "▁", "退款", "银行", "怎么"} - {" "})
    scores = [("<unk>", 0.0), *((piece, -3.0 - 0.01 * i) for i, piece in enumerate(pieces))]
    tokenizer = Tokenizer(models.Unigram(scores, unk_id=0))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer


def distil(
    source: tuple[tuple[str, tuple[str, ...]], ...] = ENGLISH,
    *,
    config: StaticConfig | None = None,
    reports: list[FitProgress] | None = None,
    start: np.ndarray | None = None,
) -> StaticModel:
    texts, labels = corpus(source)
    tokenizer = wordpiece(texts) if source is ENGLISH else unigram(texts)
    return distil_static(
        tokenizer,
        texts,
        smoothed_targets(labels, len(source), 0.1),
        tuple(name for name, _ in source),
        config or StaticConfig(least_steps=60, width=16),
        tune_texts=texts[::3],
        tune_labels=labels[::3],
        start=start,
        report=None if reports is None else reports.append,
    )


@pytest.mark.parametrize("source", [ENGLISH, CHINESE], ids=["wordpiece", "unigram, Chinese"])
def test_it_learns_its_texts(source: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
    reports: list[FitProgress] = []
    model = distil(source, reports=reports)
    texts, labels = corpus(source)
    assert (model.predict_proba(texts).argmax(axis=1) == labels).mean() > 0.95
    assert reports[-1].step == reports[-1].steps
    assert reports[-1].tune_accuracy is not None


def test_it_follows_the_targets_and_not_labels() -> None:
    texts, _ = corpus(ENGLISH)
    wanted = np.full((len(texts), 3), (0.5, 0.3, 0.2), dtype=np.float32)
    model = distil_static(
        wordpiece(texts),
        texts,
        wanted,
        ("a", "b", "c"),
        StaticConfig(least_steps=200, width=16),
        tune_texts=[],
        tune_labels=np.array([], dtype=np.int64),
    )
    got = model.predict_proba(texts)
    np.testing.assert_allclose(got.mean(axis=0), wanted[0], atol=0.05)
    assert (got.argmax(axis=1) == 0).all()


def test_same_seed_same_model_and_torch_is_left_as_it_was() -> None:
    torch.manual_seed(11)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    first, second = distil(), distil()
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    other = distil(config=StaticConfig(least_steps=60, width=16, seed=1))
    texts, _ = corpus(ENGLISH)
    np.testing.assert_array_equal(first.predict_logits(texts), second.predict_logits(texts))
    assert np.abs(first.predict_logits(texts) - other.predict_logits(texts)).max() > 1e-3


def test_saving_changes_nothing(tmp_path: Path) -> None:
    model = distil()
    model.save(tmp_path)
    texts, _ = corpus(ENGLISH)
    np.testing.assert_array_equal(
        load_model(tmp_path).predict_proba(texts), model.predict_proba(texts)
    )


@pytest.mark.parametrize("width", [2, 16], ids=["linear kept", "linear folded"])
def test_what_is_served_is_what_was_trained(width: int) -> None:
    texts, _ = corpus(ENGLISH)
    tokenizer = wordpiece(texts)
    config = StaticConfig(width=width)
    runs = read_tokens(tokenizer, texts)
    vocabulary = find_vocabulary(runs, most_pairs=20)
    student = Student(vocabulary, 3, config, None)
    with torch.no_grad():
        student.pairs.normal_(generator=student.random)
    model = _fold(student, vocabulary, tokenizer, ("a", "b", "c"))
    assert (model.linear is None) == (width == 16)
    seen = [*texts, "", "unseen words only", "lost card my top"]
    trained = student.predict(vocabulary.bags(read_tokens(tokenizer, seen)))
    np.testing.assert_allclose(model.predict_proba(seen), trained, atol=0.01)


def test_a_caller_s_tokenizer_is_left_as_it_was() -> None:
    texts, labels = corpus(ENGLISH)
    tokenizer = wordpiece(texts)
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=3)
    before = tokenizer.to_str()
    model = distil_static(
        tokenizer,
        texts,
        smoothed_targets(labels, 3, 0.1),
        ("a", "b", "c"),
        StaticConfig(least_steps=1, epochs=1, width=4),
        tune_texts=texts,
        tune_labels=labels,
    )
    assert tokenizer.to_str() == before
    assert model.tokenizer.truncation is None
    assert model.tokenizer.padding is None


def test_start_vectors_are_used_and_reduced() -> None:
    start = np.random.default_rng(0).normal(size=(120, 40)).astype(np.float32)
    started = distil(start=start)
    fresh = distil()
    texts, _ = corpus(ENGLISH)
    assert np.abs(started.predict_logits(texts) - fresh.predict_logits(texts)).max() > 1e-3


@pytest.mark.parametrize("texts", [["word"], ["", ""], ["one two", "", "了"]])
def test_almost_nothing_to_learn_from(texts: list[str]) -> None:
    targets = smoothed_targets(np.arange(len(texts)) % 2, 2, 0.1)
    model = distil_static(
        wordpiece(["one two word"]),
        texts,
        targets,
        ("a", "b"),
        StaticConfig(least_steps=3, epochs=1),
        tune_texts=texts,
        tune_labels=np.zeros(len(texts), dtype=np.int64),
    )
    assert np.isfinite(model.predict_proba([*texts, "two three"])).all()


def test_wrong_arguments_are_refused() -> None:
    texts, labels = corpus(ENGLISH)
    none = np.array([], dtype=np.int64)
    for wrong_texts, targets in (([], np.zeros((0, 3))), (texts, smoothed_targets(labels, 4, 0.1))):
        with pytest.raises(InputError, match="targets have shape"):
            distil_static(
                wordpiece(texts),
                wrong_texts,
                targets.astype(np.float32),
                ("a", "b", "c"),
                StaticConfig(),
                tune_texts=[],
                tune_labels=none,
            )
    with pytest.raises(ConfigError):
        StaticConfig(width=0)


def test_batches_grow_and_epochs_shrink_with_the_data() -> None:
    config = StaticConfig()
    assert config.steps(7_600) == (64, 119, 6)
    batch, steps, epochs = config.steps(1_000_000)
    assert (batch, steps, epochs) == (2500, 400, 6)
    batch, steps, epochs = config.steps(10)
    assert steps * epochs >= config.least_steps


def test_input_vectors_of_an_encoder() -> None:
    class Tiny(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokenizer = wordpiece(["one two"])
            self.positions = torch.nn.Embedding(2, 4)
            self.words = torch.nn.Embedding(self.tokenizer.get_vocab_size(), 4)

    tiny = Tiny()
    vectors = input_vectors(tiny)  # type: ignore[arg-type]
    assert vectors is not None
    np.testing.assert_array_equal(vectors, tiny.words.weight.detach().numpy())
    del tiny.words
    assert input_vectors(tiny) is None  # type: ignore[arg-type]
