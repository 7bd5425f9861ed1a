"""`undercut crawl` as a command, against a real server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cli_fakes import Call

PAGE = (
    "<html><title>{0}</title><body><a href='/b'>b</a><a href='/no'>no</a><article><p>"
    + "Page {0} says that the ferry leaves at noon and returns in the evening. " * 6
    + "</p></article></body></html>"
)


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.path in ("/", "/b")
        body = PAGE.format(self.path).encode() if known else b""
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def seeds(tmp_path: Path) -> Iterator[Path]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    path = tmp_path / "seeds.txt"
    path.write_text(f"http://127.0.0.1:{server.server_port}/\n", encoding="utf-8")
    yield path
    server.shutdown()
    server.server_close()


def test_a_crawl_and_what_it_tells(undercut_cli: Call, seeds: Path, tmp_path: Path) -> None:
    out = tmp_path / "pages"
    flags = ["--out", str(out), "--delay", "0", "--allow-network", "127.0.0.1/32"]
    told = undercut_cli("crawl", str(seeds), *flags)
    assert told.code == 0, told.err
    assert told.out.startswith(f"2 pages in {out} (4 requests in ")
    assert "1 URLs failed, 0 were not asked for:" in told.out
    assert "status 404" in told.out
    assert "crawl from 1 seed ..." in told.err
    again = undercut_cli("crawl", str(seeds), *flags, "--json", "--quiet")
    summary = json.loads(again.out)
    assert (summary["kept"], summary["requests"], summary["failed"]) == (2, 0, 1)
    assert again.err == ""


def test_loopback_is_closed_unless_opened(undercut_cli: Call, seeds: Path, tmp_path: Path) -> None:
    told = undercut_cli("crawl", str(seeds), "--out", str(tmp_path / "out"))
    assert told.code == 3
    assert "is not among [80, 443]" in told.err
    port80 = tmp_path / "s.txt"
    port80.write_text("http://127.0.0.1/\n", encoding="utf-8")
    told = undercut_cli("crawl", str(port80), "--out", str(tmp_path / "out"), "-q", "--json")
    assert json.loads(told.out)["kept"] == 0
    assert "an address that is loopback" in told.out


def test_mistakes_are_told(undercut_cli: Call, seeds: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    assert undercut_cli("crawl", str(tmp_path / "none.txt"), "--out", out).code == 3
    told = undercut_cli("crawl", str(seeds), "--out", out, "--allow-network", "here")
    assert told.code == 2
    assert "no network address" in told.err
    assert undercut_cli("crawl", str(seeds), "--out", out, "--limit", "0").code == 2
