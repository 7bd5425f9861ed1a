"""A reply that is no answer, as the error to raise and whether asking again may help."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from undercut.client.replies import Reply
from undercut.core.errors import (
    AuthenticationError,
    BooksUnavailableError,
    ConfigError,
    ConnectionFailedError,
    DeadlineExceededError,
    IdempotencyConflictError,
    InputError,
    OverloadedError,
    PermissionDeniedError,
    QuotaExceededError,
    RequestError,
    UndercutError,
)

_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Failure:
    """One attempt that failed.

    again: whether another attempt may succeed. wait_seconds: what the server asked for, None
    where it did not say. unanswered: it is certain that nothing was answered or counted.
    """

    error: UndercutError
    again: bool
    wait_seconds: float | None = None
    unanswered: bool = False


@dataclass(frozen=True, slots=True)
class _Told:
    """The error object of a reply, as far as there is one."""

    code: str
    message: str
    hint: str | None
    request_id: str | None
    retry_after_seconds: float | None


_REQUEST_ERRORS: Final[dict[int, type[RequestError]]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    409: IdempotencyConflictError,
    429: QuotaExceededError,
    503: OverloadedError,
    504: DeadlineExceededError,
}
_TEMPORARY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
# Refusals say that nothing was done; a gateway's 502 or 504, or a defect, may hide an answer.
_REFUSALS: Final = frozenset({425, 429, 503})


def refusal(reply: Reply) -> Failure:
    """The failure that a reply other than 200 stands for."""
    told = _told(reply)
    wait = _retry_after_seconds(reply) if told is None else told.retry_after_seconds
    if wait is None:
        wait = _retry_after_seconds(reply)
    return Failure(
        error=_error(reply, told, wait),
        again=reply.status in _TEMPORARY,
        wait_seconds=wait,
        unanswered=reply.status in _REFUSALS or reply.status < 500,
    )


def _error(reply: Reply, told: _Told | None, wait: float | None) -> UndercutError:
    if told is None:
        return _unexplained(reply, wait)
    message = told.message if told.request_id is None else f"{told.message} ({told.request_id})"
    if told.code == "books_unavailable":
        return BooksUnavailableError(message, hint=told.hint, retry_after_seconds=wait)
    if kind := _REQUEST_ERRORS.get(reply.status):
        return kind(message, hint=told.hint, retry_after_seconds=wait)
    if reply.status in {400, 413, 415, 422}:
        return InputError(message, hint=told.hint)
    if reply.status < 500:
        return RequestError(f"the server refused ({reply.status}): {message}", hint=told.hint)
    return ConnectionFailedError(f"the server failed ({reply.status}): {message}", hint=told.hint)


def _unexplained(reply: Reply, wait: float | None) -> UndercutError:
    """A reply that does not come from undercut: a gateway, or another server altogether."""
    start = reply.body[:_SHOWN].decode("utf-8", "replace").strip()
    message = f"the server sent status {reply.status}" + (f": {start!r}" if start else "")
    if 300 <= reply.status < 400:
        place = reply.headers.get("location", "elsewhere")
        return ConfigError(
            f"the server sends requests on to {place[:_SHOWN]}",
            hint="give that address; a key is not sent to where another server points",
        )
    if kind := _REQUEST_ERRORS.get(reply.status):
        if reply.status in {504, 409}:
            return ConnectionFailedError(message)
        return kind(message, retry_after_seconds=wait)
    if reply.status in {404, 405}:
        return ConfigError(message, hint="is this the address of an undercut server?")
    return ConnectionFailedError(message)


def _told(reply: Reply) -> _Told | None:
    try:
        error = json.loads(reply.body)["error"]
        seconds = error.get("retry_after_seconds")
        return _Told(
            code=str(error["code"]),
            message=str(error["message"]),
            hint=None if error.get("hint") is None else str(error["hint"]),
            request_id=None if error.get("request_id") is None else str(error["request_id"]),
            retry_after_seconds=None if seconds is None else _bounded(float(seconds)),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Not our error object: the caller gets what is known from the status alone.
        return None


def _retry_after_seconds(reply: Reply) -> float | None:
    """Retry-After in seconds (RFC 9110, 10.2.3): a number, or a date less the reply's own Date."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return _bounded(float(text))
    then, sent = _date(text), _date(reply.headers.get("date", ""))
    # Both dates are the server's: its clock may be wrong, and the difference still right.
    if then is None or sent is None:
        return None
    return _bounded((then - sent).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).replace(tzinfo=None)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _bounded(seconds: float) -> float | None:
    """From now on, never before; None for what is no number."""
    return None if seconds != seconds else max(0.0, min(seconds, 1e9))
