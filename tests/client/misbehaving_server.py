"""A real HTTP server on a socket that answers properly, or badly in ways servers do.

Charges are kept as an undercut server keeps them: a request is charged once for each
idempotency key, and a repeat gets the first answer.
"""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Handler = Callable[["MisbehavingServer", "Seen", socket.socket], bool]


@dataclass(frozen=True)
class Seen:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str | None:
        return self.headers.get("idempotency-key")

    @property
    def inputs(self) -> list[str]:
        return json.loads(self.body)["inputs"]


@dataclass
class MisbehavingServer:
    """script: what to do with the next POSTs, in order; afterwards they are answered."""

    script: deque[Handler] = field(default_factory=deque)
    seen: list[Seen] = field(default_factory=list)
    charges: Counter[str] = field(default_factory=Counter)
    bodies: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)
    under_way: int = 0
    most_under_way: int = 0
    service_seconds: float = 0.0
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def charged_inputs(self) -> int:
        return sum(self.charges.values())

    def will(self, *handlers: Handler) -> None:
        self.script.extend(handlers)

    def answer(self, request: Seen) -> tuple[int, dict[str, str], bytes]:
        """Charge and answer once per idempotency key."""
        with self.lock:
            if request.key is not None and request.key in self.answers:
                if self.bodies[request.key] != request.body:
                    return _error(409, "idempotency_conflict", "used with another body")
                return 200, {"Idempotency-Replayed": "true"}, self.answers[request.key]
            number = len(self.seen)
            body = json.dumps(_predictions(request, f"r{number}")).encode()
            name = request.key or f"unkeyed-{number}"
            self.charges[name] += len(request.inputs)
            self.answers[name], self.bodies[name] = body, request.body
            return 200, {}, body


def _predictions(request: Seen, request_id: str) -> dict[str, Any]:
    asked = json.loads(request.body)
    texts = asked["inputs"]
    answers: list[dict[str, Any]] = [
        {
            "label": text[::-1],
            "confidence": 0.75,
            "stage": "first",
            "cost": {"amount": "0.0000021", "currency": "USD"},
        }
        for text in texts
    ]
    if asked["top_k"] > 1:
        for answer in answers:
            answer["top"] = [
                {"label": answer["label"], "confidence": 0.75},
                {"label": "other", "confidence": 0.25},
            ][: asked["top_k"]]
    tokens = sum(len(text.split()) for text in texts)
    cost = {"amount": f"{len(texts) * 21 / 1e7:.7f}", "currency": "USD"}
    return {
        "request_id": request_id,
        "plan": {"name": "tiny", "digest": "d" * 64},
        "answers": answers,
        "usage": {
            "inputs": len(texts),
            "tokens": tokens,
            "stages": {"first": len(texts)},
            "cost": cost,
        },
    }


def _error(status: int, code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    error = {"code": code, "message": message, "hint": None, "request_id": "r-refused"}
    return status, {}, json.dumps({"error": error}).encode()


def send(connection: socket.socket, status: int, headers: dict[str, str], body: bytes) -> bool:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
    return True


# What a handler returns: whether the connection stays open.


def answers(server: MisbehavingServer, request: Seen, connection: socket.socket) -> bool:
    return send(connection, *server.answer(request))


def drops_before(server: MisbehavingServer, request: Seen, connection: socket.socket) -> bool:
    return False


def drops_after(server: MisbehavingServer, request: Seen, connection: socket.socket) -> bool:
    """Charged, and the answer is lost."""
    server.answer(request)
    return False


def resets(server: MisbehavingServer, request: Seen, connection: socket.socket) -> bool:
    server.answer(request)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def truncates(server: MisbehavingServer, request: Seen, connection: socket.socket) -> bool:
    status, _, body = server.answer(request)
    whole = f"HTTP/1.1 {status} OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    connection.sendall(whole[: -len(body) // 2])
    return False


def sends_garbage(server: MisbehavingServer, request: Seen, connection: socket.socket) -> bool:
    server.answer(request)
    return send(
        connection, 200, {"Content-Type": "text/html"}, b"<html>welcome to the hotel</html>"
    )


def forgets_answers(server: MisbehavingServer, request: Seen, connection: socket.socket) -> bool:
    status, headers, body = server.answer(request)
    short = json.loads(body)
    short["answers"].pop()
    return send(connection, status, headers, json.dumps(short).encode())


def speaks_no_http(server: MisbehavingServer, request: Seen, connection: socket.socket) -> bool:
    connection.sendall(b"\x00\x01\x02 SSH-2.0-OpenSSH\r\n\r\n")
    return False


def hangs(seconds: float) -> Handler:
    def handle(server: MisbehavingServer, request: Seen, connection: socket.socket) -> bool:
        reply = server.answer(request)
        time.sleep(seconds)
        return send(connection, *reply)

    return handle


def drips(seconds: float) -> Handler:
    """A byte now and then: each read is quick, the whole never ends."""

    def handle(server: MisbehavingServer, request: Seen, connection: socket.socket) -> bool:
        status, _, body = server.answer(request)
        head = f"HTTP/1.1 {status} OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        connection.sendall(head)
        for byte in body:
            connection.sendall(bytes([byte]))
            time.sleep(seconds)
        return False

    return handle


def refuses(
    status: int, code: str = "overloaded", *, retry_after: str | None = None, plain: bool = False
) -> Handler:
    def handle(server: MisbehavingServer, request: Seen, connection: socket.socket) -> bool:
        _, headers, body = _error(status, code, "not now")
        if retry_after is not None:
            headers["Retry-After"] = retry_after
        return send(connection, status, headers, b"<h1>nginx</h1>" if plain else body)

    return handle


class _Connection(socketserver.BaseRequestHandler):
    request: socket.socket

    def handle(self) -> None:
        owner: MisbehavingServer = self.server.owner  # type: ignore[attr-defined]
        with contextlib.suppress(ConnectionError), self.request.makefile("rb") as lines:
            while (request := _read(lines)) is not None:
                if not self._one(owner, request):
                    return

    def _one(self, owner: MisbehavingServer, request: Seen) -> bool:
        with owner.lock:
            owner.seen.append(request)
            handler = owner.script.popleft() if owner.script else answers
            owner.under_way += 1
            owner.most_under_way = max(owner.most_under_way, owner.under_way)
        try:
            time.sleep(owner.service_seconds)
            if request.path.startswith("/v1/usage"):
                return self._usage(owner, request)
            return handler(owner, request, self.request)
        finally:
            with owner.lock:
                owner.under_way -= 1

    def _usage(self, owner: MisbehavingServer, request: Seen) -> bool:
        month = request.path.partition("month=")[2] or "2026-11"
        used = {"tenant": "acme", "month": month, "requests": len(owner.charges)}
        used |= {"inputs": owner.charged_inputs, "tokens": 5, "stages": {"first": 2}}
        used |= {"costs": [{"amount": "0.5", "currency": "USD"}], "unknown_cost_inputs": 1}
        return send(self.request, 200, {}, json.dumps(used).encode())


def _read(lines: Any) -> Seen | None:
    first = lines.readline().decode("latin-1").split()
    if len(first) != 3:
        return None
    headers = {}
    while (line := lines.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = lines.read(int(headers.get("content-length", "0")))
    return Seen(first[0], first[1], headers, body)


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


@contextlib.contextmanager
def misbehaving_server(port: int = 0) -> Iterator[MisbehavingServer]:
    owner = MisbehavingServer()
    with _Listener(("127.0.0.1", port), _Connection) as listener:
        listener.owner = owner  # type: ignore[attr-defined]
        owner.port = listener.server_address[1]
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield owner
        finally:
            listener.shutdown()
            thread.join()
