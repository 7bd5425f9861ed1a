from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from undercut.core.errors import ConfigError, InputError
from undercut.core.tabular import Row, open_rows

CHINESE = "文本,标签\n酒店的服务很好，下次还会来,好评\n房间太小了，隔音也不行,差评\n"


def save(folder: Path, data: bytes) -> Path:
    path = folder / "a.csv"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (CHINESE.encode(), "utf-8"),
        (CHINESE.encode("utf-8-sig"), "utf-8-sig"),
        (CHINESE.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + CHINESE.encode("utf-16-be"), "utf-16"),
        (CHINESE.encode("gb18030"), "gb18030"),
        (CHINESE.encode("gbk"), "gb18030"),
    ],
)
def test_encodings_are_told_apart(tmp_path: Path, data: bytes, encoding: str) -> None:
    stream = open_rows(save(tmp_path, data))
    assert stream.encoding == encoding
    assert stream.columns == ("文本", "标签")
    assert next(iter(stream)) == Row(2, ("酒店的服务很好，下次还会来", "好评"))


def test_gb18030_after_a_long_ascii_start_and_with_emoji(tmp_path: Path) -> None:
    text = "text,label\n" + "plain words,x\n" * 100_000 + "很好吃，味道不错，下次再来👍,好\n"
    *_, last = open_rows(save(tmp_path, text.encode("gb18030")))
    assert last == Row(100_002, ("很好吃，味道不错，下次再来👍", "好"))


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("text,label\nun café déjà servi à Noël,x\n", "cp1252"),
        ("text,label\nПривет как дела сегодня,x\n", "cp1251"),
        (
            "text,label\n" + "안녕하세요 오늘은 날씨가 정말 좋네요 그래서 산책을 합니다,x\n" * 3,
            "euc-kr",
        ),
        ("text,label\n" + "客服回覆很慢，東西也壞了，想要退貨,x\n" * 3, "big5"),
    ],
)
def test_other_encodings_are_refused_not_garbled(tmp_path: Path, text: str, codec: str) -> None:
    path = save(tmp_path, text.encode(codec))
    with pytest.raises(InputError, match="not valid UTF-8"):
        open_rows(path)
    first = next(iter(open_rows(path, encoding=codec)))
    assert str(first.values[0]) in text  # type: ignore[union-attr]


def test_a_bad_byte_is_placed(tmp_path: Path) -> None:
    good = "text,label\n好的,x\n".encode()
    with pytest.raises(InputError, match=rf":3: byte 0xFF at offset {len(good) + 2}") as caught:
        open_rows(save(tmp_path, good + b"ok\xff,y\n"))
    assert caught.value.line == 3


def test_a_bad_byte_is_placed_beyond_the_first_chunk(tmp_path: Path) -> None:
    good = ("text,label\n" + "好的好的,x\n" * 100_001).encode()
    with pytest.raises(InputError, match=rf":100003: byte 0xFF at offset {len(good)}"):
        open_rows(save(tmp_path, good + b"\xff,y\n"))


def test_a_character_cut_off_at_the_end(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=":2: byte 0xE5"):
        open_rows(save(tmp_path, "text,label\na,好".encode()[:-1]))


def test_utf16_without_a_mark(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="UTF-16 without a byte order mark"):
        open_rows(save(tmp_path, "text,label\nwords,x\n".encode("utf-16-le")))


def test_a_stated_encoding_is_kept_to(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not valid GB18030"):
        open_rows(save(tmp_path, b"text,label\n\xff\xff,x\n"), encoding="gb18030")
    with pytest.raises(ConfigError, match="unknown text encoding 'klingon'"):
        open_rows(save(tmp_path, b"text\na\n"), encoding="klingon")
