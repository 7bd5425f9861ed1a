"""Text that was decoded with the wrong table (mojibake)."""

from __future__ import annotations

import re

from undercut.core.errors import MissingExtraError

# Where Western, Cyrillic and Greek mojibake lives; text of other characters only is left alone.
_SUSPECT = re.compile("[\x80-\u024f\u0370-\u04ff\u201a-\u203a\u20ac\u2122]")
_WESTERN = re.compile("[\xa1-\xff]+")
_WESTERN_SIGN = re.compile("[\xa1-\xbf\xd7\xf7]")
_WESTERN_LETTER = re.compile("[\xc0-\xd6\xd8-\xf6\xf8-\xff]")
_COMMON_HAN = re.compile("[\u4e00-\u9fff]")
# GB 2312: level 1 holds the 3,755 characters of everyday Chinese, rows 1 and 3 its punctuation.
_EVERYDAY = re.compile(rb"(?:[\xb0-\xd7][\xa1-\xfe]|[\xa1\xa3][\xa1-\xfe])+")
_CHINESE_TEXT = re.compile("[\x00-\x7f\u00b7\u2014-\u2026\u3000-\u303f\u4e00-\u9fff\uff01-\uff5e]+")


def repair_encoding(text: str) -> str:
    """Decoded again, rightly, where the evidence is strong; unchanged otherwise.

    UTF-8 read as Latin-1, Windows-125x and MacRoman: ftfy (Speer 2019). UTF-8 read as GBK
    (`浣犲ソ`) and GBK read as Latin-1 (`ÄãºÃ`): the strict rules below.
    Raises MissingExtraError where ftfy is needed and not installed.
    """
    if text.isascii():
        return text
    return _utf8_read_as_gbk(text) or _gbk_read_as_latin1(text) or _by_ftfy(text)


def _utf8_read_as_gbk(text: str) -> str | None:
    """Everyday Chinese in GBK is no valid UTF-8, so a whole text that is was UTF-8 before."""
    try:
        again = text.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return None
    chinese = len(_COMMON_HAN.findall(again)) >= 2 and _CHINESE_TEXT.fullmatch(again)
    return again if chinese else None


def _gbk_read_as_latin1(text: str) -> str | None:
    """All of the text beyond ASCII must read as everyday Chinese, two different characters at
    least, and be something that Western languages do not write: accented letters and signs in a
    row, making up half the text."""
    runs = _WESTERN.findall(text)
    written = "".join(runs)
    if len(written) < 4 or not _WESTERN_SIGN.search(written) or not _WESTERN_LETTER.search(written):
        return None
    if any(len(run) % 2 or not _EVERYDAY.fullmatch(run.encode("latin-1")) for run in runs):
        return None
    visible = len("".join(text.split()))
    if 2 * len(written) < visible or (not text.isascii() and _beyond_western(text)):
        return None
    again = _WESTERN.sub(lambda run: run[0].encode("latin-1").decode("gb2312", "replace"), text)
    han = _COMMON_HAN.findall(again)
    enough = len(set(han)) >= 2 and 4 * len(han) >= len(written) and "\ufffd" not in again
    return again if enough else None


def _beyond_western(text: str) -> bool:
    return any(character > "\xff" for character in text)


def _by_ftfy(text: str) -> str:
    if _SUSPECT.search(text) is None:
        return text
    try:
        import ftfy
    except ImportError as error:
        raise MissingExtraError("ftfy", "data", "repairing broken encodings") from error
    return str(ftfy.fix_encoding(text))
