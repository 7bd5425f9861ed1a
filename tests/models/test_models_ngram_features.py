"""What the vectorised reader finds equals what a plain loop over one text finds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.models.ngram_features import NgramFeatures, word_grams

WORDS = ("a", "b", "card", "我")


def features() -> NgramFeatures:
    """Sequences: "a b", "b card", "a b card"."""
    pairs = [(0, 1), (1, 2), (len(WORDS), 2)]
    keys = np.array([left << 32 | right for left, right in pairs], dtype=np.uint64)
    grams = np.unique(word_grams(["card", "cart"], orders=(2, 3))[0])
    return NgramFeatures(
        words=WORDS,
        sequence_keys=keys,
        gram_keys=grams,
        gram_orders=(2, 3),
        longest_sequence=3,
    )


def plain_rows(tokens: Sequence[str]) -> set[int | str]:
    row = {(word,): i for i, word in enumerate(WORDS)}
    row |= {("a", "b"): 4, ("b", "card"): 5, ("a", "b", "card"): 6}
    found: set[int | str] = {token for token in tokens if token not in WORDS}
    for length in (1, 2, 3):
        for i in range(len(tokens) - length + 1):
            found |= {row[key] for key in [tuple(tokens[i : i + length])] if key in row}
    return found


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from([*WORDS, "new", "other"]), max_size=9), max_size=5))
def test_reading_equals_the_plain_loop(texts: list[list[str]]) -> None:
    if not texts:
        return
    known = features()
    reading = known.read([" ".join(tokens) for tokens in texts])
    assert reading.counts.shape == (len(texts),)
    parts = np.split(reading.ids, np.cumsum(reading.counts)[:-1])
    for tokens, part in zip(texts, parts, strict=True):
        ids = [int(i) for i in part]
        assert ids == sorted(set(ids))
        named = {i if i < known.rows else reading.unknown[i - known.rows] for i in ids}
        assert named == plain_rows(tokens)


def test_character_ngrams_stay_inside_words() -> None:
    def count(words: list[str]) -> int:
        return len(word_grams(words, orders=(2, 3))[0])

    assert count(["card"]) == 5 + 4  # <c ca ar rd d> and <ca car ard rd>
    assert count(["a", "我", ""]) == 0
    assert count(["card", "xy"]) == count(["card"]) + count(["xy"])
    together, owner = word_grams(["x", "card", "xy"], orders=(2, 3))
    assert set(together[owner == 1]) == set(word_grams(["card"], orders=(2, 3))[0])


def test_ngrams_of_different_order_or_letters_differ() -> None:
    keys, _ = word_grams(["abcdefgh", "\ud800\ud801", "hgfedcba"], orders=(1, 5))
    letters = len(set("abcdefgh")) + 2 + 2  # and two surrogates, and two boundaries
    singles, _ = word_grams(["abcdefgh", "\ud800\ud801"], orders=(1, 1))
    assert len(np.unique(singles)) == letters
    # Two words of 8 letters and one of 2 share their single characters and nothing else.
    longer = sum(2 * (10 - n + 1) + max(4 - n + 1, 0) for n in (2, 3, 4, 5))
    assert len(np.unique(keys)) == letters + longer
