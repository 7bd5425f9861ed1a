import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from sources_sites import Site, quick, redirect, story

from undercut.cli.crawl import summary_lines
from undercut.core.errors import ArtefactError, ConfigError, InputError
from undercut.runs.sources import open_source
from undercut.runs.sources.crawl.run import crawl, read_seeds
from undercut.runs.sources.crawl.summary import CrawlSummary

MakeSite = Callable[..., Site]


def kept(folder: Path) -> list[str]:
    with (folder / "pages.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line)["url"] for line in file]


def problems(folder: Path) -> dict[str, str]:
    with (folder / "problems.jsonl").open(encoding="utf-8") as file:
        return {row["url"]: row["reason"] for row in map(json.loads, file)}


def tree(site: Site, pages: int, fan: int = 3) -> None:
    """A site whose pages /0 ... are linked as a tree."""
    for n in range(pages):
        below = [f"/{k}" for k in range(n * fan + 1, n * fan + 1 + fan) if k < pages]
        site.routes[f"/{n}"] = story(f"Page {n}", *below)


def test_a_site_is_crawled_once_each_with_text_and_provenance(site: Site, tmp_path: Path) -> None:
    tree(site, 12)
    licence = '<a rel="license" href="https://creativecommons.org/licenses/by/4.0/">free</a>'
    site.routes["/0"] = story(
        "Start", "/1", "/2", "/3", "/0#again", "/1?utm_source=x", text=licence
    )
    summary = crawl([site.url + "/0"], tmp_path, quick())
    assert (summary.kept, summary.failed, summary.waiting) == (12, 0, 0)
    assert sorted(kept(tmp_path)) == sorted(f"{site.url}/{n}" for n in range(12))
    assert len(site.asked) == len(set(site.asked)) == 13  # robots.txt with them
    documents = [d for batch in open_source(tmp_path).batches() for d in batch]
    assert len(documents) == open_source(tmp_path).rows_at_most == 12
    first = documents[0]
    assert first.origin.place == site.url + "/0"
    assert first.origin.licence == "CC-BY-4.0"
    assert first.origin.date is not None
    assert documents[1].text.startswith("Page 1 begins. Sentence 0")
    assert documents[1].extra["title"] == "Page 1"


def test_what_was_kept_is_a_warc_file_too(site: Site, tmp_path: Path) -> None:
    tree(site, 4)
    site.routes["/1"] = lambda h: h.reply(
        gzip.compress(story("Packed").encode()), Content_Encoding="gzip"
    )
    crawl([site.url + "/0"], tmp_path, quick())
    records = [r for b in open_source(tmp_path / "pages.warc.gz").batches() for r in b]
    assert [r.extra["url"] for r in records] == kept(tmp_path)
    texts = [json.loads(x)["text"] for x in (tmp_path / "pages.jsonl").open(encoding="utf-8")]
    assert [r.text for r in records] == texts


def test_limits_of_pages_depth_and_hosts(make_site: MakeSite, tmp_path: Path) -> None:
    site, other = make_site(), make_site("127.0.0.2")
    tree(site, 16)
    site.routes["/0"] = story("Start", "/1", "/2", other.url + "/x")
    other.other = story("Elsewhere")
    loop = ("127.0.0.0/8",)
    assert crawl([site.url + "/0"], tmp_path / "a", quick(limit=7, allow=loop)).kept == 7
    assert len(site.asked) <= 7 + 1 + 1
    assert crawl([site.url + "/0"], tmp_path / "b", quick(depth=1, allow=loop)).kept == 3
    assert crawl([site.url + "/0"], tmp_path / "c", quick(follow="none", allow=loop)).kept == 1
    assert not other.asked
    config = quick(depth=1, follow="any", host_pages=2, allow=loop)
    assert crawl([site.url + "/0"], tmp_path / "d", config).kept == 3
    assert other.asked == ["/robots.txt", "/x"]
    assert "2 pages of this site are kept already" in problems(tmp_path / "d").values()


def test_robots_txt_is_obeyed_and_asked_for_once(site: Site, tmp_path: Path) -> None:
    tree(site, 6)
    site.routes["/robots.txt"] = "User-agent: *\nDisallow: /2\nDisallow: /3"
    summary = crawl([site.url + "/0"], tmp_path, quick(warc=False))
    assert not (tmp_path / "pages.warc.gz").exists()
    assert site.asked.count("/robots.txt") == 1
    assert "/2" not in site.asked
    assert "/3" not in site.asked
    assert summary.refused == 2
    assert summary.reasons == (("robots.txt disallows it", 2),)
    crawl([site.url + "/0", site.url + "/robots-are-kept"], tmp_path, quick())
    assert site.asked.count("/robots.txt") == 1  # kept over the restart


@pytest.mark.parametrize("status", [500, 429])
def test_a_robots_txt_out_of_reach_forbids_the_site(
    site: Site, tmp_path: Path, status: int
) -> None:
    tree(site, 2)
    site.routes["/robots.txt"] = lambda h: h.reply(b"later", status=status)
    summary = crawl([site.url + "/0"], tmp_path, quick())
    assert (summary.kept, summary.refused) == (0, 1)
    assert set(site.asked) == {"/robots.txt"}
    assert "robots.txt cannot be reached" in problems(tmp_path)[site.url + "/0"]


def test_robots_txt_may_redirect(make_site: MakeSite, tmp_path: Path) -> None:
    site, other = make_site(), make_site("127.0.0.2")
    tree(site, 2)
    site.routes["/robots.txt"] = redirect(other.url + "/rules")
    other.routes["/rules"] = "User-agent: undercut\nDisallow: /1"
    crawl([site.url + "/0"], tmp_path, quick(allow=("127.0.0.0/8",)))
    assert kept(tmp_path) == [site.url + "/0"]


def test_pauses_between_requests_of_a_site(make_site: MakeSite, tmp_path: Path) -> None:
    sites = [make_site(f"127.0.0.{n}") for n in (1, 2, 3)]
    for site in sites:
        tree(site, 4)
        site.seconds = 0.02
    sites[1].routes["/robots.txt"] = "User-agent: *\nCrawl-delay: 0.25"
    config = quick(delay_seconds=0.12, allow=("127.0.0.0/8",))
    started = time.monotonic()
    summary = crawl([s.url + "/0" for s in sites], tmp_path, config)
    assert summary.kept == 12
    for site, least in zip(sites, (0.12, 0.25, 0.12), strict=True):
        moments = [moment for _, moment in site.hits]
        pauses = [b - a for a, b in pairwise(moments)]
        assert min(pauses[1:]) >= least
        assert pauses[0] >= 0.12  # between robots.txt and the first page
        assert site.busiest == 1
    assert time.monotonic() - started < 8.0  # the sites were asked side by side


def test_a_site_that_asks_for_hours_is_left_alone(site: Site, tmp_path: Path) -> None:
    tree(site, 3)
    site.routes["/robots.txt"] = "User-agent: *\nCrawl-delay: 7200"
    crawl([site.url + "/0"], tmp_path, quick())
    assert site.asked == ["/robots.txt"]
    assert "7200 seconds" in problems(tmp_path)[site.url + "/0"]


def test_each_failure_is_told_and_stops_nothing(site: Site, tmp_path: Path) -> None:
    flaky = iter([503, 503, 200])

    def sometimes(handler: object) -> None:
        status = next(flaky)
        handler.reply(story("At last").encode(), status=status)  # type: ignore[attr-defined]

    site.routes = {
        "/": story(
            "Start", "/gone", "/down", "/image", "/junk", "/flaky", "/hang", "/bad", "/fine"
        ),
        "/down": lambda h: h.reply(b"", status=500),
        "/image": lambda h: h.reply(b"PNG", kind="image/png"),
        "/junk": bytes(range(256)) * 40,
        "/flaky": sometimes,
        "/hang": lambda h: time.sleep(1.5),
        "/bad": lambda h: h.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n"),
        "/fine": story("Fine"),
    }
    summary = crawl([site.url], tmp_path, quick(quiet_seconds=0.4, attempts=3))
    assert sorted(kept(tmp_path)) == [site.url + p for p in ("/", "/fine", "/flaky")]
    why = {url.removeprefix(site.url): reason for url, reason in problems(tmp_path).items()}
    assert why["/gone"] == "status 404"
    assert why["/down"] == "status 500"
    assert "image/png" in why["/image"]
    assert "binary" in why["/junk"]
    assert "0.4 seconds" in why["/hang"]
    assert "connection failed" in why["/bad"]
    assert summary.failed == 6
    assert site.asked.count("/gone") == 1
    assert site.asked.count("/down") == 3


def test_redirects_are_followed_by_the_rules_of_where_they_lead(
    make_site: MakeSite, tmp_path: Path
) -> None:
    site, other = make_site(), make_site("127.0.0.2")
    site.routes = {
        "/": redirect("/home"),
        "/home": story("Home", "/a", "/loop", "/away", "/long/0", "/nowhere", "/odd"),
        "/a": redirect("/b", 301),
        "/b": redirect("/home"),
        "/loop": redirect("/loop2"),
        "/loop2": redirect("/loop"),
        "/away": redirect(other.url + "/x"),
        "/nowhere": lambda h: h.reply(b"", status=302),
        "/odd": redirect("file:///etc/passwd"),
        **{f"/long/{n}": redirect(f"/long/{n + 1}") for n in range(20)},
    }
    summary = crawl([site.url], tmp_path, quick(allow=("127.0.0.0/8",)))
    assert kept(tmp_path) == [site.url + "/home"]
    why = {url.removeprefix(site.url): reason for url, reason in problems(tmp_path).items()}
    assert why["/loop2"] == "redirects in a circle"
    assert "127.0.0.2" in why["/away"]
    assert not other.asked
    assert why["/long/5"] == "redirects more than 5 times"
    assert "/long/6" not in site.asked
    assert "without saying where" in why["/nowhere"]
    assert "scheme 'file'" in why["/odd"]
    assert summary.redirected == 9


def test_a_seed_that_moved_takes_its_scope_along(make_site: MakeSite, tmp_path: Path) -> None:
    old, new = make_site(), make_site("127.0.0.2")
    old.other = redirect(new.url + "/1")
    tree(new, 10)
    crawl([old.url + "/"], tmp_path, quick(allow=("127.0.0.0/8",)))
    assert new.url + "/4" in kept(tmp_path)


def test_pages_that_ask_not_to_be_kept_are_not(site: Site, tmp_path: Path) -> None:
    site.routes["/"] = story("Start", "/no", "/yes")
    site.routes["/no"] = story("No", "/hidden", head='<meta name="robots" content="noindex">')
    site.routes["/yes"] = lambda h: h.reply(
        story("Yes", "/hidden").encode(), X_Robots_Tag="nofollow"
    )
    crawl([site.url], tmp_path, quick())
    assert sorted(kept(tmp_path)) == [site.url + "/", site.url + "/yes"]
    assert "/hidden" not in site.asked


def test_seeds(tmp_path: Path, site: Site) -> None:
    file = tmp_path / "seeds.txt"
    file.write_text(f"# ours\n\n{site.url}/\nftp://example.com\n", encoding="utf-8")
    site.routes["/"] = story("Start")
    summary = crawl(read_seeds(file), tmp_path / "out", quick())
    assert (summary.kept, summary.refused) == (1, 1)
    assert "ftp" in problems(tmp_path / "out")["ftp://example.com"]
    file.write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(InputError, match="holds no URL"):
        read_seeds(file)
    with pytest.raises(InputError, match="cannot be read"):
        read_seeds(tmp_path / "none.txt")
    with pytest.raises(InputError, match="no seed is a URL"):
        crawl(["file:///etc/passwd"], tmp_path / "none", quick())


def test_a_folder_of_something_else_is_refused(tmp_path: Path, site: Site) -> None:
    (tmp_path / "crawl.sqlite").write_bytes(b"not a database at all, but long enough" * 20)
    with pytest.raises(ArtefactError, match="not the state of a crawl"):
        crawl([site.url], tmp_path, quick())


def test_two_crawls_do_not_meet_in_a_folder(tmp_path: Path, site: Site) -> None:
    from undercut.core.locks import RunLock

    with RunLock(tmp_path), pytest.raises(ConfigError, match="another run"):
        crawl([site.url], tmp_path, quick())


_CHILD = """
import signal
import sqlite3
# started in the background of a shell, it would ignore Ctrl-C
signal.signal(signal.SIGINT, signal.default_int_handler)
import json, sys
from undercut.runs.sources.crawl.config import CrawlConfig
from undercut.runs.sources.crawl.run import crawl
config = CrawlConfig.model_validate_json(sys.argv[3])
summary = crawl([sys.argv[1]], sys.argv[2], config)
print(json.dumps(summary.as_dict()))
"""


def start_child(url: str, folder: Path) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, url, str(folder), quick(at_once=4).model_dump_json()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
    )


def wait_for_pages(site: Site, pages: int) -> None:
    until = time.monotonic() + 30
    while len(site.asked) < pages and time.monotonic() < until:
        time.sleep(0.01)


def finish(url: str, folder: Path) -> CrawlSummary:
    return crawl([url], folder, quick())


@pytest.mark.parametrize("moments", [(12,), pytest.param((3, 8, 17, 29), marks=pytest.mark.slow)])
def test_killed_at_any_moment_no_page_is_lost_and_none_kept_twice(
    site: Site, tmp_path: Path, moments: tuple[int, ...]
) -> None:
    tree(site, 60, fan=8)
    for more in moments:
        child = start_child(site.url + "/0", tmp_path)
        wait_for_pages(site, len(site.asked) + more)
        child.kill()
        child.wait()
        child.communicate()
    # what a kill can leave behind a file's noted end
    with (tmp_path / "pages.jsonl").open("ab") as file:
        file.write(b'{"url": "half a rec')
    with (tmp_path / "pages.warc.gz").open("ab") as file:
        file.write(b"\x1f\x8b\x08half")
    before = [r for batch in open_source(tmp_path).batches() for r in batch]
    assert all(r.text for r in before)
    summary = finish(site.url + "/0", tmp_path)
    assert summary.kept == 60
    urls = kept(tmp_path)
    assert len(urls) == len(set(urls)) == 60
    records = [r for b in open_source(tmp_path / "pages.warc.gz").batches() for r in b]
    assert [r.extra["url"] for r in records] == urls
    assert site.asked.count("/0") == 1


def test_ctrl_c_ends_cleanly_and_the_crawl_goes_on(site: Site, tmp_path: Path) -> None:
    tree(site, 30)
    site.seconds = 0.05
    child = start_child(site.url + "/0", tmp_path)
    wait_for_pages(site, 6)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=10)
    assert child.returncode != 0
    assert b"KeyboardInterrupt" in err
    assert b"ExceptionGroup" not in err
    assert b"never retrieved" not in err
    stopped_at = len(kept(tmp_path))
    assert 0 < stopped_at < 30
    site.seconds = 0.0
    assert finish(site.url + "/0", tmp_path).kept == 30
    assert len(set(kept(tmp_path))) == 30


def test_a_crawl_that_is_done_asks_for_nothing_more(site: Site, tmp_path: Path) -> None:
    tree(site, 5)
    crawl([site.url + "/0"], tmp_path, quick(limit=3))
    assert len(kept(tmp_path)) == 3
    asked = len(site.asked)
    assert crawl([site.url + "/0"], tmp_path, quick(limit=3)).limit_reached
    assert len(site.asked) == asked
    assert crawl([site.url + "/0"], tmp_path, quick(limit=9)).kept == 5  # a higher limit goes on
    assert crawl([site.url + "/0"], tmp_path, quick(limit=9)).requests == 0


def busy_then(page: str, *, times: int, status: int, after: str) -> Callable[..., None]:
    """A page that is refused some times, naming when to come again."""
    left = iter(range(times))

    def answer(handler: object) -> None:
        if next(left, None) is None:
            handler.reply(page.encode())  # type: ignore[attr-defined]
        else:
            handler.reply(b"busy", status=status, Retry_After=after)  # type: ignore[attr-defined]

    return answer


@pytest.mark.parametrize("status", [429, 503])
def test_a_site_rests_as_long_as_it_asks(site: Site, tmp_path: Path, status: int) -> None:
    site.routes["/"] = busy_then(story("Start", "/1"), times=1, status=status, after="1")
    site.routes["/1"] = story("One")
    assert crawl([site.url], tmp_path, quick()).kept == 2
    moments = [moment for path, moment in site.hits if path != "/robots.txt"]
    assert moments[1] - moments[0] >= 0.99


def test_the_rest_is_the_whole_sites_and_robots_txt_may_ask_for_it(
    site: Site, tmp_path: Path
) -> None:
    site.routes["/robots.txt"] = busy_then("", times=1, status=429, after="1")
    site.other = story("Any")
    assert crawl([site.url + "/a", site.url + "/b"], tmp_path, quick()).kept == 2
    assert site.asked == ["/robots.txt", "/robots.txt", "/a", "/b"]
    assert site.hits[1][1] - site.hits[0][1] >= 0.99


def test_a_rest_that_is_too_long_is_kept_by_later_runs(
    make_site: MakeSite, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site, other = make_site(), make_site("127.0.0.2")
    site.routes["/0"] = busy_then(story("Zero"), times=1, status=503, after="7200")
    site.other = other.other = story("Any")
    seeds = [site.url + "/0", site.url + "/1", other.url + "/x"]
    config = quick(allow=("127.0.0.0/8",))
    started = time.monotonic()
    for _ in range(2):
        summary = crawl(seeds, tmp_path, config)
        assert (summary.kept, summary.waiting, summary.failed) == (1, 2, 0)
        [(origin, urls, until)] = summary.resting
        assert (origin, urls) == (site.url, 2)
        assert 7_100 < until.timestamp() - time.time() <= 7_200
    assert site.asked == ["/robots.txt", "/0"]
    assert time.monotonic() - started < 20
    assert "ask for a rest" in "\n".join(summary_lines(summary))
    rested = sqlite3.connect(tmp_path / "crawl.sqlite")
    rested.execute("UPDATE rests SET until = until - 7200")
    rested.commit()
    rested.close()
    assert crawl(seeds, tmp_path, config).kept == 3


def test_a_rest_of_years_is_not_believed(site: Site, tmp_path: Path) -> None:
    site.routes["/"] = lambda h: h.reply(b"", status=503, Retry_After="999999999")
    [(_, _, until)] = crawl([site.url], tmp_path, quick()).resting
    assert until.timestamp() - time.time() <= 7 * 24 * 3600


def test_a_rest_on_other_answers_says_nothing(site: Site, tmp_path: Path) -> None:
    site.routes["/"] = story("Start", "/gone", "/1")
    site.routes["/gone"] = lambda h: h.reply(b"", status=404, Retry_After="7200")
    site.routes["/1"] = story("One")
    summary = crawl([site.url], tmp_path, quick())
    assert (summary.kept, summary.failed, summary.resting) == (2, 1, ())
