"""What a request's headers say, read once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from undercut.operate.serving.http.asgi import RawHeaders
from undercut.operate.serving.http.refusal import Refusal
from undercut.operate.serving.http.request_ids import RequestIds, safe_id

# Printable ASCII without blanks: what a key may look like in a log and in the books.
_IDEMPOTENCY_KEY = re.compile(rb"[\x21-\x7e]{1,200}")
_FORWARDED = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"})


@dataclass(slots=True)
class Head:
    """Headers that matter here.

    request_id: echoed in X-Request-Id; books_id: unique, under which the books keep the request.
    secret: of `Authorization: Bearer`. content_length: None where the body is sent in chunks.
    forwarded: it came through a proxy, so the peer's address says nothing about the caller.
    """

    request_id: str
    books_id: str
    secret: str | None = None
    idempotency_key: str | None = None
    content_length: int | None = 0
    content_type: bytes = b""
    content_encoding: bytes = b""
    accept: bytes = b""
    host: bytes = b""
    traceparent: bytes = b""
    forwarded: bool = False
    expects_continue: bool = False
    fault: Refusal | None = None


def read_head(headers: RawHeaders, ids: RequestIds) -> Head:
    """Read headers; a wrong one is kept as `fault`, so that its refusal can name the request."""
    given: str | None = None
    head = Head(request_id="", books_id="")
    for name, value in headers:
        if name == b"authorization":
            _authorization(head, value)
        elif name == b"content-length":
            head.content_length = int(value) if value.isdigit() else 0
        elif name == b"content-type":
            head.content_type = value.partition(b";")[0].strip().lower()
        elif name == b"host":
            head.host = value
        elif name == b"x-request-id":
            given = safe_id(value)
        elif name == b"idempotency-key":
            _idempotency_key(head, value)
        elif name == b"transfer-encoding":
            head.content_length = None
        elif name == b"content-encoding":
            head.content_encoding = value.strip().lower()
        elif name == b"accept":
            head.accept = value
        elif name == b"traceparent":
            head.traceparent = value
        elif name == b"expect":
            head.expects_continue = True
        elif name in _FORWARDED:
            head.forwarded = True
    head.request_id = given or ids.new()
    head.books_id = ids.for_books(head.request_id, own=given is None)
    return head


def _authorization(head: Head, value: bytes) -> None:
    scheme, _, secret = value.partition(b" ")
    if head.secret is not None:
        head.fault = Refusal(400, "invalid_header", "Authorization was given twice")
    elif scheme.lower() == b"bearer" and secret.strip():
        # what is not ASCII is no key of ours: it stays, unknown, and is refused as such
        head.secret = secret.strip().decode("ascii", errors="replace")


def _idempotency_key(head: Head, value: bytes) -> None:
    if head.idempotency_key is not None or not _IDEMPOTENCY_KEY.fullmatch(value):
        head.fault = Refusal(
            400,
            "invalid_idempotency_key",
            "Idempotency-Key must be given once, as 1 to 200 visible ASCII characters "
            "without blanks",
            hint="a UUID for each request, repeated when it is tried again",
        )
    else:
        head.idempotency_key = value.decode("ascii")
