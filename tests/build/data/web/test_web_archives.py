import gzip
import io
import random

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from undercut.build.data.web.feeds import NotAFeedError, plain_text, read_feed
from undercut.build.data.web.warc import ArchivedText, BrokenRecord, read_warc

RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>
<item><title>First &amp; best</title><link>https://example.com/1</link>
<description>&lt;p&gt;One &lt;b&gt;bold&lt;/b&gt; word.&lt;/p&gt;&lt;p&gt;Two.&lt;/p&gt;
</description>
<pubDate>Tue, 05 Mar 2024 23:30:00 -0100</pubDate></item>
<item><title>Second</title></item></channel></rss>"""
ATOM = """<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">
<title>博客</title><entry><title>雨</title><id>tag:x,1</id><link href="https://example.com/zh"/>
<link rel="license" href="https://creativecommons.org/licenses/by/4.0/"/>
<updated>2024-01-02T03:04:05Z</updated><summary>short</summary>
<content type="html">&lt;p&gt;今天下雨了，我们没有出门。&lt;/p&gt;</content>
</entry></feed>""".encode()


def warc(
    pages: list[tuple[str, bytes, str]], *, zipped: bool = True, status: str = "200 OK"
) -> bytes:
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=zipped)
    writer.write_record(writer.create_warcinfo_record("x.warc.gz", {"software": "test"}))
    for url, body, kind in pages:
        http = StatusAndHeaders(status, [("Content-Type", kind)], protocol="HTTP/1.1")
        record = writer.create_warc_record(
            url, "response", payload=io.BytesIO(body), http_headers=http
        )
        writer.write_record(record)
    return out.getvalue()


def pages(count: int) -> list[tuple[str, bytes, str]]:
    chance = random.Random(1)
    html = "text/html; charset=UTF-8"
    return [
        (f"http://a.com/{n}", chance.randbytes(3_000).hex().encode(), html) for n in range(count)
    ]


def read(data: bytes, most: int = 1 << 20) -> list[ArchivedText | BrokenRecord]:
    return list(read_warc(io.BytesIO(data), most=most))


def urls(records: list[ArchivedText | BrokenRecord]) -> list[str]:
    return [r.url for r in records if isinstance(r, ArchivedText)]


def test_entries_of_rss() -> None:
    first, second = read_feed(RSS)
    assert (first.title, first.address) == ("First & best", "https://example.com/1")
    assert first.text == "One bold word.\nTwo."
    assert str(first.published) == "2024-03-06"
    assert second.text == "Second"
    assert second.published is None


def test_entries_of_atom_with_their_licence() -> None:
    (entry,) = read_feed(ATOM)
    assert entry.text == "今天下雨了，我们没有出门。"
    assert entry.licence == "CC-BY-4.0"


@pytest.mark.parametrize("body", [b"<html><body>no</body></html>", b"", bytes(range(256)), b"{}"])
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    with pytest.raises(NotAFeedError):
        list(read_feed(body))


def test_entities_of_a_feed_do_not_multiply() -> None:
    laughs = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha" * 10}">' for n in range(12)
    )
    bomb = f"<?xml version='1.0'?><!DOCTYPE r [{laughs}]><rss version='2.0'><channel><item>"
    bomb += "<title>&l11;</title></item></channel></rss>"
    try:
        assert sum(len(entry.text) for entry in read_feed(bomb.encode())) < 1_000_000
    except NotAFeedError:
        return


def test_a_feed_reads_no_files() -> None:
    evil = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]>
    <rss version="2.0"><channel><item><title>x &f;</title></item></channel></rss>"""
    assert not any("root:" in entry.text for entry in read_feed(evil))


def test_markup_becomes_lines() -> None:
    assert plain_text("a<br>b<script>x</script><p>c  d</p>") == "a\nb\nc d"
    assert plain_text("1 < 2") == "1 < 2"
    assert plain_text("<!-- nothing -->") == ""


@pytest.mark.parametrize("zipped", [True, False])
def test_pages_of_an_archive(zipped: bool) -> None:
    records = read(warc(pages(4), zipped=zipped))
    assert urls(records) == [f"http://a.com/{n}" for n in range(4)]
    assert not [r for r in records if isinstance(r, BrokenRecord)]
    first = records[0]
    assert isinstance(first, ArchivedText)
    assert (first.content_type, first.charset) == ("text/html", "UTF-8")
    assert first.body == pages(1)[0][1]
    assert [r.number for r in records] == [2, 3, 4, 5]


def test_an_archive_zipped_as_one_member_is_read_too() -> None:
    records = read(gzip.compress(warc(pages(4), zipped=False)))
    assert urls(records) == [f"http://a.com/{n}" for n in range(4)]


def test_other_records_are_passed_over() -> None:
    assert read(warc([("http://a.com/x.png", b"PNG", "image/png")])) == []
    assert read(warc(pages(1), status="404 Not Found")) == []


def member_starts(data: bytes) -> list[int]:
    starts, at = [], 0
    while (at := data.find(b"\x1f\x8b\x08", at)) >= 0:
        starts.append(at)
        at += 1
    return starts


def test_a_damaged_member_costs_itself_only() -> None:
    data = bytearray(warc(pages(6)))
    third = member_starts(bytes(data))[3]  # the first member holds the description
    data[third + 400 : third + 600] = b"\0" * 200
    records = read(bytes(data))
    assert urls(records) == [f"http://a.com/{n}" for n in (0, 1, 3, 4, 5)]
    (broken,) = [r for r in records if isinstance(r, BrokenRecord)]
    assert "damaged gzip" in broken.reason


def test_an_archive_that_was_cut_off_gives_what_it_has() -> None:
    data = warc(pages(3))
    records = read(data[:-500])
    assert urls(records) == ["http://a.com/0", "http://a.com/1"]
    assert [r.reason for r in records if isinstance(r, BrokenRecord)] == [
        "the gzip data is cut off"
    ]
    plain = read(warc(pages(3), zipped=False)[:-500])
    assert urls(plain) == ["http://a.com/0", "http://a.com/1"]
    assert any(isinstance(r, BrokenRecord) and "cut off" in r.reason for r in plain)


def test_a_broken_header_costs_itself_only() -> None:
    data = warc(pages(4), zipped=False)
    marks = [at for at in range(len(data)) if data.startswith(b"WARC/1.", at)]
    broken = bytearray(data)
    broken[marks[2] : marks[2] + 5] = b"XXXX/"
    records = read(bytes(broken))
    assert urls(records) == ["http://a.com/0", "http://a.com/2", "http://a.com/3"]
    assert len([r for r in records if isinstance(r, BrokenRecord)]) == 1


def test_a_body_beyond_the_bound_is_broken_and_the_rest_is_read() -> None:
    big = ("http://a.com/big", b"x" * 50_000, "text/html")
    records = read(warc([big, *pages(2)]), most=20_000)
    assert urls(records) == ["http://a.com/0", "http://a.com/1"]
    assert isinstance(records[0], BrokenRecord)


@pytest.mark.parametrize("junk", [b"", b"\x1f\x8b\x08junk", b"not an archive at all", bytes(5_000)])
def test_junk_ends_without_a_record(junk: bytes) -> None:
    assert urls(read(junk)) == []


def test_random_damage_never_raises() -> None:
    data = warc(pages(5))
    chance = random.Random(3)
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 5)):
            damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        assert len(urls(read(bytes(damaged)))) <= 5
