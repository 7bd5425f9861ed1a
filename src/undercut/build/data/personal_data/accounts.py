"""Numbers that carry their own proof: identity cards, bank cards, IBANs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from undercut.build.data.personal_data import checksums
from undercut.build.data.personal_data.config import Candidate, Kind

_EDGE = r"(?<![A-Za-z0-9])(?<!\d[.,-])"
_ID18 = re.compile(
    rf"{_EDGE}\d{{6}}[ -]?(?:19|20)\d{{6}}[ -]?\d{{3}}[\dXx](?![A-Za-z0-9])", re.ASCII
)
_ID15 = re.compile(rf"{_EDGE}\d{{15}}(?![A-Za-z0-9]|[.-]\d)", re.ASCII)
_ID_WORD = re.compile(r"身份证|证件|身份號|身分證|\bID\b|identity|resident", re.IGNORECASE)
_CARD = re.compile(rf"{_EDGE}[2-6]\d{{3}}(?:[ -]?\d){{8,15}}(?![A-Za-z0-9]|[.]\d)", re.ASCII)
_CARD_GROUPS = re.compile(
    r"\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1?\d{1,3})?|\d{4}([ -])\d{6}\2\d{4,5}"
    r"|\d{6}([ -])\d{13}"
)
# Lengths by prefix: Visa, Mastercard, American Express, UnionPay, JCB, Discover, Diners, Maestro
# (ISO/IEC 7812 as the schemes publish their ranges).
_SCHEMES: tuple[tuple[range, frozenset[int]], ...] = (
    (range(4000, 5000), frozenset({13, 16, 19})),
    (range(5100, 5600), frozenset({16})),
    (range(2221, 2721), frozenset({16})),
    (range(3400, 3500), frozenset({15})),
    (range(3700, 3800), frozenset({15})),
    (range(6200, 6300), frozenset({16, 17, 18, 19})),
    (range(3528, 3590), frozenset({16})),
    (range(6011, 6012), frozenset({16, 19})),
    (range(6440, 6600), frozenset({16, 19})),
    (range(3000, 3060), frozenset({14})),
    (range(3600, 3700), frozenset({14})),
    (range(3800, 4000), frozenset({14})),
    (range(5018, 5039), frozenset({16, 18, 19})),
    (range(6304, 6305), frozenset({16, 18, 19})),
    (range(6759, 6764), frozenset({16, 18, 19})),
)
# Length of an IBAN by country (ISO 13616 registry).
_IBAN_LENGTHS_WRITTEN = """
    AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BR:29 BY:28 CH:21 CR:22 CY:28
    CZ:24 DE:22 DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18
    GR:27 GT:28 HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32
    LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 MD:24 ME:22 MK:19 MR:27 MT:31 MU:30 NL:18 NO:15
    PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 SA:24 SC:31 SE:24 SI:19 SK:24 SM:27 ST:25
    SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20
"""
_IBAN_LENGTHS = dict(pair.split(":") for pair in _IBAN_LENGTHS_WRITTEN.split())
_IBAN = re.compile(
    rf"(?<![A-Za-z0-9])(?:{'|'.join(_IBAN_LENGTHS)})\d\d(?:[ -]?[A-Z0-9]){{11,30}}",
    re.ASCII | re.IGNORECASE,
)
_SEPARATORS = re.compile(r"[ -]")


def identity_cards(text: str) -> Iterator[Candidate]:
    """Chinese identity cards: 18 characters by checksum; the old 15 where a word says so."""
    for found in _ID18.finditer(text):
        if checksums.identity_card(_SEPARATORS.sub("", found[0])):
            yield Candidate(Kind.IDENTITY_CARD, found.start(), found.end(), 3)
    for found in _ID15.finditer(text):
        around = (
            text[max(0, found.start() - 24) : found.start()] + text[found.end() : found.end() + 12]
        )
        if checksums.identity_card(found[0]) and _ID_WORD.search(around):
            yield Candidate(Kind.IDENTITY_CARD, found.start(), found.end(), 3)


def bank_cards(text: str) -> Iterator[Candidate]:
    """Payment cards: prefix and length of a scheme, groups as printed on cards, Luhn."""
    for found in _CARD.finditer(text):
        digits = _SEPARATORS.sub("", found[0])
        grouped = digits == found[0] or _CARD_GROUPS.fullmatch(found[0])
        if grouped and _scheme(digits) and checksums.luhn(digits) and len(set(digits)) > 2:
            yield Candidate(Kind.BANK_CARD, found.start(), found.end(), 3)


def _scheme(digits: str) -> bool:
    prefix = int(digits[:4])
    return any(prefix in numbers and len(digits) in lengths for numbers, lengths in _SCHEMES)


def ibans(text: str) -> Iterator[Candidate]:
    """International bank account numbers: the country's length, and the remainder by 97."""
    for found in _IBAN.finditer(text):
        length = int(_IBAN_LENGTHS[found[0][:2].upper()])
        end = _end_after(text, found.start(), found.end(), length)
        if end is None or (text[end : end + 1].isalnum() and text[end : end + 1].isascii()):
            continue
        if checksums.iban(_SEPARATORS.sub("", text[found.start() : end]).upper()):
            yield Candidate(Kind.IBAN, found.start(), end, 3)


def _end_after(text: str, start: int, end: int, characters: int) -> int | None:
    """Where `characters` characters other than separators end; None where there are fewer."""
    for at in range(start, end):
        characters -= text[at] not in " -"
        if characters == 0:
            return at + 1
    return None
