"""A real HTTP server that answers as a chat endpoint would, or misbehaves as told.

What a well-behaved model says comes from recorded answers (`recorded_smollm2.json`), asked of
SmolLM2-135M-Instruct behind `transformers serve`; see test_labelling_smollm2.py.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CUT = "cut"


@dataclass
class Said:
    """One response. body: a dict becomes JSON; CUT closes the connection half-way."""

    status: int = 200
    body: dict[str, Any] | str = ""
    headers: dict[str, str] = field(default_factory=dict)


def chat(text: str | None, *, tokens: tuple[int, int] | None = (50, 8)) -> Said:
    """A usual reply."""
    body: dict[str, Any] = {"choices": [{"message": {"role": "assistant", "content": text}}]}
    if tokens is not None:
        body["usage"] = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return Said(body=body)


@dataclass
class ChatServer:
    """url: up to /v1. requests: bodies and headers as they came, under way: at most at once."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    most_at_once: int = 0


@contextmanager
def chat_server(behave: Callable[[dict[str, Any], int], Said]) -> Iterator[ChatServer]:
    """behave: gets a request's body and its number from 0."""
    lock = threading.Lock()
    now = [0]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with lock:
                number = len(server.requests)
                server.requests.append(body)
                server.headers.append({k.lower(): v for k, v in self.headers.items()})
                now[0] += 1
                server.most_at_once = max(server.most_at_once, now[0])
            said = behave(body, number)
            with lock:
                now[0] -= 1
            self._send(said)

        def _send(self, said: Said) -> None:
            if said.body == CUT:
                self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{")
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()
                return
            content = said.body if isinstance(said.body, str) else json.dumps(said.body)
            data = content.encode()
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            return

        def handle(self) -> None:
            try:
                super().handle()
            except (ConnectionError, ValueError, OSError):
                return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server = ChatServer(f"http://127.0.0.1:{http.server_address[1]}/v1")
    thread = threading.Thread(
        target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
