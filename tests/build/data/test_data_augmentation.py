from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.build.data.augmentation import AugmentConfig, augment
from undercut.build.data.augmentation.edits import delete, insert, pieces, swap
from undercut.core.errors import ConfigError, InputError

_TEXTS = [
    "where is my new card please",
    "我的快递什么时候能够送到家里",
    "I do not want it any more",
    "ok",
]
_LABELS = ["card", "快递", "cancel", "other"]


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_off_by_default() -> None:
    assert augment(_TEXTS, _LABELS, AugmentConfig(), _rng()).texts == ()


def test_copies_differ_and_keep_label_and_origin() -> None:
    made = augment(_TEXTS, _LABELS, AugmentConfig(copies=3), _rng())
    assert Counter(made.origins) == {0: 3, 1: 3, 2: 3}, "two letters are too little to edit"
    assert len(set(made.texts)) == len(made.texts)
    for text, label, origin in zip(made.texts, made.labels, made.origins, strict=True):
        assert text != _TEXTS[origin]
        assert label == _LABELS[origin]


def test_same_seed_same_rows() -> None:
    config = AugmentConfig(copies=4)
    first, again = (augment(_TEXTS, _LABELS, config, _rng(7)) for _ in range(2))
    assert first == again
    assert first != augment(_TEXTS, _LABELS, config, _rng(8))


@given(st.integers(0, 10_000))
def test_negations_stay_where_they_are(seed: int) -> None:
    made = augment(["I do not want it any more"], ["x"], AugmentConfig(copies=3), _rng(seed))
    assert all(text.split().count("not") == 1 for text in made.texts)
    chinese = augment(["这个东西我真的不想要了谢谢"], ["x"], AugmentConfig(copies=3), _rng(seed))
    assert all(text.count("不") == 1 for text in chinese.texts)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())), st.integers(0, 99))
def test_edits_move_lose_or_repeat_words_only(text: str, seed: int) -> None:
    parts = pieces(text)
    assert "".join(parts) == text

    def bare(edited: list[str]) -> Counter[str]:
        return Counter("".join("".join(edited).split()))

    assert bare(swap(parts, _rng(seed))) == bare(parts)
    assert bare(delete(parts, _rng(seed))) <= bare(parts)
    assert bare(insert(parts, _rng(seed))) >= bare(parts)
    augment([text], ["x"], AugmentConfig(copies=2), _rng(seed))


class _Polite:
    def paraphrase(self, texts: Sequence[str], rng: np.random.Generator) -> Sequence[str | None]:
        return [None if text == "ok" else f"Please: {text}" for text in texts]


def test_a_paraphraser_speaks_first() -> None:
    made = augment(_TEXTS, _LABELS, AugmentConfig(copies=1), _rng(), paraphraser=_Polite())
    assert made.texts == tuple(f"Please: {text}" for text in _TEXTS[:3])


def test_refuses_what_cannot_be() -> None:
    with pytest.raises(ConfigError):
        AugmentConfig(copies=-1)
    with pytest.raises(ConfigError):
        AugmentConfig(edited_fraction=0.9)
    with pytest.raises(InputError):
        augment(["a"], [], AugmentConfig(copies=1), _rng())
