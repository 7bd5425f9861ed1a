"""All that is taken from one page: main text, title, date, licence, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from undercut.build.data.web.html_text import decode_html, is_binary
from undercut.build.data.web.licences import is_licence_url, named_licence
from undercut.build.data.web.main_text import import_trafilatura, main_text
from undercut.build.data.web.urls import BadUrlError, UrlRules, looks_like_page, normalise_url

_MOST_LINKS = 2_000
_ROBOTS_NAMES = ("robots", "undercut")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page says.

    text: main text. title, author, language: as the page states them, "" where it does not.
    links: normalised, in the page's order, once each; none where the page says nofollow.
    index: False where the page asks not to be kept (noindex, none).
    """

    text: str
    title: str = ""
    author: str = ""
    language: str = ""
    published: date | None = None
    licence: str | None = None
    links: tuple[str, ...] = ()
    index: bool = True


class NoTextError(ValueError):
    """Bytes that are no page, with the reason in words."""


def read_page(
    body: bytes,
    *,
    url: str | None = None,
    charset: str | None = None,
    robots_tag: str | None = None,
    rules: UrlRules | None = None,
) -> Page:
    """Read an HTML page.

    charset, robots_tag: from the HTTP headers (Content-Type, X-Robots-Tag). url: for links.
    Raises NoTextError for binary content, MissingExtraError without trafilatura.
    """
    if is_binary(body):
        raise NoTextError("binary content, expected HTML")
    html = decode_html(body, charset=charset).replace("\0", "")
    trafilatura = import_trafilatura()
    tree = trafilatura.load_html(html)
    if tree is None:
        raise NoTextError("not HTML")
    rule = ",".join([*_meta_rules(tree), (robots_tag or "").lower()])
    words = set(re.findall(r"[a-z]+", rule))
    about = trafilatura.extract_metadata(html, default_url=url)
    headlines = [_line(h) for h in tree.iter("h1")]
    title = _clean(about.title) or next((h for h in headlines if h), "")
    titles = [title, *headlines]
    nofollow = bool(words & {"nofollow", "none"})
    return Page(
        text=main_text(html, url=url, titles=titles),
        title=title,
        author=_clean(about.author),
        language=_clean(tree.get("lang") or about.language)[:20],
        published=_day(about.date),
        licence=_licence(tree),
        links=() if nofollow or url is None else tuple(_links(tree, url, rules or UrlRules())),
        index=not words & {"noindex", "none"},
    )


def read_plain(body: bytes, *, charset: str | None = None) -> Page:
    """Read a text/plain answer. Raises NoTextError for binary content."""
    if is_binary(body):
        raise NoTextError("binary content, expected text")
    return Page(text=decode_html(body, charset=charset).replace("\0", "").strip())


def _meta_rules(tree: Any) -> Iterator[str]:
    for meta in tree.iter("meta"):
        if (meta.get("name") or "").strip().lower() in _ROBOTS_NAMES:
            yield (meta.get("content") or "").lower()


def _licence(tree: Any) -> str | None:
    """The first rel=license; else the one Creative Commons licence linked to, if it is one."""
    linked = []
    for element in tree.iter("a", "link"):
        href = (element.get("href") or "").strip()
        if href and "license" in (element.get("rel") or "").lower().split():
            return named_licence(href)
        if is_licence_url(href):
            linked.append(named_licence(href))
    # a page that links to several is about licences, not under them
    return linked[0] if len(set(linked)) == 1 else None


def _links(tree: Any, url: str, rules: UrlRules) -> Iterator[str]:
    base_element = next(tree.iter("base"), None)
    base = url
    if base_element is not None and base_element.get("href"):
        try:
            base = normalise_url(base_element.get("href"), base=url, rules=rules)
        except BadUrlError:
            base = url  # browsers too leave a broken base aside
    seen: set[str] = set()
    for anchor in tree.iter("a"):
        href = anchor.get("href")
        if not href or "nofollow" in (anchor.get("rel") or "").lower().split():
            continue
        try:
            link = normalise_url(href, base=base, rules=rules)
        except BadUrlError:
            continue  # links to mail addresses, scripts and other ports are no pages
        if link not in seen and looks_like_page(link):
            seen.add(link)
            yield link
            if len(seen) >= _MOST_LINKS:
                return


def _line(element: Any) -> str:
    return _clean("".join(element.itertext()))


def _clean(text: str | None) -> str:
    return " ".join((text or "").split())[:500]


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None
