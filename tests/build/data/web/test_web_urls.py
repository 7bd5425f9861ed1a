import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.build.data.web.urls import (
    BadUrlError,
    UrlRules,
    host_of,
    looks_like_page,
    normalise_url,
    origin_of,
)


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("HTTP://Example.COM:80/", "http://example.com/"),
        ("https://example.com:443", "https://example.com/"),
        ("http://example.com/a/./b/../c", "http://example.com/a/c"),
        ("http://example.com/../../x", "http://example.com/x"),
        ("http://example.com/%7euser/%2F%c3%a9", "http://example.com/~user/%2F%C3%A9"),
        ("http://example.com/é?q=中", "http://example.com/%C3%A9?q=%E4%B8%AD"),
        ("http://example.com/?utm_source=x&a=1&fbclid=2&b=", "http://example.com/?a=1&b="),
        ("http://example.com/a#top", "http://example.com/a"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://example.com./a b", "http://example.com/a%20b"),
        ("http://example.com/100%", "http://example.com/100%25"),
        ("  http://example.com/x \n", "http://example.com/x"),
        ("http://[2606:2800::1]:80/", "http://[2606:2800::1]/"),
    ],
)
def test_one_way_of_writing(written: str, same: str) -> None:
    assert normalise_url(written) == same


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://example.com/", "scheme 'ftp'"),
        ("file:///etc/passwd", "scheme 'file'"),
        ("javascript:alert(1)", "scheme"),
        ("//example.com/", "scheme ''"),
        ("http:///x", "names no host"),
        ("http://user:pw@example.com/", "user name or password"),
        ("http://example.com:8080/", "port 8080"),
        ("http://example.com:99999/", "not a URL"),
        ("http://[::1/", "not a URL"),
        ("http://exa mple.com/", "no host name"),
        ("http://example.com/" + "a" * 3000, "longer than 2000"),
        ("http://example.com" + "/a" * 5, "more than 3 times"),
        ("http://example.com/" + "/".join(map(str, range(30))), "folders deep"),
    ],
)
def test_refused_with_the_reason(url: str, why: str) -> None:
    with pytest.raises(BadUrlError, match=why):
        normalise_url(url)


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_refused_and_normalising_is_stable(text: str) -> None:
    try:
        url = normalise_url(text, base="http://example.com/a/b?c")
    except BadUrlError:
        return
    assert normalise_url(url) == url
    assert url.isascii()
    assert " " not in url


@given(st.text(alphabet="/.%aé ?&=#~:@", max_size=40))
def test_joining_paths_is_stable(path: str) -> None:
    try:
        url = normalise_url("http://example.com/" + path, rules=UrlRules(repeats=100))
    except BadUrlError:
        return
    assert normalise_url(url, rules=UrlRules(repeats=100)) == url
    assert "#" not in url
    assert "/../" not in url


def test_links_are_joined_with_their_page() -> None:
    assert normalise_url("../x", base="https://example.com/a/b/c") == "https://example.com/a/x"
    assert normalise_url("//b.example/y", base="https://example.com/") == "https://b.example/y"


def test_parts() -> None:
    assert origin_of("http://example.com:8080/a") == "http://example.com:8080"
    assert host_of("http://example.com:8080/a") == "example.com"
    assert not looks_like_page("http://example.com/photo.jpeg")
    assert looks_like_page("http://example.com/a.html?b=c.zip")
