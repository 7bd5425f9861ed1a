"""Real web sites on loopback addresses: each address of 127.0.0.0/8 is a host of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from undercut.runs.sources.crawl.config import CrawlConfig, FetchConfig

Answering = Callable[["Handler"], None]
Route = str | bytes | Answering
STORY = " ".join(f"Sentence {n} tells something new about the long river." for n in range(8))


def story(title: str, *links: str, text: str = STORY, head: str = "") -> str:
    anchors = "".join(f'<a href="{link}">{link}</a> ' for link in links)
    return (
        f"<html><head><title>{title}</title>{head}</head><body><nav>{anchors}</nav>"
        f"<article><h1>{title}</h1><p>{title} begins. {text}</p></article></body></html>"
    )


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        site: Site = self.server.site
        now = time.monotonic()
        with site.lock:
            site.hits.append((self.path, now))
            site.busy += 1
            site.busiest = max(site.busiest, site.busy)
        try:
            if site.seconds:
                time.sleep(site.seconds)
            route = site.routes.get(self.path, site.other)
            if route is None:
                self.reply(b"nothing here", status=404)
            elif callable(route):
                route(self)
            else:
                self.reply(route if isinstance(route, bytes) else route.encode())
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with site.lock:
                site.busy -= 1

    def reply(
        self,
        body: bytes,
        *,
        status: int = 200,
        kind: str = "text/html; charset=utf-8",
        **headers: str,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@dataclass
class Site:
    """One web site. hits: (path, moment) of each request. seconds: what an answer takes."""

    url: str
    port: int
    routes: dict[str, Route] = field(default_factory=dict)
    other: Route | None = None
    seconds: float = 0.0
    hits: list[tuple[str, float]] = field(default_factory=list)
    busy: int = 0
    busiest: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def asked(self) -> list[str]:
        return [path for path, _ in self.hits]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # crawlers hang up on purpose here


@pytest.fixture
def make_site() -> Iterator[Callable[..., Site]]:
    servers = []

    def make(address: str = "127.0.0.1", port: int = 0) -> Site:
        server = _Server((address, port), Handler)
        site = Site(url=f"http://{address}:{server.server_port}", port=server.server_port)
        server.site = site  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return site

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


def redirect(target: str, status: int = 302) -> Answering:
    return lambda handler: handler.reply(b"", status=status, Location=target)


def endless(handler: Handler, part: bytes, *, seconds: float = 30.0, **headers: str) -> None:
    """A body without end and without a stated length."""
    handler.send_response(200)
    handler.send_header("Content-Type", headers.pop("kind", "text/html"))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Connection", "close")
    handler.end_headers()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        handler.wfile.write(part)
    handler.close_connection = True


LOOPBACK = "127.0.0.1/32"


def quick(*, allow: tuple[str, ...] = (LOOPBACK,), **changes: Any) -> CrawlConfig:
    """A crawl of loopback without pauses."""
    fetch = FetchConfig(
        allow_networks=allow,
        ports=None,
        seconds=changes.pop("seconds", 10.0),
        quiet_seconds=changes.pop("quiet_seconds", 3.0),
        page_bytes=changes.pop("page_bytes", 1 << 20),
    )
    usual = {"delay_seconds": 0, "retry_seconds": 0.01, "readers": 1, "fetch": fetch}
    return CrawlConfig(**{**usual, **changes})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
