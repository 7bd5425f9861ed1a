"""When two texts count as the same."""

from __future__ import annotations

import unicodedata


def exact_key(text: str) -> str:
    """Equal up to Unicode composition (NFC) and white space; "" where nothing can be seen.

    Equal texts share no storage with their keys unless they are their own key, so a million rows
    in normal form cost one dictionary and no copies.
    """
    key = " ".join(unicodedata.normalize("NFC", text).split())
    if len(key) < 16 and all(unicodedata.category(c) in ("Cf", "Cc", "Zs") for c in key):
        return ""  # zero-width marks and the like
    return text if key == text else key


def loose_key(text: str) -> str:
    """Equal up to case and punctuation as well; a text of nothing else keeps its exact key."""
    exact = exact_key(text)
    bare = " ".join(exact.casefold().translate(_NO_PUNCTUATION).split())
    return bare or exact


class _Without(dict[int, int | None]):
    """A translation table, filled as characters turn up, that drops Unicode punctuation."""

    def __missing__(self, code: int) -> int | None:
        kept = None if unicodedata.category(chr(code)).startswith("P") else code
        self[code] = kept
        return kept


_NO_PUNCTUATION = _Without()
