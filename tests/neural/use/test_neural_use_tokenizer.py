from __future__ import annotations

import random
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from undercut.core.errors import ArtefactError
from undercut.neural.use.pieces import Piece, read_pieces
from undercut.neural.use.tokenizer import build_tokenizer

CHINESE = [
    "你好，什么时候发货？",
    "我买的那件还没收到，麻烦帮我查一下～～谢谢！",
    "退款 3～5 天到账吗",
    "亲，满３００减５０可以跟店铺券一起用么",
    "２０２４年１１月　双十一①②③",
    "ＡＢＣ㍿㎏㈱",
    "不想要了😂😂能退嘛🙏🏻",
    "收到貨物有破損，怎麼辦？",
]
ODDITIES = [
    " ",
    "\t\n\r\n \u3000",
    "\u2581",
    "a\u200bb \u200b",
    "  two   spaces  ",
    "\x01",
    " \x01 a",
    "x\x0by\x85z",
    "\ufffd",
    "a \ufffd b",
    "\ufffd\ufffd\uff5e",
    "\ufdd0",
    "😀😀x😀 😀",
    "👨\u200d👩\u200d👧🇨🇳",
    "<s> </s> <unk> extra_token_id_1",
    "e\u0301 한글 ｶﾞ \ufb01 \ufdfa",
    "~\uff5e~",
    "\u0627\u0644\u0633\u0651\u0644\u0627\u0645",
    "สวัสดี",
    "a" * 300,
]
ALPHABET = "ab é好～~😀\t\n\u3000\u200b\u2581\ufffd\ufb01㍿カ\u3099한<s>0١"


@pytest.fixture(scope="session")
def reference(oracle: Any) -> Any:
    return oracle._tokenizer


def _differing(tokenizer: Tokenizer, reference: Any, texts: list[str]) -> list[str]:
    ours = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]
    theirs = reference.encode(texts)
    return [text for text, a, b in zip(texts, ours, theirs, strict=True) if a != b]


def test_ids_equal_the_packages_on_english(
    tokenizer: Tokenizer, reference: Any, banking: list[str]
) -> None:
    assert _differing(tokenizer, reference, banking) == []


def test_ids_equal_the_packages_on_chinese_and_oddities(
    tokenizer: Tokenizer, reference: Any
) -> None:
    assert _differing(tokenizer, reference, CHINESE + ODDITIES) == []


def test_ids_equal_the_packages_for_single_characters(tokenizer: Tokenizer, reference: Any) -> None:
    """Every 25th assigned character; once, all of them were compared: only U+0344 differs."""
    assigned = [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) not in {"Cn", "Co", "Cs"} and code != 0x344
    ]
    around = [f"a{char}b" for char in assigned[::25]]
    assert _differing(tokenizer, reference, around) == []


def test_ids_equal_the_packages_on_mixtures(tokenizer: Tokenizer, reference: Any) -> None:
    rng = random.Random(0)
    texts = ["x" + "".join(rng.choices(ALPHABET, k=rng.randint(1, 12))) for _ in range(3000)]
    assert _differing(tokenizer, reference, texts) == []


def test_the_empty_string_is_the_known_exception(tokenizer: Tokenizer, reference: Any) -> None:
    assert reference.encode("") == [1, 0, 2]
    assert tokenizer.encode("").ids == [1, 2]
    assert tokenizer.encode(" ").ids == [1, 0, 2]


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.sampled_from(ALPHABET), min_size=1))
def test_spaces_at_the_ends_change_nothing(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.encode(f" \t{text}\u3000 ").ids == tokenizer.encode(f" {text}").ids


def test_saved_and_loaded_it_answers_the_same(
    tokenizer: Tokenizer, tmp_path: Path, banking: list[str]
) -> None:
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    loaded = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    texts = banking[:200] + CHINESE + ODDITIES
    for text in texts:
        assert loaded.encode(text).ids == tokenizer.encode(text).ids


def test_pieces_are_read_with_their_scores(package: Path, reference: Any) -> None:
    pieces = read_pieces((package / "resources" / "sp.model").read_bytes())
    assert [piece.text for piece in pieces] == reference._pieces
    assert [piece.score for piece in pieces] == list(reference._scores)


@pytest.mark.parametrize("model", [b"", b"\x0a\x05ab", b"\x0f", b"\x0a\x03\x0a\x01\xff", b"\x80"])
def test_other_bytes_are_refused(model: bytes) -> None:
    with pytest.raises(ArtefactError, match="SentencePiece"):
        read_pieces(model)


def test_fixed64_and_varint_fields_are_skipped() -> None:
    piece = b"\x0a\x01x\x15\x00\x00\x80\xbf\x18\x81\x01"
    model = b"\x0a" + bytes([len(piece)]) + piece + b"\x11" + bytes(8)
    assert read_pieces(model) == (Piece("x", -1.0),)


@pytest.mark.parametrize(
    ("pieces", "complaint"),
    [(("a", "\u2581", "a\u2581a"), "across a space"), (("a", "ab"), "not a piece")],
)
def test_a_vocabulary_of_another_make_is_refused(pieces: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ArtefactError, match=complaint):
        build_tokenizer([Piece(text, -1.0) for text in pieces])
