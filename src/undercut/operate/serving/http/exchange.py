"""One request on its way through a handler, and the reply that comes out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from undercut.core.requests import Caller
from undercut.operate.serving.http.asgi import HANG_UP, HangUp, RawHeaders, Receive, Scope, Send
from undercut.operate.serving.http.body import read_body
from undercut.operate.serving.http.capacity import Place
from undercut.operate.serving.http.head import Head
from undercut.operate.serving.http.refusal import Refusal

if TYPE_CHECKING:
    from undercut.operate.serving.http.services import Services

JSON = b"application/json"


@dataclass(slots=True)
class Reply:
    """A response whose body is whole. inputs: how many texts it answers, for the log."""

    body: bytes
    status: int = 200
    content_type: bytes = JSON
    headers: RawHeaders = field(default_factory=list)
    inputs: int = 0


@dataclass(slots=True)
class Exchange:
    """A request that may be answered: its rule is kept, its place is taken.

    caller: None on public routes. place: None where no body is read.
    answer_started: set by a handler that sends a response by itself, in parts.
    """

    scope: Scope
    receive: Receive
    send: Send
    head: Head
    services: Services
    caller: Caller | None
    place: Place | None
    parameters: Mapping[str, str]
    answer_started: bool = False

    @property
    def known_caller(self) -> Caller:
        """The caller, on routes that need a key."""
        assert self.caller is not None, "a route without a key asked for its caller"
        return self.caller

    @property
    def hang_up(self) -> HangUp | None:
        """Fires when the client goes, where the server can tell."""
        state = self.scope.get("state")
        found = state.get(HANG_UP) if state else None
        return found if isinstance(found, HangUp) else None

    async def body(self) -> bytes:
        """The whole body, within the limits."""
        assert self.place is not None, "a route without a body asked for it"
        return await read_body(self.receive, self.place, self.services.limits)

    def deadline(self, seconds: float | None = None) -> float:
        """On the clock of `time.monotonic`."""
        return monotonic() + (seconds or self.services.limits.deadline_seconds)

    def digest(self, body: bytes) -> str:
        """Of what was asked and where: another route with the same body is another question."""
        if self.head.idempotency_key is None:
            return ""
        path = str(self.scope["path"]).encode("utf-8", "surrogateescape")
        return hashlib.sha256(path + b"\n" + body).hexdigest()

    def query(self, known: tuple[str, ...]) -> dict[str, str]:
        """Query parameters; Refusal 400 for one that is unknown or given twice."""
        raw = self.scope["query_string"].decode("ascii", errors="replace")
        try:
            pairs = parse_qsl(raw, keep_blank_values=True, max_num_fields=16, errors="strict")
        except ValueError:
            raise _bad_query("the query string cannot be read") from None
        found: dict[str, str] = {}
        for name, value in pairs:
            if name not in known or name in found:
                raise _bad_query(
                    # its name is not repeated: people put keys into URLs
                    f"a query parameter is unknown or given twice; known: {', '.join(known)}"
                )
            found[name] = value
        return found


def _bad_query(message: str) -> Refusal:
    return Refusal(400, "invalid_query", message)


REPLAYED: RawHeaders = [(b"idempotency-replayed", b"true")]
