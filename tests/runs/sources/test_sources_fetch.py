"""One request and its bounds: what a hostile server may do to the crawler."""

import asyncio
import gzip
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sources_sites import Handler, Site, endless, quick, redirect, story

from undercut.runs.sources.crawl.config import FetchConfig
from undercut.runs.sources.crawl.fetch import Answer, Fetcher, FetchError
from undercut.runs.sources.crawl.network import Resolver, resolve
from undercut.runs.sources.crawl.run import crawl

MakeSite = Callable[..., Site]


def get(
    url: str, config: FetchConfig | None = None, resolver: Resolver = resolve, times: int = 1
) -> Answer:
    async def ask() -> Answer:
        async with Fetcher(config or quick().fetch, resolver=resolver) as fetcher:
            for _ in range(times):
                answer = await fetcher.get(url)
            return answer

    return asyncio.run(ask())


def why(url: str, config: FetchConfig | None = None, resolver: Resolver = resolve) -> str:
    with pytest.raises(FetchError) as caught:
        get(url, config, resolver)
    return caught.value.reason


def test_a_page_and_its_headers(site: Site) -> None:
    site.routes["/a?b=c"] = story("Hello")
    answer = get(site.url + "/a?b=c")
    assert (answer.status, answer.content_type) == (200, "text/html")
    assert b"Hello begins" in answer.body


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost", "0.0.0.0", "2130706434", "0x7f.2"])
def test_inner_addresses_are_not_connected_to(make_site: MakeSite, host: str) -> None:
    inner = make_site("127.0.0.2")
    assert "refused" in why(f"http://{host}:{inner.port}/", quick(allow=("127.9.9.9/32",)).fetch)
    assert not inner.asked


def test_by_default_loopback_and_other_ports_are_closed(site: Site) -> None:
    assert "loopback" in why(site.url + "/", FetchConfig(ports=None))
    site.routes["/"] = redirect("http://example.com:22/")
    with pytest.raises(FetchError, match="port"):
        get(site.url + "/", FetchConfig(allow_networks=("127.0.0.1/32",)))


def test_a_name_with_one_private_address_is_refused(site: Site) -> None:
    async def both(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1", "10.0.0.7"]

    assert "10.0.0.7" in why(f"http://mixed.test:{site.port}/", resolver=both)
    assert not site.asked


def test_the_connection_goes_to_the_address_that_was_checked(make_site: MakeSite) -> None:
    """DNS rebinding: the name's second answer is private, and is never asked for in a request."""
    public = make_site("127.0.0.1")
    inner = make_site("127.0.0.2", public.port)
    public.other = story("Public")
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])
    asked = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    url = f"http://rebind.test:{public.port}/"  # no name server knows it: it must not be asked
    assert b"Public" in get(url, resolver=rebinding).body
    assert asked == ["rebind.test"]
    assert "127.0.0.2" in why(url, resolver=rebinding)
    assert public.asked == ["/"]
    assert not inner.asked


def test_a_redirect_to_an_inner_address_is_refused(make_site: MakeSite, tmp_path: Path) -> None:
    site, inner = make_site(), make_site("127.0.0.2")
    site.routes = {
        "/": story("Start", "/r", "/m"),
        "/r": redirect(inner.url + "/admin"),
        "/m": redirect("http://169.254.169.254/latest/meta-data/"),
    }
    crawl([site.url], tmp_path, quick(follow="any"))
    text = (tmp_path / "problems.jsonl").read_text(encoding="utf-8")
    assert "an address that is loopback" in text
    assert "an address that is link-local (cloud metadata)" in text
    assert not inner.asked


def test_proxies_of_the_environment_are_not_used(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    site.other = story("Direct")
    assert get(site.url + "/").status == 200


def test_endless_pages_end(site: Site) -> None:
    site.routes["/fast"] = lambda h: endless(h, b"<p>more</p>" * 500)
    assert "more than 1048576 bytes" in why(site.url + "/fast")

    def trickle(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        for _ in range(60):
            handler.wfile.write(b"x")
            time.sleep(0.05)

    site.routes["/slow"] = trickle
    started = time.monotonic()
    assert "not finished within 0.5 seconds" in why(site.url + "/slow", quick(seconds=0.5).fetch)
    assert time.monotonic() - started < 2.0


def test_headers_without_end_and_too_many_hints(site: Site) -> None:
    def headers(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for n in range(200_000):
            handler.wfile.write(f"X-{n}: {'y' * 50}\r\n".encode())

    def hints(handler: Handler) -> None:
        until = time.monotonic() + 5
        while time.monotonic() < until:
            handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50)

    site.routes = {"/headers": headers, "/hints": hints}
    assert "connection failed" in why(site.url + "/headers")
    assert "within 0.7 seconds" in why(site.url + "/hints", quick(seconds=0.7).fetch)


@pytest.mark.parametrize("kind", ["gzip", "deflate", "x-gzip"])
def test_packed_pages_are_unpacked(site: Site, kind: str) -> None:
    text = story("Packed").encode()
    packed = gzip.compress(text) if "gzip" in kind else zlib.compress(text)
    site.other = lambda h: h.reply(packed, Content_Encoding=kind)
    assert get(site.url + "/").body == text


def test_bare_deflate_is_unpacked_too(site: Site) -> None:
    bare = zlib.compressobj(wbits=-15)
    packed = bare.compress(b"<p>hello</p>" * 50) + bare.flush()
    site.other = lambda h: h.reply(packed, Content_Encoding="deflate")
    assert get(site.url + "/").body == b"<p>hello</p>" * 50


@pytest.mark.parametrize(
    ("body", "coding", "reason"),
    [
        (gzip.compress(bytes(10 << 20)), "gzip", "unpacks to more than"),
        (zlib.compress(bytes(10 << 20)), "deflate", "unpacks to more than"),
        (gzip.compress(gzip.compress(bytes(1 << 20))), "gzip, gzip", "more than once"),
        (b"xx", "br", "content encoding 'br'"),
        (gzip.compress(b"hello" * 999)[:-9], "gzip", "cut off"),
        (b"no gzip", "gzip", "damaged"),
    ],
    # names of their own: a packed body names the second in which it was made, and two processes
    # that collect must find the same names
    ids=["gzip bomb", "deflate bomb", "packed twice", "unknown coding", "cut off", "damaged"],
)
def test_packed_bombs_and_damage(site: Site, body: bytes, coding: str, reason: str) -> None:
    site.other = lambda h: h.reply(body, Content_Encoding=coding)
    assert reason in why(site.url + "/")


_HUNGRY = """
import sys
from pathlib import Path
from undercut.runs.sources.crawl.config import CrawlConfig
from undercut.runs.sources.crawl.run import crawl
config = CrawlConfig.model_validate_json(sys.argv[3])
crawl([sys.argv[1]], sys.argv[2], config)
# ru_maxrss would count the test process from before exec
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_bombs_and_endless_bodies_take_no_memory(site: Site, tmp_path: Path) -> None:
    """10 GB behind a gzip page, an endless page, and a robots.txt of 1 GB."""
    packer = zlib.compressobj(9, wbits=31)
    megabytes = bytes(1 << 20)
    bomb = b"".join([packer.compress(megabytes) for _ in range(512)]) + packer.flush()
    sent = [0]

    def robots(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(1 << 30))
        handler.end_headers()
        handler.wfile.write(b"User-agent: *\nAllow: /\nDisallow: /secret\n")
        for _ in range(1 << 10):
            handler.wfile.write(b"# comment\n" * 104_858)
            sent[0] += 1

    site.routes = {
        "/robots.txt": robots,
        "/": story("Start", "/bomb", "/endless", "/line", "/secret", "/fine"),
        "/bomb": lambda h: h.reply(bomb * 20, Content_Encoding="gzip"),
        "/endless": lambda h: endless(h, b"<div><p>x</p>" * 5_000),
        "/line": lambda h: endless(h, b"x" * 65_536),
        "/fine": story("Fine"),
    }
    paths = os.pathsep.join(path for path in sys.path if path)
    config = quick(page_bytes=8 << 20, seconds=20)
    done = subprocess.run(
        [sys.executable, "-c", _HUNGRY, site.url, str(tmp_path), config.model_dump_json()],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": paths},
        check=True,
        timeout=100,
    )
    assert int(done.stdout) < 160 * 1024  # the libraries alone take about 70 MB
    pages = (tmp_path / "pages.jsonl").read_text(encoding="utf-8")
    assert pages.count('"url"') == 2
    assert sent[0] < 100  # the rest of robots.txt was not even taken
    assert "/secret" not in site.asked


def test_a_page_made_to_hang_its_reader_is_given_up(site: Site, tmp_path: Path) -> None:
    site.routes = {
        "/": story("Start", "/slow", "/fine"),
        "/slow": "<html><body>" + "<p>hello world this is text</p>" * 60_000,
        "/fine": story("Fine"),
    }
    started = time.monotonic()
    summary = crawl([site.url], tmp_path, quick(page_bytes=8 << 20, extract_seconds=1.0))
    assert summary.kept == 2
    assert summary.reasons == (("finding the main text took longer than 1 seconds", 1),)
    assert time.monotonic() - started < 15
