"""Answered requests as rows, built as cheaply as a hot path asks for."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta

import orjson

from undercut.core.errors import ConfigError
from undercut.core.requests import AnsweredRequest
from undercut.operate.metering.amounts import attos, split
from undercut.operate.metering.hot_sql import marks

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# below this a packed answer saves less than it costs
_PACK_BYTES = 512

REQUEST_COLUMNS = (
    "tenant",
    "request_id",
    "key_id",
    "account",
    "month",
    "answered_us",
    "plan",
    "inputs",
    "tokens",
    "stages",
    "currency",
    "nano",
    "atto",
    "idempotency_key",
)
CLAIM_COLUMNS = (
    "tenant",
    "idempotency_key",
    "request_id",
    "body_sha256",
    "packed",
    "answer",
    "token",
)

INSERT_REQUEST, INSERT_CLAIM = (
    f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks(len(columns))})"
    for table, columns in (("requests", REQUEST_COLUMNS), ("claims", CLAIM_COLUMNS))
)

Row = tuple[object, ...]


def microseconds(at: datetime) -> int:
    """Whole microseconds since 1970; ConfigError for a time without a zone."""
    if at.tzinfo is None:
        raise ConfigError(f"times of the books have a zone, got {at.isoformat()}")
    return (at - _EPOCH) // _MICROSECOND


def moment(number: int) -> datetime:
    """The inverse of `microseconds`."""
    return _EPOCH + number * _MICROSECOND


def month_of(at: datetime) -> str:
    """The UTC month of a time, 'YYYY-MM'."""
    at = at.astimezone(UTC)
    return f"{at.year:04}-{at.month:02}"


def request_row(request: AnsweredRequest, account: str, month: str) -> Row:
    """The row in the order of REQUEST_COLUMNS."""
    cost = request.cost
    nano, atto = (0, 0) if cost is None else split(attos(cost))
    return (
        request.caller.tenant,
        request.request_id,
        request.caller.key_id,
        account,
        month,
        microseconds(request.answered_at),
        request.plan,
        request.inputs,
        request.tokens,
        orjson.dumps(dict(request.stages)).decode(),
        "" if cost is None else cost.currency,
        nano,
        atto,
        request.idempotency_key,
    )


def claim_row(request: AnsweredRequest, token: int) -> Row:
    """The row in the order of CLAIM_COLUMNS."""
    packed, answer = pack(request.answer)
    return (
        request.caller.tenant,
        request.idempotency_key,
        request.request_id,
        request.body_sha256,
        packed,
        answer,
        token,
    )


def pack(answer: bytes) -> tuple[int, bytes]:
    """(1, packed) where packing makes an answer smaller, else (0, the answer)."""
    if len(answer) < _PACK_BYTES:
        return 0, answer
    small = zlib.compress(answer, 1)
    return (1, small) if len(small) < len(answer) else (0, answer)


def unpack(packed: int, answer: bytes) -> bytes:
    """The answer as it was."""
    return zlib.decompress(answer) if packed else bytes(answer)
