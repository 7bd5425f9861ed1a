"""`mask`: placeholders instead of personal data."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from undercut.build.data.personal_data.config import Found, Kind, MaskConfig, Masked, value_key
from undercut.build.data.personal_data.find import find

_PSEUDONYM_DIGITS = 12
_DEFAULT = MaskConfig()


def mask(text: str, config: MaskConfig = _DEFAULT) -> Masked:
    """The text with a placeholder for each value found; the same value, the same placeholder.

    Any str is accepted. Time grows with the length of the text, whatever is in it.
    Raises MissingExtraError where `config` asks for names without their extra.

    >>> mask("mail a@b.org, not c@d.org; a@b.org!").text
    'mail [EMAIL_1], not [EMAIL_2]; [EMAIL_1]!'
    """
    found = find(text, config)
    if not found:
        return Masked(text, ())
    name = _numbers() if config.key is None else _pseudonyms(config.key)
    parts: list[str] = []
    at = 0
    for one in found:
        parts += (
            text[at : one.start],
            f"[{_label(one)}_{name(one.kind, text[one.start : one.end])}]",
        )
        at = one.end
    return Masked("".join([*parts, text[at:]]), found)


def _label(found: Found) -> str:
    return found.kind.value.upper()


def _numbers() -> Callable[[Kind, str], str]:
    numbers: dict[Kind, dict[str, int]] = {}

    def number(kind: Kind, value: str) -> str:
        known = numbers.setdefault(kind, {})
        return str(known.setdefault(value_key(kind, value), len(known) + 1))

    return number


def _pseudonyms(key: bytes) -> Callable[[Kind, str], str]:
    def pseudonym(kind: Kind, value: str) -> str:
        message = f"{kind.value}\0{value_key(kind, value)}".encode("utf-8", "surrogatepass")
        return hmac.new(key, message, hashlib.sha256).hexdigest()[:_PSEUDONYM_DIGITS]

    return pseudonym
