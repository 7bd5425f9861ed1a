"""Telephone numbers: international, North American, Chinese, and what context calls a number."""

from __future__ import annotations

import re
from collections.abc import Iterator

from undercut.build.data.personal_data.config import Candidate, Kind
from undercut.build.data.personal_data.context import (
    announces_phone,
    explains_phone,
    numbers_a_thing,
)

_EDGE = r"(?<![A-Za-z0-9_])(?<!\d[.,:/-])(?<![A-Za-z0-9]-)"
_END = r"(?![A-Za-z0-9_])(?![.,:/-]\d)"

# Country codes (ITU-T E.164): one digit, two digits, or three by their first two.
_COUNTRY = (
    r"(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|"
    r"(?:2[1-689]|3[578]|42|5[09]|6[789]|8[058]|9[679])\d)"
)
_INTERNATIONAL = re.compile(
    rf"(?<![\w+])(?<!\d[.,:/ -])\(?(?:\+|00(?=[1-9]))[ ]?\(?{_COUNTRY}"
    rf"(?:\)?[ .-]{{0,2}}\(?\d){{6,13}}{_END}",
    re.ASCII,
)
_AMERICAN = re.compile(
    rf"{_EDGE}(?:1[ .-])?(?:\([2-9]\d\d\)[ -]?|[2-9]\d\d([ .-]))"
    rf"[2-9]\d\d(?(1)\1|[ .-])\d{{4}}{_END}",
    re.ASCII,
)
_CHINESE_MOBILE = re.compile(
    rf"{_EDGE}(?:\(?\+?86\)?[ -]?)?1[3-9]\d"
    rf"(?:[ -]?\d{{4}}[ -]?\d{{4}}|[ -]\d{{3}}[ -]\d{{5}}|\d[ -]\d{{3}}[ -]\d{{4}}){_END}",
    re.ASCII,
)
_AREA = r"0(?:10|2\d|[3-9]\d\d)"
_CHINESE_LANDLINE = re.compile(
    rf"{_EDGE}(?:86[ -])?(?:\({_AREA}\)[ -]?|{_AREA}[ -])[2-9]\d{{2,3}}[ -]?\d{{4}}"
    rf"(?:(?:-|转|ext\.?|分机)\s?\d{{1,6}})?{_END}"
)
_CHINESE_SERVICE = re.compile(
    rf"{_EDGE}[48]00[ -]\d{{3}}[ -]?\d{{4}}{_END}|{_EDGE}[48]00[ -]\d{{4}}[ -]\d{{3}}{_END}",
    re.ASCII,
)
_NATIONAL = re.compile(
    rf"(?<!\d ){_EDGE}\(?0[1-9]\d{{1,3}}(?:\)[ ]?|[ /-])\d{{2,4}}(?:[ -]?\d{{2,4}}){{1,3}}{_END}",
    re.ASCII,
)
_IN_PAIRS = re.compile(rf"{_EDGE}0[1-9](?:([ .-])\d\d)(?:\1\d\d){{3}}{_END}", re.ASCII)
_SPELT = re.compile(
    "[幺一][三四五六七八九][零〇幺一二三四五六七八九]{9}(?![零〇幺一二三四五六七八九十百千])"
)
_ANNOUNCED = re.compile(rf"{_EDGE}\(?\d(?:[ ().-]{{0,2}}\d){{6,13}}{_END}", re.ASCII)
_DATE = re.compile(r"(?:19|20)\d\d[ ./-]?(?:0?[1-9]|1[0-2])[ ./-]?(?:0?[1-9]|[12]\d|3[01])")
_OWN_FORMS = (_AMERICAN, _CHINESE_MOBILE, _CHINESE_LANDLINE, _CHINESE_SERVICE, _IN_PAIRS, _SPELT)


def phones(text: str) -> Iterator[Candidate]:
    """Numbers whose form is a telephone number's, unless an order or a product is said to have it;
    numbers of 7 to 14 digits where the words before say telephone."""
    for found in _INTERNATIONAL.finditer(text):
        digits = _digits(found[0])
        if 9 <= len(digits.lstrip("0")) <= 15 and not digits.endswith("00000"):
            yield _candidate(found, 2)
    for form in _OWN_FORMS:
        for found in form.finditer(text):
            if not numbers_a_thing(text, found.start()):
                yield _candidate(found, 2)
    for found in _NATIONAL.finditer(text):
        if 9 <= len(_digits(found[0])) <= 12 and not numbers_a_thing(text, found.start()):
            yield _candidate(found, 1)
    for found in _ANNOUNCED.finditer(text):
        if _said(text, found) and not _DATE.fullmatch(found[0]):
            yield _candidate(found, 1)


def _said(text: str, found: re.Match[str]) -> bool:
    told = announces_phone(text, found.start()) or explains_phone(text, found.end())
    return told and not numbers_a_thing(text, found.start())


def _candidate(found: re.Match[str], strength: int) -> Candidate:
    return Candidate(Kind.PHONE, found.start(), found.end(), strength)


def _digits(written: str) -> str:
    return re.sub(r"\D", "", written)
