"""Tokens as usage counts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.models.token_count import count_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("   \n", 0),
        ("Where is my card?", 4),
        ("it's  two", 2),
        ("我的卡丢了", 5),
        ("我的 card 丢了", 5),
        ("naïve café", 2),
        ("日本語テキスト", 7),
        ("\ud800", 1),
    ],
)
def test_examples(text: str, tokens: int) -> None:
    assert count_tokens([text]) == tokens


@given(st.lists(st.text(max_size=30), max_size=10))
def test_a_sum_over_texts_whatever_their_neighbours(texts: list[str]) -> None:
    assert count_tokens(texts) == sum(count_tokens([text]) for text in texts)
