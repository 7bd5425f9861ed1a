"""From a file's name and first bytes to what reads it."""

from __future__ import annotations

from pathlib import Path

from undercut.build.data.web.feeds import looks_like_feed
from undercut.core.errors import InputError
from undercut.core.tabular.source import open_bytes
from undercut.runs.sources.batching import RecordReader
from undercut.runs.sources.config import SourceConfig
from undercut.runs.sources.tables import open_table
from undercut.runs.sources.texts import FeedReader, HtmlReader, PlainTextReader
from undercut.runs.sources.warcs import WarcReader

_TEXTS = frozenset({".txt", ".text", ".md", ".markdown"})
_PAGES = frozenset({".html", ".htm", ".xhtml"})
_FEEDS = frozenset({".rss", ".atom", ".xml", ".rdf"})


def open_file(path: Path, *, source: str, inside: str, config: SourceConfig) -> RecordReader:
    """The reader of one file that is no archive.

    source: the address that the user gave. inside: the file's name in a folder or an archive, ""
    where the file is the source. Raises InputError where it is of no known kind or is refused.
    """
    stem = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    ending = stem.suffix.lower()
    if ending == ".warc":
        return WarcReader(path=path, source=source, inside=inside, config=config)
    if ending in _TEXTS:
        return PlainTextReader(path=path, source=source, inside=inside, config=config)
    if ending in _PAGES:
        return HtmlReader(path=path, source=source, inside=inside, config=config)
    if ending in _FEEDS:
        with open_bytes(path, limits=config.limits) as stream:
            if not looks_like_feed(stream.read(4_096)):
                raise InputError("is XML, but neither RSS nor Atom", file=str(path))
        return FeedReader(body=path, source=source, inside=inside, config=config)
    return open_table(path, source=source, inside=inside, config=config)
