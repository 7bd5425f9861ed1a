"""E-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from undercut.build.data.personal_data.config import Candidate, Kind

# Read backwards from the "@", at most 64 characters (RFC 5321, 4.5.3.1): a megabyte of "a" costs
# what a megabyte costs. Of the signs that RFC 5322 allows, / ? = & % separate the parts of page
# addresses instead.
_LONGEST_LOCAL = 64
_LOCAL_BACKWARDS = re.compile(r"[A-Za-z0-9!#$'*+^_`{|}~.\u00c0-\u024f-]+")
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9\u00c0-\u024f](?:[A-Za-z0-9\u00c0-\u024f-]{0,61}[A-Za-z0-9\u00c0-\u024f])?\.)"
    r"{1,8}(?:[A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,59})(?![A-Za-z0-9])"
)
_AT = re.compile(r"[@＠]|%40|\s?[\[(（]\s?(?:at|AT)\s?[\])）]\s?")
_DOT = re.compile(r"\s?[\[(（]\s?(?:dot|DOT|点)\s?[\])）]\s?")
_SPELT_DOT_AHEAD = re.compile(r"[A-Za-z0-9-]{1,63}\s?[\[(（]")
# Names of files, as in logo@2x.png, are no domains.
_FILES_WRITTEN = "png jpg jpeg gif svg webp ico css js ts json html htm pdf mp3 mp4"
_FILES = frozenset(_FILES_WRITTEN.split())


def emails(text: str) -> Iterator[Candidate]:
    """Addresses as RFC 5321 has them, unquoted, also with (at) and [dot]; the full-width ＠ too."""
    for at in _AT.finditer(text):
        before = text[max(0, at.start() - _LONGEST_LOCAL) : at.start()][::-1]
        local = _LOCAL_BACKWARDS.match(before)
        if local is None or before.startswith("."):
            continue
        length = len(local[0].rstrip(".!#$'*+^`{|}~-"))
        end = _domain_end(text, at.end()) if length else None
        if end is not None:
            yield Candidate(Kind.EMAIL, at.start() - length, end, 2)


def _domain_end(text: str, start: int) -> int | None:
    plain = _DOMAIN.match(text, start, start + 256)
    if plain is not None:
        return None if plain[0].rsplit(".", 1)[1].lower() in _FILES else plain.end()
    if _SPELT_DOT_AHEAD.match(text, start, start + 64) is None:
        return None
    piece = text[start : start + 256]
    dotted = _DOT.sub(".", piece)
    spelt = _DOMAIN.match(dotted)
    if spelt is None:
        return None
    return start + _length_before(piece, spelt.end())


def _length_before(piece: str, length: int) -> int:
    """How much of `piece` makes `length` characters once each spelt dot counts as one."""
    shift = 0
    for dot in _DOT.finditer(piece):
        if dot.start() - shift >= length:
            break
        shift += len(dot[0]) - 1
    return length + shift
