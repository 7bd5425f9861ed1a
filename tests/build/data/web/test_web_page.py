from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.build.data.web.html_text import charset_of, decode_html, is_binary
from undercut.build.data.web.licences import named_licence
from undercut.build.data.web.main_text import without_headline
from undercut.build.data.web.page import NoTextError, read_page, read_plain

BODY = " ".join(
    f"This is sentence number {n} of a story about rain in the north." for n in range(9)
)
ZH = "今天北方普降大雨，气象部门提醒市民注意出行安全。" * 12


def page(body: str, head: str = "", attributes: str = "") -> bytes:
    return (
        f"<html {attributes}><head><title>Rain | The Paper</title>"
        f'<meta property="og:title" content="Rain in the north">{head}</head><body>'
        '<nav><a href="/">Home</a><a href="/sport">Sport</a></nav>'
        f"<article><h1>Rain in the north</h1><p>{body}</p></article>"
        "<footer>Imprint and terms of use</footer></body></html>"
    ).encode()


def test_a_page_becomes_its_text_without_headline_and_menu() -> None:
    read = read_page(
        page(BODY, '<meta property="article:published_time" content="2024-03-05T08:00:00Z">'),
        url="https://example.com/news/1",
    )
    assert read.text == BODY
    assert read.title == "Rain in the north"
    assert read.published == date(2024, 3, 5)
    assert read.links == ("https://example.com/", "https://example.com/sport")
    assert read.licence is None
    assert read.index


@pytest.mark.parametrize("charset", ["gb18030", "gbk", "utf-8", "big5", "utf-16"])
def test_chinese_pages_in_their_encodings(charset: str) -> None:
    text = ZH if charset != "big5" else "今天天氣很好，我們一起去公園散步。" * 12
    html = f"<html><body><article><p>{text}</p></article></body></html>".encode(charset)
    assert read_page(html, charset=charset).text == text
    if charset not in ("big5", "utf-16"):
        meta = f'<meta charset="{charset}">'.encode()
        assert read_page(html.replace(b"<body>", meta + b"<body>")).text == text


@given(st.binary(max_size=300))
def test_any_bytes_decode(body: bytes) -> None:
    assert isinstance(decode_html(body, charset="nonsense"), str)
    assert isinstance(decode_html(body, charset="hex"), str)


@pytest.mark.parametrize(
    ("link", "licence"),
    [
        (
            '<a rel="license" href="https://creativecommons.org/licenses/by/4.0/">x</a>',
            "CC-BY-4.0",
        ),
        ('<link rel="license" href="https://example.com/terms">', "https://example.com/terms"),
        (
            '<a href="http://creativecommons.org/licenses/by-nc-sa/3.0/de/">x</a>',
            "CC-BY-NC-SA-3.0-DE",
        ),
        (
            '<a href="https://creativecommons.org/licenses/by/4.0/">a</a>'
            '<a href="https://creativecommons.org/licenses/by-sa/4.0/">b</a>',
            None,
        ),
        ("<p>All texts are CC-BY.</p>", None),
    ],
)
def test_licences_are_read_where_they_are_stated(link: str, licence: str | None) -> None:
    assert read_page(page(BODY + link)).licence == licence


def test_public_domain_has_names_too() -> None:
    assert named_licence("https://creativecommons.org/publicdomain/mark/1.0/") == "CC-PDM-1.0"
    assert named_licence("  MIT \n licence ") == "MIT licence"


def test_robots_rules_of_the_page_are_obeyed() -> None:
    nofollow = read_page(page(BODY, '<meta name="ROBOTS" content="NoFollow">'), url="http://a.com/")
    assert nofollow.links == ()
    assert nofollow.index
    none = read_page(page(BODY), url="http://a.com/", robots_tag="none")
    assert none.links == ()
    assert not none.index
    link = page(BODY + '<a rel="nofollow ugc" href="/ad">ad</a><a href="/more">more</a>')
    assert "http://a.com/ad" not in read_page(link, url="http://a.com/").links
    assert "http://a.com/more" in read_page(link, url="http://a.com/").links


def test_links_know_their_base_and_leave_files_out() -> None:
    body = BODY + '<a href="b">b</a><a href="c.pdf">c</a><a href="mailto:x@y.z">d</a><a href="b#2">'
    read = read_page(page(body, '<base href="/deep/">'), url="http://a.com/")
    assert "http://a.com/deep/b" in read.links
    assert len(read.links) == len(set(read.links))
    assert not [link for link in read.links if "pdf" in link or "mail" in link]


@pytest.mark.parametrize("body", [bytes(range(256)) * 20, b"\x00" * 5_000, b"\x7fELF\x01\x02" * 99])
def test_binary_junk_is_refused(body: bytes) -> None:
    assert is_binary(body)
    with pytest.raises(NoTextError, match="binary"):
        read_page(body)
    with pytest.raises(NoTextError, match="binary"):
        read_plain(body)


@pytest.mark.parametrize("body", [b"", b"   ", b"<", b"<!--", b"<html></html>", b"plain words"])
def test_pages_without_text_are_empty_or_refused(body: bytes) -> None:
    try:
        assert len(read_page(body, url="http://a.com/").text) <= len(body)
    except NoTextError:
        return


def test_headlines() -> None:
    assert without_headline("A\nB\nText", ["b"]) == "Text"
    assert without_headline("Only title", ["Only title"]) == "Only title"
    assert without_headline("Text\nmore", ["", "—"]) == "Text\nmore"


def test_charsets_of_headers() -> None:
    assert charset_of("text/html; charset=utf-8") == "utf-8"
    assert charset_of("text/html") is None
    assert charset_of(None) is None
