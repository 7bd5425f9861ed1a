"""WARC files: a document for each page or text in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from undercut.build.data.documents import Document, Origin, Record, Unreadable
from undercut.build.data.web.warc import ArchivedText, BrokenRecord, read_warc
from undercut.core.tabular.source import open_raw
from undercut.runs.sources.config import SourceConfig
from undercut.runs.sources.page_reader import PageError, PageReader


@dataclass(frozen=True, slots=True, kw_only=True)
class WarcReader:
    """One WARC file, gzipped or not. The date is the page's own, else that of the record."""

    path: Path
    source: str
    inside: str
    config: SourceConfig

    def records(self, pages: PageReader) -> Iterator[Record]:
        before = f"{self.inside} " if self.inside else ""
        with open_raw(self.path) as file:
            for found in read_warc(file, most=self.config.whole_file_bytes):
                place = f"{before}record {found.number}"
                if isinstance(found, BrokenRecord):
                    yield Unreadable(Origin(self.source, place), found.reason)
                else:
                    yield self._document(found, f"{place} {found.url}".strip(), pages)

    def _document(self, found: ArchivedText, place: str, pages: PageReader) -> Record:
        archived = Origin(self.source, place, _day(found.date), self.config.licence)
        try:
            page = pages.read(
                found.body,
                url=found.url or None,
                charset=found.charset,
                robots_tag=found.robots_tag,
                plain=found.content_type == "text/plain",
            )
        except PageError as error:
            return Unreadable(archived, str(error))
        origin = replace(
            archived,
            date=page.published or archived.date,
            licence=page.licence or archived.licence,
        )
        about = {
            "title": page.title,
            "author": page.author,
            "language": page.language,
            "url": found.url,
        }
        extra = {key: value for key, value in about.items() if value}
        return Document(page.text, None, origin, extra)


def _day(stated: str) -> date | None:
    try:
        return datetime.fromisoformat(stated).date()
    except ValueError:
        return None
