"""When two texts count as the same."""

from __future__ import annotations

import hashlib
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


def key_digests(text: str) -> str:
    """64 hex digits: 128 bits of the exact key, then of the loose key, for files and sorting."""
    return _digest(exact_key(text)) + _digest(loose_key(text))


def _digest(key: str) -> str:
    encoded = key.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(encoded, digest_size=16).hexdigest()


class _Without(dict[int, int | None]):
    """A translation table, filled as characters turn up, that drops Unicode punctuation."""

    def __missing__(self, code: int) -> int | None:
        kept = None if unicodedata.category(chr(code)).startswith("P") else code
        self[code] = kept
        return kept


_NO_PUNCTUATION = _Without()
