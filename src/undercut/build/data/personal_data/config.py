"""What is looked for, what masking leaves, and what it reports."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from undercut.core.errors import ConfigError

LEAST_KEY_BYTES = 16


class Kind(StrEnum):
    """What a stretch of text gives away; also its name in a placeholder."""

    EMAIL = "email"
    PHONE = "phone"
    IDENTITY_CARD = "identity_card"
    BANK_CARD = "bank_card"
    IBAN = "iban"
    IP_ADDRESS = "ip_address"
    SECRET = "secret"
    PASSPORT = "passport"
    NAME = "name"


DEFAULT_KINDS = frozenset(Kind) - {Kind.PASSPORT, Kind.NAME}


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskConfig:
    """kinds: what to look for. PASSPORT has no checksum and only its context speaks for it; NAME
    needs the extra `names`.

    key: without one, values are numbered within each text (`[EMAIL_1]`), and nothing links two
    texts. With one (16 bytes or more), a value gets the same pseudonym in every text, HMAC-SHA-256
    of its normal form (`[EMAIL_3f9a1c0b72de]`): whoever has the key can test a guess, nobody else.
    Raises ConfigError for a shorter key or no kind at all.
    """

    kinds: frozenset[Kind] = DEFAULT_KINDS
    key: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.kinds:
            raise ConfigError("no kind of personal data to look for", hint="leave `kinds` out")
        if self.key is not None and len(self.key) < LEAST_KEY_BYTES:
            raise ConfigError(
                f"the pseudonym key has {len(self.key)} bytes, expected {LEAST_KEY_BYTES} or more",
                hint="secrets.token_bytes(32), kept apart from the data",
            )


@dataclass(frozen=True, slots=True)
class Found:
    """kind, and where: characters [start, end) of the text as it came in. Never the value."""

    kind: Kind
    start: int
    end: int

    @property
    def evidence(self) -> str:
        """For reports: what it was and how long, nothing of the value."""
        return f"{self.kind}, {self.end - self.start} characters"


@dataclass(frozen=True, slots=True)
class Masked:
    """text: with placeholders. found: in the order of the text, never overlapping."""

    text: str
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch that a detector claims. Where two overlap, the stronger stays, then the longer.

    strength: 3 a checksum or a fixed prefix proves it, 2 its form is its own, 1 context says so.
    """

    kind: Kind
    start: int
    end: int
    strength: int


def value_key(kind: Kind, value: str) -> str:
    """What makes two values the same: separators in numbers and case do not count."""
    if kind in (Kind.EMAIL, Kind.NAME):
        return value.casefold()
    if kind in (Kind.SECRET, Kind.IP_ADDRESS):
        return value
    return re.sub(r"[\W_]", "", value).upper()
