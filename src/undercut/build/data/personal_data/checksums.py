"""Check digits: what tells a card or an account from any other long number."""

from __future__ import annotations

from datetime import date

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
# First two digits of a Chinese identity card: the province of first registration (GB/T 2260).
_PROVINCES_WRITTEN = """
    11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63
    64 65 71 81 82 83
"""
_PROVINCES = frozenset(_PROVINCES_WRITTEN.split())


def luhn(digits: str) -> bool:
    """Whether the last digit checks (ISO/IEC 7812-1, annex B)."""
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    odd = sum(map(int, digits[-1::-2]))
    return (odd + sum(doubled[int(digit)] for digit in digits[-2::-2])) % 10 == 0


def iban(written: str) -> bool:
    """Whether the remainder by 97 is 1 (ISO 13616, ISO 7064 MOD 97-10); letters in capitals."""
    turned = written[4:] + written[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def identity_card(written: str) -> bool:
    """Chinese identity card, 18 characters with ISO 7064 MOD 11-2 (GB 11643-1999), or the old 15.

    Both: a province that exists and a day of birth that exists, from 1900 to 2099.
    """
    if written[:2] not in _PROVINCES:
        return False
    if len(written) == 15:
        return _day(f"19{written[6:12]}")
    if not _day(written[6:14]):
        return False
    total = sum(w * int(d) for w, d in zip(_ID_WEIGHTS, written[:17], strict=True))
    return _ID_CHECKS[total % 11] == written[17].upper()


def _day(digits: str) -> bool:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return 1900 <= born.year < 2100
