"""Which encoding a text table is in, settled over the whole file before the first row is used.

A file that turns out to be undecodable after an hour of predicting is worse than one more pass:
the scan runs at the speed of the disk and also bounds the number of rows, for progress.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from undercut.core.errors import ConfigError, InputError

_CHUNK_BYTES = 1 << 20
_SAMPLE_CHARACTERS = 20_000
_NON_ASCII = re.compile(r"[^\x00-\x7f]+")
# UTF-32-LE starts with the UTF-16-LE mark, so it is tried first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The commonest Chinese characters: about a third of any running text, near none of Korean,
# Cyrillic or Japanese bytes misread as GB18030.
_COMMON = frozenset(
    "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生自会那后能对着"
    "事其里所去行过家十用发天如然作方成者多日都三小军二无同么经法当起与好看学进种将还分此心前面又定"
    "见只主没公从很吃店房送味快问题什买酒店服务"
)


@dataclass(frozen=True, slots=True)
class TextInfo:
    """encoding: codec name; lines: line breaks counted; nuls: NUL characters counted."""

    encoding: str
    lines: int
    nuls: int


@dataclass(frozen=True, slots=True)
class _Scan:
    characters: int
    lines: int
    nuls: int
    sample: str


class _UndecodableError(Exception):
    """Where strict decoding stopped: 0-based byte offset, 1-based line, the byte."""

    def __init__(self, *, offset: int, line: int, byte: int) -> None:
        super().__init__(offset)
        self.offset = offset
        self.line = line
        self.byte = byte


def examine_text(
    open_stream: Callable[[], BinaryIO], *, source: str, encoding: str | None = None
) -> TextInfo:
    """Settle the encoding of a text file by strict decoding from first to last byte.

    Order: the user's `encoding`; a byte order mark; UTF-8; GB18030 (which holds GBK and GB2312)
    where the result also looks like Chinese, since those codecs accept much that is not.
    Raises InputError with line and byte where nothing fits, ConfigError for an unknown codec.
    """
    if encoding is not None:
        return _strict(open_stream, _codec_name(encoding), source=source)
    marked = _marked_encoding(open_stream)
    if marked is not None:
        return _strict(open_stream, marked, source=source)
    try:
        return _info("utf-8", _scan(open_stream, "utf-8"), source=source)
    except _UndecodableError as not_utf8:
        try:
            scan = _scan(open_stream, "gb18030")
        except _UndecodableError:
            raise _undecodable(not_utf8, "UTF-8 (nor is the file GB18030)", source) from None
        if not _looks_chinese(scan.sample):
            raise _undecodable(
                not_utf8, "UTF-8 (nor is the file Chinese GB18030)", source
            ) from None
        return _info("gb18030", scan, source=source)


def _codec_name(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)
    except LookupError:
        raise ConfigError(
            f"unknown text encoding {encoding!r}", hint="e.g. utf-8, gb18030, utf-16, cp1252"
        ) from None
    return "utf-8-sig" if name == "utf-8" else name


def _marked_encoding(open_stream: Callable[[], BinaryIO]) -> str | None:
    with open_stream() as stream:
        start = stream.read(4)
    return next((name for mark, name in _MARKS if start.startswith(mark)), None)


def _strict(open_stream: Callable[[], BinaryIO], codec: str, *, source: str) -> TextInfo:
    try:
        return _info(codec, _scan(open_stream, codec), source=source)
    except _UndecodableError as error:
        raise _undecodable(error, codec.upper(), source) from None


def _scan(open_stream: Callable[[], BinaryIO], codec: str) -> _Scan:
    decoder = codecs.getincrementaldecoder(codec)(errors="strict")
    characters = lines = nuls = offset = 0
    sample: list[str] = []
    missing = _SAMPLE_CHARACTERS if codec == "gb18030" else 0
    with open_stream() as stream:
        while True:
            chunk = stream.read(_CHUNK_BYTES)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                raise _place(error, offset=offset, chunk=chunk, lines=lines) from None
            characters += len(text)
            lines += text.count("\n")
            nuls += text.count("\0")
            if missing > 0:
                found = "".join(_NON_ASCII.findall(text))[:missing]
                sample.append(found)
                missing -= len(found)
            offset += len(chunk)
            if not chunk:
                return _Scan(characters, lines, nuls, "".join(sample))


def _place(
    error: UnicodeDecodeError, *, offset: int, chunk: bytes, lines: int
) -> _UndecodableError:
    held_back = len(error.object) - len(chunk)  # an unfinished character of the chunk before
    before = error.object[: error.start].decode(error.encoding, errors="replace")
    return _UndecodableError(
        offset=offset - held_back + error.start,
        line=lines + before.count("\n") + 1,
        byte=error.object[error.start],
    )


def _info(codec: str, scan: _Scan, *, source: str) -> TextInfo:
    if scan.nuls * 10 > scan.characters:
        raise InputError(
            f"{scan.nuls} of {scan.characters} characters are NUL: "
            "UTF-16 without a byte order mark, or not text at all",
            file=source,
            hint="save the file as UTF-8",
        )
    return TextInfo(encoding=codec, lines=scan.lines, nuls=scan.nuls)


def _undecodable(error: _UndecodableError, expected: str, source: str) -> InputError:
    return InputError(
        f"byte 0x{error.byte:02X} at offset {error.offset} is not valid {expected}",
        file=source,
        line=error.line,
        hint='save the file as UTF-8 (spreadsheets offer it as "CSV UTF-8")',
    )


def _looks_chinese(sample: str) -> bool:
    """Mostly everyday GB2312 characters, and, where there are enough, the commonest among them.

    GB2312 holds the everyday characters at lead bytes B0-D7 and punctuation at A1-A9, trail bytes
    from A1; Western and Cyrillic text misread as GB18030 falls elsewhere.
    """
    if not sample:
        return False
    everyday = common = 0
    for character in sample:
        code = character.encode("gb18030", errors="replace")
        common += character in _COMMON
        everyday += (
            len(code) == 2
            and (0xB0 <= code[0] <= 0xD7 or code[0] in (0xA1, 0xA3))
            and code[1] >= 0xA1
        )
    return everyday >= 0.7 * len(sample) and (len(sample) < 50 or common >= 0.08 * len(sample))
