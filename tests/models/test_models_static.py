"""The static model against sums written out by hand, and what every model must keep."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from undercut.core.errors import ArtefactError
from undercut.models import static as static_module
from undercut.models.folder import load_model
from undercut.models.static import MAX_CHARACTERS, StaticModel
from undercut.models.static_words import TokenTable, pair_keys

VOCABULARY = ["[UNK]", "card", "lost", "my", "##s", "?", "pay", "卡", "丢", "了"]
CARD, LOST, S = 1, 2, 4
# "了" and "[UNK]" are in the tokenizer but have no row.
LISTED = np.array([1, 2, 3, 4, 5, 6, 7, 8])


def wordpiece() -> Tokenizer:
    tokenizer = Tokenizer(
        models.WordPiece({token: i for i, token in enumerate(VOCABULARY)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def build(*, classes: int = 3, linear: bool = False) -> StaticModel:
    random = np.random.default_rng(5)
    columns = 2 if linear else classes

    def rows(*shape: int) -> np.ndarray:
        return random.normal(size=shape).astype(np.float16).astype(np.float32)

    token_rows = rows(len(LISTED), columns + 1)
    token_rows[:, -1] = np.abs(token_rows[:, -1])
    keys = pair_keys(np.array([CARD, CARD, LOST]), np.array([LOST, S, CARD]))
    return StaticModel(
        tuple(f"class {i}" for i in range(classes)),
        tokenizer=wordpiece(),
        table=TokenTable(LISTED, token_rows, keys, rows(3, columns)),
        linear=rows(2, classes) if linear else None,
        bias=rows(classes),
    )


def by_hand(model: StaticModel, text: str) -> np.ndarray:
    """The logits from the tokens of the whole text, one row at a time."""
    ids = model.tokenizer.encode(text[:MAX_CHARACTERS], add_special_tokens=False).ids
    listed = {int(token): row for token, row in zip(LISTED, model.table.token_rows, strict=True)}
    pairs = {
        int(key): row
        for key, row in zip(model.table.pairs.keys, model.table.pair_rows, strict=True)
    }
    total = np.zeros(model.table.token_rows.shape[1])
    for token in ids:
        total += listed.get(token, 0.0)
    for first, second in pairwise(ids):
        total[:-1] += pairs.get((first << 32) | second, 0.0)
    scores = total[:-1] / np.sqrt(max(total[-1], 1e-6))
    return (scores if model.linear is None else scores @ model.linear) + model.bias


TEXTS = [
    "my card lost",
    "cards?",
    "Card LOST card lost",
    "我的卡丢了 card lost",
    "",
    " \t\n ",
    "zzz unknown",
    "card\u200b \x01 lost",
    "card lost " * 3000,
    "lost" * 5000,
    "\ud800 card",
    "🙂 pay",
]


@pytest.mark.parametrize("linear", [False, True])
def test_logits_are_the_sums_of_the_rows(linear: bool) -> None:
    model = build(linear=linear)
    readable = [text for text in TEXTS if "\ud800" not in text]
    wanted = np.array([by_hand(model, text) for text in readable])
    np.testing.assert_allclose(model.predict_logits(readable), wanted, rtol=1e-4, atol=1e-4)


@given(st.lists(st.text(alphabet="card lostmy?s卡丢了\x00\u200b é", max_size=30), max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_text_agrees_with_the_sum_by_hand(texts: list[str]) -> None:
    model = build()
    wanted = np.array([by_hand(model, text) for text in texts]).reshape(len(texts), 3)
    np.testing.assert_allclose(model.predict_logits(texts), wanted, rtol=1e-4, atol=1e-4)


def test_probabilities_are_float32_rows_that_sum_to_one_in_any_batch() -> None:
    model = build()
    together = model.predict_proba(TEXTS)
    assert together.dtype == np.float32
    assert together.shape == (len(TEXTS), 3)
    np.testing.assert_allclose(together.sum(axis=1), 1.0, rtol=1e-5)
    alone = np.concatenate([build().predict_proba([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    backwards = model.predict_proba(TEXTS[::-1])[::-1]
    np.testing.assert_allclose(together, backwards, atol=1e-5)
    assert model.predict_proba([]).shape == (0, 3)


def test_an_empty_text_gets_the_bias() -> None:
    model = build()
    np.testing.assert_array_equal(model.predict_logits(["", "  ", "了"]), [model.bias] * 3)


def test_texts_beyond_the_character_limit_are_cut() -> None:
    model = build()
    start = ("card " * MAX_CHARACTERS)[:MAX_CHARACTERS]
    cut, long = model.predict_logits([start, start + " lost" * 200_000])
    np.testing.assert_array_equal(cut, long)


def test_threads_give_the_same_answers_while_words_are_met() -> None:
    texts = [f"card lost{i} my w{i % 700} pay{i}?" for i in range(6000)]
    wanted = build().predict_logits(texts)
    model = build()
    np.testing.assert_allclose(model.predict_logits(texts, threads=4), wanted, atol=1e-5)
    shared = build()
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: shared.predict_logits(texts, threads=2), range(4)):
            np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_remembered_words_stay_within_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    word_bytes = 4 * 4 + static_module._WORD_BYTES
    monkeypatch.setattr(static_module, "_WORDS_BYTES", word_bytes * 500)
    model = build()
    texts = [f"card w{i}" for i in range(20_000)]
    wanted = build().predict_logits(texts[:100])
    model.predict_logits(texts)
    assert len(model._words) <= 500 + static_module._BLOCK_TEXTS * 2
    np.testing.assert_allclose(model.predict_logits(texts[:100]), wanted, atol=1e-5)


@pytest.mark.parametrize("linear", [False, True])
def test_a_saved_model_answers_the_same(tmp_path: Path, linear: bool) -> None:
    model = build(linear=linear)
    model.save(tmp_path)
    loaded = load_model(tmp_path)
    assert isinstance(loaded, StaticModel)
    assert loaded.classes == model.classes
    np.testing.assert_array_equal(loaded.predict_proba(TEXTS), model.predict_proba(TEXTS))


def test_a_damaged_folder_is_refused(tmp_path: Path) -> None:
    build().save(tmp_path)
    description = tmp_path / "model.json"
    stored = json.loads(description.read_text(encoding="utf-8"))
    description.write_text(json.dumps({**stored, "classes": ["a", "b"]}), encoding="utf-8")
    with pytest.raises(ArtefactError, match="shape"):
        load_model(tmp_path)
    description.write_text(json.dumps(stored), encoding="utf-8")
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ArtefactError, match="tokenizer"):
        load_model(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"no")
    with pytest.raises(ArtefactError, match="not a readable static model"):
        load_model(tmp_path)
