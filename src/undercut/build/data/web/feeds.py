"""RSS and Atom: the entries of a feed as texts.

Source: RFC 4287 (Atom), the RSS 2.0 specification, RFC 4685 (licences in feeds).
"""

from __future__ import annotations

import calendar
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from undercut.build.data.web.licences import named_licence
from undercut.core.errors import MissingExtraError


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One entry. text: its full content, else its summary, without markup. address: its link."""

    text: str
    title: str
    author: str
    address: str
    published: date | None
    licence: str | None


class NotAFeedError(ValueError):
    """Bytes that are no RSS and no Atom, with the reason in words."""


def looks_like_feed(start: bytes) -> bool:
    """Whether a document begins as RSS, RDF or Atom does.

    >>> looks_like_feed(b'<?xml version="1.0"?><rss version="2.0">')
    True
    """
    head = start[:4_096].lower()
    return any(mark in head for mark in (b"<rss", b"<feed", b"<rdf:rdf"))


def read_feed(body: bytes) -> Iterator[FeedEntry]:
    """The entries of a feed, in its order.

    body: the whole document; feedparser is given bytes only, so that it never opens an address.
    Raises NotAFeedError, MissingExtraError without feedparser.
    """
    try:
        parser = importlib.import_module("feedparser")
    except ModuleNotFoundError as error:
        raise MissingExtraError("feedparser", "data", "reading feeds") from error
    # with no address behind it, nothing relative is resolved; markup is dropped below
    parsed = parser.parse(body, sanitize_html=False, resolve_relative_uris=False)
    if not parsed.get("version"):
        why = parsed.get("bozo_exception")
        raise NotAFeedError(f"neither RSS nor Atom{f' ({why})' if why else ''}")
    licence = _licence(parsed.feed)
    for entry in parsed.entries:
        yield _entry(entry, licence)


def _entry(entry: Any, feed_licence: str | None) -> FeedEntry:
    contents = [str(c.get("value") or "") for c in entry.get("content") or []]
    body = max(contents, key=len, default="") or str(entry.get("summary") or "")
    title = plain_text(str(entry.get("title") or ""))
    return FeedEntry(
        text=plain_text(body) or title,
        title=title,
        author=" ".join(str(entry.get("author") or "").split())[:500],
        address=str(entry.get("link") or entry.get("id") or "")[:2_000],
        published=_day(entry.get("published_parsed") or entry.get("updated_parsed")),
        licence=_licence(entry) or feed_licence,
    )


def plain_text(markup: str) -> str:
    """Markup without its tags, a block a line.

    >>> plain_text("<p>Fish &amp; chips</p><p>Now.</p>")
    'Fish & chips\\nNow.'
    """
    if "<" not in markup and "&" not in markup:
        return markup.strip()
    html = importlib.import_module("lxml.html")
    etree = importlib.import_module("lxml.etree")
    try:
        tree = html.fragment_fromstring(markup.replace("\0", ""), create_parent="div")
    except (etree.ParserError, ValueError):
        return ""  # nothing but comments or empty markup
    for element in tree.iter(*_BLOCKS):
        element.text = "\n" + (element.text or "")
        element.tail = "\n" + (element.tail or "")
    etree.strip_elements(tree, "script", "style", with_tail=False)
    lines = (" ".join(line.split()) for line in tree.text_content().split("\n"))
    return "\n".join(line for line in lines if line)


_BLOCKS = ("p", "div", "br", "li", "h1", "h2", "h3", "h4", "tr", "blockquote", "pre", "section")


def _licence(item: Any) -> str | None:
    for link in item.get("links") or []:
        if link.get("rel") == "license" and link.get("href"):
            return named_licence(str(link["href"]))
    stated = item.get("license") or item.get("creativecommons_license")
    return named_licence(str(stated)) if stated else None


def _day(moment: Any) -> date | None:
    try:
        return datetime.fromtimestamp(calendar.timegm(moment), UTC).date() if moment else None
    except (ValueError, OverflowError, OSError):
        return None
