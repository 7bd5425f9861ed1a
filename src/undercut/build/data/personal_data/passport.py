"""Passport numbers: only where the text says so, since nothing checks them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from undercut.build.data.personal_data.config import Candidate, Kind

_NUMBER = re.compile(
    r"(?:passport|护照)[^\n;。；]{0,24}?(?<![A-Za-z0-9])((?:[A-Z]{1,2}\d{6,8}|\d{9}))(?![A-Za-z0-9])",
    re.IGNORECASE,
)


def passports(text: str) -> Iterator[Candidate]:
    """One or two letters and six to eight digits, or nine digits, after the word passport."""
    for found in _NUMBER.finditer(text):
        yield Candidate(Kind.PASSPORT, found.start(1), found.end(1), 1)
