"""Refusing without reading: what an overloaded server does for a request it will not answer.

The way of every other request (parser, task, headers, route, refusal, log line) costs ten times as
much, and a server that is asked ten times as much as it can answer would spend on refusals what
its answers need. So while it is behind, a request for `/v1/predict` that came whole, and of which
nothing has to be known but where it ends, gets the same refusal from here. Whatever is unusual
about a request sends it the ordinary way: nothing is guessed.

Source: RFC 9112, sections 3 and 6 (where a message ends).
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from undercut.operate.serving.http.capacity import Capacity
from undercut.operate.serving.http.counters import Counters
from undercut.operate.serving.http.limits import HttpLimits
from undercut.operate.serving.http.refusal import Dialect, body_of, headers_of
from undercut.operate.serving.http.reply_headers import head_of
from undercut.operate.serving.http.request_ids import RequestIds

OPERATION = "predict"
_LINE = b"POST /v1/predict HTTP/1.1\r\n"
_LENGTH = b"\r\ncontent-length:"
_JSON = b"application/json"
# anything about how long it is, whether more follows, or an id that has to be echoed
_UNUSUAL = (b"transfer-encoding", b"expect", b"upgrade", b"x-request-id", b"content-encoding")
_SPARE_ID = "0" * 25


class UnreadRefusals:
    """Answers whole requests while the server is behind.

    backlog_seconds: as the engine estimates it; asked while the server is behind, or every
    request after a while would take the ordinary way to find that it still is.
    new: refusals since this was last set to 0.
    """

    def __init__(
        self,
        capacity: Capacity,
        counters: Counters,
        limits: HttpLimits,
        ids: RequestIds,
        backlog_seconds: Callable[[], float],
    ) -> None:
        self._backlog_seconds = backlog_seconds
        self._capacity = capacity
        self._counters = counters
        self._limits = limits
        self._ids = ids
        self._made_for = -1.0
        self._head, self._between, self._end = b"", b"", b""
        self.new = 0

    def refuse(self, data: bytes) -> bytes | None:
        """The response to what came, None where it takes the ordinary way."""
        capacity = self._capacity
        if not capacity.behind_until or not is_whole(data, self._limits):
            return None
        started = monotonic()
        if started > capacity.behind_until and not capacity.is_behind(self._backlog_seconds()):
            return None
        if capacity.behind_seconds != self._made_for:
            self._make(capacity.behind_seconds)
        name = self._ids.new().encode("ascii")
        self.new += 1
        self._counters.refusals["overloaded"] += 1
        self._counters.finished(OPERATION, 503, monotonic() - started)
        return b"".join((self._head, name, self._between, name, self._end))

    def _make(self, behind_seconds: float) -> None:
        """The response of the ordinary way, cut where the request's id goes."""
        refusal = self._capacity.behind(behind_seconds, self._limits.backlog_seconds)
        body = body_of(refusal, _SPARE_ID, Dialect.NATIVE)
        headers = head_of(_SPARE_ID, _JSON, headers_of(refusal))
        headers.append((b"content-length", str(len(body)).encode("ascii")))
        lines = [b"HTTP/1.1 503 Service Unavailable", *(b": ".join(one) for one in headers)]
        response = b"\r\n".join(lines) + b"\r\n\r\n" + body
        self._head, self._between, self._end = response.split(_SPARE_ID.encode("ascii"))
        self._made_for = behind_seconds


def is_whole(data: bytes, limits: HttpLimits) -> bool:
    """Whether this is one request for a prediction from its first byte to its last, and as plain
    as they come: one length and no other word on where it ends."""
    if not data.startswith(_LINE):
        return False
    end = data.find(b"\r\n\r\n")
    if end < 0 or end > limits.head_bytes:
        return False
    head = data[:end].lower()
    start = head.find(_LENGTH)
    if start < 0 or head.count(b"content-length") != 1 or head.count(b"\n") != head.count(b"\r\n"):
        return False
    if any(word in head for word in _UNUSUAL):
        return False
    if b"\r\nconnection:" in head and b"\r\nconnection: keep-alive" not in head:
        return False
    length = head[start + len(_LENGTH) :].partition(b"\r\n")[0].strip(b" \t")
    return length.isdigit() and len(length) < 10 and int(length) == len(data) - end - 4
