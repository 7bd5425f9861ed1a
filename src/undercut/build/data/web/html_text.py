"""HTML bytes to characters, the way browsers settle the encoding.

Source: the WHATWG HTML standard, "determining the character encoding": byte order mark, then the
HTTP header, then a <meta> in the first 1,024 bytes; then the likeliest of what is left.
"""

from __future__ import annotations

import codecs
import re

_META = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:-]{2,40})", re.IGNORECASE
)
_SNIFFED_BYTES = 4_096
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Browsers read these names as the larger encodings that hold them.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "iso8859-1": "cp1252", "ascii": "cp1252"}
_JUNK_FRACTION = 0.05


def decode_html(body: bytes, *, charset: str | None = None) -> str:
    """The characters of a page; bytes that fit no encoding become U+FFFD.

    charset: as the HTTP header states it, None where it does not.
    """
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, errors="replace")
    stated = _codec(charset) or _codec_in_meta(body)
    try:
        return body.decode("utf-8")  # what is valid UTF-8 is hardly ever meant as anything else
    except UnicodeDecodeError:
        if stated is not None and stated != "utf-8":
            return body.decode(stated, errors="replace")
    if stated is None:
        try:
            return body.decode("gb18030")
        except UnicodeDecodeError:
            return body.decode("cp1252", errors="replace")
    return body.decode("utf-8", errors="replace")


def is_binary(body: bytes) -> bool:
    """Whether bytes are no text in any encoding of the web: many control characters or NULs.

    >>> is_binary(bytes(range(32)) * 10), is_binary("日本".encode("utf-16"))
    (True, False)
    """
    start = body[:_SNIFFED_BYTES]
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or not start:
        return False
    controls = sum(byte < 9 or (13 < byte < 32 and byte != 27) for byte in start)
    return controls > _JUNK_FRACTION * len(start)


def charset_of(content_type: str | None) -> str | None:
    """The charset parameter of a Content-Type header.

    >>> charset_of('text/html; Charset="GBK"')
    'GBK'
    """
    found = re.search(r"charset\s*=\s*[\"']?([A-Za-z0-9_:-]{2,40})", content_type or "", re.I)
    return found.group(1) if found else None


def _codec_in_meta(body: bytes) -> str | None:
    found = _META.search(body[:_SNIFFED_BYTES])
    codec = _codec(found.group(1).decode("ascii")) if found else None
    # a <meta> that could be read is not in UTF-16, whatever it says
    return "utf-8" if codec is not None and codec.startswith("utf-16") else codec


def _codec(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        codec = codecs.lookup(name)
        "".encode(codec.name)  # text encodings only: no "hex", no "zlib"
    except (LookupError, ValueError, TypeError):
        return None
    return _WIDER.get(codec.name, codec.name)
