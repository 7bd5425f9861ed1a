"""Tokens: English words, Chinese characters, and whatever else a string may hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.models.ngram_text import MAX_CHARACTERS, SEPARATOR, block_tokens

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Where is my CARD?", ["where", "is", "my", "card"]),
        ("我要退货, 谢谢", ["我", "要", "退", "货", "谢", "谢"]),
        ("ＶＩＰ１２会员", ["vip12", "会", "员"]),
        ("ok😀😀", ["ok", "😀", "😀"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("a\0b", ["a", "b"]),
        ("\ud800x y", ["\ud800x", "y"]),
        ("", []),
        (" ?!\n", []),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert block_tokens([text]) == tokens


@settings(deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=8))
def test_a_block_reads_each_text_as_if_alone(texts: list[str]) -> None:
    alone: list[str] = []
    for text in texts:
        alone += [*block_tokens([text]), SEPARATOR]
    assert block_tokens(texts) == alone[:-1]


def test_reading_stops_at_the_limit() -> None:
    assert [len(token) for token in block_tokens(["a" * 1_000_000])] == [MAX_CHARACTERS]
