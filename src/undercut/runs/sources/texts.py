"""Files that are one text each, pages, and feeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from undercut.build.data.documents import Document, Origin, Record, Unreadable
from undercut.build.data.web.feeds import NotAFeedError, read_feed
from undercut.build.data.web.page import NoTextError, Page, read_plain
from undercut.core.errors import InputError
from undercut.core.tabular.source import open_bytes
from undercut.runs.sources.config import SourceConfig
from undercut.runs.sources.page_reader import PageError, PageReader


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainTextReader:
    """A .txt or .md file: one document."""

    path: Path
    source: str
    inside: str
    config: SourceConfig

    def records(self, pages: PageReader) -> Iterator[Record]:
        origin = Origin(self.source, self.inside or "the file", licence=self.config.licence)
        try:
            page = read_plain(whole_file(self.path, self.config), charset=self.config.encoding)
        except NoTextError as error:
            yield Unreadable(origin, str(error))
        else:
            yield Document(page.text, None, origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlReader:
    """A saved page: one document, its main text."""

    path: Path
    source: str
    inside: str
    config: SourceConfig

    def records(self, pages: PageReader) -> Iterator[Record]:
        place = self.inside or "the file"
        try:
            page = pages.read(whole_file(self.path, self.config), charset=self.config.encoding)
        except PageError as error:
            yield Unreadable(Origin(self.source, place), str(error))
        else:
            yield page_document(page, source=self.source, place=place, config=self.config)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedReader:
    """RSS or Atom, in a file or as bytes that were fetched: a document an entry."""

    body: bytes | Path
    source: str
    inside: str
    config: SourceConfig

    def records(self, pages: PageReader) -> Iterator[Record]:
        body = self.body
        if isinstance(body, Path):
            body = whole_file(body, self.config)
        before = f"{self.inside} " if self.inside else ""
        try:
            for number, entry in enumerate(read_feed(body), start=1):
                # two entries may share a link; the number keeps places apart
                place = f"{before}entry {number}" + (f" {entry.address}" if entry.address else "")
                licence = entry.licence or self.config.licence
                origin = Origin(self.source, place, entry.published, licence)
                about = {"title": entry.title, "author": entry.author, "url": entry.address}
                extra = {key: value for key, value in about.items() if value}
                yield Document(entry.text, None, origin, extra)
        except NotAFeedError as error:
            raise InputError(str(error), file=self.inside or self.source) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPageReader:
    """One page that was fetched: one document."""

    body: bytes
    url: str
    charset: str | None
    plain: bool
    source: str
    config: SourceConfig

    def records(self, pages: PageReader) -> Iterator[Record]:
        try:
            page = pages.read(self.body, url=self.url, charset=self.charset, plain=self.plain)
        except PageError as error:
            yield Unreadable(Origin(self.source, self.url), str(error))
        else:
            yield page_document(page, source=self.source, place=self.url, config=self.config)


def page_document(page: Page, *, source: str, place: str, config: SourceConfig) -> Document:
    """A page as a document."""
    about = {"title": page.title, "author": page.author, "language": page.language}
    return Document(
        page.text,
        None,
        Origin(source, place, page.published, page.licence or config.licence),
        {key: value for key, value in about.items() if value},
    )


def whole_file(path: Path, config: SourceConfig) -> bytes:
    """The bytes of a file, unzipped where it is gzipped. Raises InputError beyond the bound."""
    most = config.whole_file_bytes
    with open_bytes(path, limits=config.limits) as stream:
        body = stream.read(most + 1)
    if len(body) > most:
        raise InputError(
            f"holds more than {most} bytes for one text",
            file=str(path),
            hint="many texts in one file belong into CSV or JSONL, a row each",
        )
    return body
