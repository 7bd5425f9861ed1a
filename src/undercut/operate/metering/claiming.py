"""Claims of idempotency keys: unique for ever per tenant, with the answer that each got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from undercut.core.errors import IdempotencyConflictError, InputError
from undercut.operate.metering.database import Database
from undercut.operate.metering.hot_sql import hot
from undercut.operate.metering.rows import INSERT_CLAIM, Row, unpack

KEY_CHARACTERS = 255
_KEY = ("tenant", "idempotency_key")
_FOUND = (*_KEY, "body_sha256", "token", "packed", "answer")


@dataclass(frozen=True, slots=True)
class Standing:
    """A claim in the books: (tenant, key), whose body it was, and the answer it got."""

    claimed: tuple[str, str]
    body_sha256: str
    token: int
    packed: int
    stored: bytes

    @property
    def answer(self) -> bytes:
        """The answer as it went out."""
        return unpack(self.packed, self.stored)


_CLAIM = f"{INSERT_CLAIM} ON CONFLICT (tenant, idempotency_key) DO NOTHING"


def claim(connection: Connection, rows: list[Row]) -> int:
    """Insert claims that nobody made before; returns how many are new."""
    return hot(connection, _CLAIM, rows).rowcount


def standing(
    connection: Connection, database: Database, claimed: Sequence[tuple[str, str]]
) -> list[Standing]:
    """The claims that stand among these (tenant, key) pairs."""
    query, parameters = database.among("claims", _FOUND, _KEY, claimed)
    found = connection.exec_driver_sql(query, parameters)
    return [Standing((row[0], row[1]), *row[2:]) for row in found]


def conflict(key: str) -> IdempotencyConflictError:
    """The refusal of a key that was used with another body."""
    return IdempotencyConflictError(
        f"the Idempotency-Key {key!r} was used before with another body",
        hint="a new key for a new request; the same body for a retry",
    )


def check_idempotency_key(key: str) -> None:
    """Raise InputError for a key that is empty, too long or not printable ASCII."""
    if not 0 < len(key) <= KEY_CHARACTERS or not (key.isascii() and key.isprintable()):
        raise InputError(
            f"an Idempotency-Key has 1 to {KEY_CHARACTERS} printable ASCII characters,"
            f" got {len(key)} characters",
            hint="a UUID",
        )
