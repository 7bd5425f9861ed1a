"""The licence that a page, a feed or a record states of itself.

Source: the rel-license microformat; Creative Commons' own URLs. Nothing is guessed: a page that
only mentions a licence in its text has none here.
"""

from __future__ import annotations

import re

_CC = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(licenses|publicdomain)/"
    r"([a-z+-]+)/(\d\.\d)(?:/([a-z]{2,3})(?=[/?#]|$))?",
    re.IGNORECASE,
)


def named_licence(stated: str) -> str:
    """A licence as one name: an SPDX-like id for Creative Commons, else as stated, trimmed.

    >>> named_licence("http://creativecommons.org/licenses/by-sa/4.0/deed.de")
    'CC-BY-SA-4.0'
    >>> named_licence("https://creativecommons.org/publicdomain/zero/1.0/")
    'CC0-1.0'
    """
    found = _CC.search(stated)
    if not found:
        return " ".join(stated.split())[:200]
    kind, name, version, country = found.groups()
    if kind.lower() == "publicdomain":
        return f"CC0-{version}" if name.lower() == "zero" else "CC-PDM-" + version
    place = f"-{country.upper()}" if country else ""
    return f"CC-{name.upper()}-{version}{place}"


def is_licence_url(url: str) -> bool:
    """Whether a URL is a Creative Commons licence."""
    return _CC.search(url) is not None
