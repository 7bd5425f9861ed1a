"""Refusals: which error becomes which status and code, and how a body says so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import orjson

from undercut.core.errors import (
    AuthenticationError,
    BooksUnavailableError,
    DeadlineExceededError,
    IdempotencyConflictError,
    InputError,
    OverloadedError,
    PermissionDeniedError,
    QuotaExceededError,
    RequestError,
    UndercutError,
)
from undercut.operate.serving.http.asgi import RawHeaders


class Dialect(StrEnum):
    """Whose error bodies a route speaks."""

    NATIVE = "native"
    TEI = "text-embeddings-inference"
    OPEN_INFERENCE = "open-inference"


class Refusal(Exception):  # noqa: N818 - named after what it is
    """A request that gets no answer: a status, a code for programs, words for people.

    position: of the input that is wrong, where there is one.
    headers: beside the usual ones. close: the connection cannot be used again.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        retry_after_seconds: float | None = None,
        position: int | None = None,
        headers: RawHeaders | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.retry_after_seconds = retry_after_seconds
        self.position = position
        self.headers = headers or []
        self.close = close


@dataclass(frozen=True, slots=True)
class _Mapping:
    error: type[UndercutError]
    status: int
    code: str


_STATUSES = (
    _Mapping(AuthenticationError, 401, "unauthenticated"),
    _Mapping(PermissionDeniedError, 403, "permission_denied"),
    _Mapping(IdempotencyConflictError, 409, "idempotency_conflict"),
    _Mapping(QuotaExceededError, 429, "quota_exceeded"),
    _Mapping(OverloadedError, 503, "overloaded"),
    _Mapping(DeadlineExceededError, 504, "deadline_exceeded"),
    _Mapping(BooksUnavailableError, 503, "books_unavailable"),
    # such as a plan that fails on a text: ours to repair, with words that are meant for callers
    _Mapping(RequestError, 500, "answer_failed"),
    _Mapping(InputError, 422, "invalid_input"),
)
# Statuses that promise a Retry-After, with the wait where the error names none.
_USUAL_WAIT_SECONDS = {429: 1.0, 503: 1.0}


def refusal_of(error: UndercutError) -> Refusal:
    """The refusal that an expected error becomes; what is not known is the server's own fault."""
    for mapping in _STATUSES:
        if isinstance(error, mapping.error):
            wait = error.retry_after_seconds if isinstance(error, RequestError) else None
            return Refusal(
                mapping.status,
                mapping.code,
                error.message,
                hint=error.hint,
                retry_after_seconds=wait,
            )
    return defect()


def defect() -> Refusal:
    """A fault of the server; its details stand in the log, under the request id."""
    return Refusal(
        500, "internal_error", "the server failed on this request", hint="report the request id"
    )


def wait_of(refusal: Refusal) -> float | None:
    """Seconds after which to try again: what the error said, else what its status promises."""
    if refusal.retry_after_seconds is not None:
        wait = refusal.retry_after_seconds
        return max(0.0, wait) if math.isfinite(wait) else None
    return _USUAL_WAIT_SECONDS.get(refusal.status)


def headers_of(refusal: Refusal) -> RawHeaders:
    """Headers that a refusal adds."""
    headers = list(refusal.headers)
    wait = wait_of(refusal)
    if wait is not None:
        headers.append((b"retry-after", str(max(1, math.ceil(wait))).encode()))
    if refusal.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="undercut"'))
    if refusal.close:
        headers.append((b"connection", b"close"))
    return headers


def error_fields(refusal: Refusal, request_id: str) -> dict[str, object]:
    """The `error` object of a native body."""
    fields: dict[str, object] = {
        "code": refusal.code,
        "message": refusal.message,
        "hint": refusal.hint,
        "request_id": request_id,
        "retry_after_seconds": wait_of(refusal),
    }
    if refusal.position is not None:
        fields["position"] = refusal.position
    return fields


def body_of(refusal: Refusal, request_id: str, dialect: Dialect) -> bytes:
    """The body in the words of the protocol that was spoken."""
    fields = error_fields(refusal, request_id)
    if dialect is Dialect.NATIVE:
        return orjson.dumps({"error": fields})
    words = refusal.message if refusal.hint is None else f"{refusal.message}; try: {refusal.hint}"
    if dialect is Dialect.OPEN_INFERENCE:
        return orjson.dumps({"error": words, "code": refusal.code, "request_id": request_id})
    return orjson.dumps(
        {
            "error": words,
            "error_type": _tei_type(refusal.status),
            "code": refusal.code,
            "request_id": request_id,
        }
    )


def _tei_type(status: int) -> str:
    """Source: ErrorType of text-embeddings-inference's router."""
    if status in {429, 503}:
        return "Overloaded"
    if status in {500, 504}:
        return "Backend"
    return "Validation"
