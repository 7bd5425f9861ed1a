"""Refreshing the market: what is checked, and that the old copy survives every failure."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from undercut.core.errors import ArtefactError, ConfigError, ConnectionFailedError, InputError
from undercut.runs.selling import market_snapshots
from undercut.runs.selling.market_refresh import refresh_market
from undercut.runs.selling.market_snapshots import decode_market, open_market, shipped_market
from undercut.runs.sources.crawl.config import FetchConfig
from undercut.sell.market.snapshot_format import write_snapshot

TODAY = date(2026, 11, 1)
LOOPBACK = FetchConfig(ports=None, allow_networks=("127.0.0.0/8",))


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A fifteenth of the shipped market three days later, with one price halved."""
    content = json.loads(write_snapshot(shipped_market().snapshot))
    content["built"] = "2026-10-24"
    content["offers"] = content["offers"][::15]
    kept = {row[0] for row in content["offers"]}
    content["changes"] = {key: rows for key, rows in content["changes"].items() if key in kept}
    row = next(row for row in content["offers"] if row[4] and float(row[4]) > 1)
    row[4] = str(float(row[4]) / 2)
    file = tmp_path / "newer.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "own" / "market.json.gz"


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    servers = []

    def start(answer: Callable[[BaseHTTPRequestHandler], None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def body(handler: BaseHTTPRequestHandler, data: bytes, status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def test_a_newer_file_is_swapped_in_and_compared(newer: Path, place: Path) -> None:
    place.parent.mkdir()
    sha = hashlib.sha256(newer.read_bytes()).hexdigest()
    done = refresh_market(str(newer), today=TODAY, place=place, sha256=sha.upper())
    assert done.hash_checked
    assert (done.built, done.built_before) == (date(2026, 10, 24), date(2026, 10, 21))
    assert (done.added, done.cheaper, done.dearer) == (0, 1, 0)
    assert done.gone == len(shipped_market().snapshot.offers) - done.offers > 3000
    opened = open_market(place)
    assert opened.place == place
    assert opened.snapshot.built == done.built


def refused(kind: type[Exception], said: str, address: str, place: Path, **options: Any) -> None:
    before = place.read_bytes()
    with pytest.raises(kind, match=said):
        refresh_market(address, today=TODAY, place=place, **options)
    assert place.read_bytes() == before
    assert list(place.parent.iterdir()) == [place]


def test_every_failure_keeps_the_old_copy(newer: Path, place: Path, tmp_path: Path) -> None:
    place.parent.mkdir()
    refresh_market(str(newer), today=TODAY, place=place)
    bad = tmp_path / "bad.json"
    refused(ArtefactError, "the old snapshot is kept", str(newer), place, sha256="0" * 64)
    refused(ConfigError, "64 hexadecimal", str(newer), place, sha256="abc")
    refused(InputError, "cannot be read", str(tmp_path / "missing"), place)
    refused(InputError, "cannot refresh from ftp://", "ftp://example.com/x", place)
    for data, said in (
        (b"", "not JSON"),
        (b"[]", "expected a JSON object"),
        (b"{}", "schema None"),
        (gzip.compress(newer.read_bytes())[:-30], "cut off"),
        (b"\x1f\x8b\x08\x00broken", "gzip"),
        (newer.read_bytes().replace(b"2026-10-24", b"2026-10-22"), "before the snapshot in use"),
        (newer.read_bytes().replace(b"2026-10-24", b"2031-10-24"), "no day between"),
    ):
        bad.write_bytes(data)
        refused(ArtefactError, said, str(bad), place)
    older = gzip.compress(write_snapshot(shipped_market().snapshot).encode())
    bad.write_bytes(older)
    refused(ArtefactError, "before the snapshot in use", str(bad), place)


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(market_snapshots, "MOST_BYTES", 10_000)
    with pytest.raises(ArtefactError, match="unpacks to more than 10000 bytes"):
        decode_market(gzip.compress(b" " * 100_000), name="x")
    monkeypatch.setattr(market_snapshots, "MOST_PACKED_BYTES", 100)
    with pytest.raises(ArtefactError, match="expected at most 100"):
        decode_market(b" " * 101, name="x")


def test_a_raw_ledger_keeps_the_routers_history(place: Path) -> None:
    ledger = {
        "schema": 1,
        "litellm": {},
        "built": "2026-10-24",
        "models": [
            {"key": f"k{n}", "mode": "chat", "maker": "maker", "name": "m", "host": "h",
             "input": 0.1, "output": 2, "added": "2025-01-01"}
            for n in range(25)
        ],
        "events": {},
        "sources": [],
        "ratings": {"date": "2026-10-24", "source": "s", "tasks": {"overall": []}},
    }  # fmt: skip
    old = shipped_market().snapshot
    new = decode_market(json.dumps(ledger).encode(), name="x", older=old)
    assert len(new.offers) == 25
    assert new.sightings == old.sightings
    assert new.source("router") == old.source("router")
    assert new.source("ledger").sha256 != old.source("ledger").sha256


def test_from_a_url_over_a_redirect(newer: Path, place: Path, serve: Callable[[Any], str]) -> None:
    place.parent.mkdir()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/old":
            handler.send_response(302)
            handler.send_header("Location", "/market.json")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        else:
            body(handler, newer.read_bytes())

    done = refresh_market(serve(answer) + "/old", today=TODAY, place=place, fetch=LOOPBACK)
    assert done.cheaper == 1


def test_urls_that_give_nothing(newer: Path, place: Path, serve: Callable[[Any], str]) -> None:
    place.parent.mkdir()
    refresh_market(str(newer), today=TODAY, place=place)
    url = serve(lambda h: body(h, b"", 404 if h.path == "/none" else 503))
    refused(
        InputError, "status 404; the old snapshot is kept", url + "/none", place, fetch=LOOPBACK
    )
    refused(ConnectionFailedError, "status 503", url + "/busy", place, fetch=LOOPBACK)
    large = LOOPBACK.model_copy(update={"page_bytes": 1000})
    url = serve(lambda h: body(h, b" " * 5000))
    refused(InputError, "more than 1000 bytes", url + "/", place, fetch=large)


def test_addresses_inside_are_never_asked(place: Path, serve: Callable[[Any], str]) -> None:
    asked = []
    url = serve(lambda h: asked.append(h.path))
    place.parent.mkdir()
    anywhere = FetchConfig(ports=None)
    for address in (url, url.replace("127.0.0.1", "localhost"), "http://169.254.169.254/x"):
        with pytest.raises(InputError, match="refused"):
            refresh_market(address, today=TODAY, place=place, fetch=anywhere)
    with pytest.raises(InputError, match="port"):
        refresh_market("http://example.com:22/x", today=TODAY, place=place)
    assert asked == []
    assert not place.exists()


def test_which_copy_is_used(tmp_path: Path, newer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERCUT_MARKET", raising=False)
    assert open_market().place is None
    refresh_market(str(newer), today=TODAY)
    assert open_market().snapshot.built == date(2026, 10, 24)
    with pytest.raises(InputError, match="no market snapshot here"):
        open_market(tmp_path / "other.json.gz")
    monkeypatch.setenv("UNDERCUT_MARKET", str(tmp_path / "named.json.gz"))
    with pytest.raises(InputError, match="no market snapshot here"):
        open_market()
    (tmp_path / "named.json.gz").write_bytes(b"damaged")
    with pytest.raises(ArtefactError, match="not JSON"):
        open_market()
    # a damaged copy may be replaced
    assert refresh_market(str(newer), today=TODAY + timedelta(days=1)).offers > 200
    assert open_market().snapshot.built == date(2026, 10, 24)
