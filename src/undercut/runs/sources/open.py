"""One way to open any source."""

from __future__ import annotations

from pathlib import Path

from undercut.build.data.documents import Source
from undercut.core.errors import InputError
from undercut.runs.sources.addresses import kind_of, shown
from undercut.runs.sources.batching import BatchedSource, RecordReader
from undercut.runs.sources.config import SourceConfig
from undercut.runs.sources.files import open_file
from undercut.runs.sources.folders import is_crawl, open_crawl, open_folder
from undercut.runs.sources.tables import TableReader


def open_source(address: str | Path, config: SourceConfig | None = None) -> Source:
    """Open a file, a folder, a zip archive, a WARC file, a feed, a crawl, a database by URL with
    ?table= or ?query=, a page or feed by URL, or hf:NAME.

    What is wrong with a source as a whole is raised here or while reading (InputError,
    ConfigError, MissingExtraError); what is wrong with one record is a record, `Unreadable`.

    >>> for batch in open_source("tickets.csv").batches():  # doctest: +SKIP
    ...     print(len(batch))
    """
    config = config or SourceConfig()
    text = str(address)
    source = shown(text)
    reader, rows = _opened(text, source, config)
    return BatchedSource(
        address=source, rows_at_most=rows, reader=reader, page_seconds=config.page_seconds
    )


def _opened(address: str, source: str, config: SourceConfig) -> tuple[RecordReader, int | None]:
    match kind_of(address):
        case "hub":
            from undercut.runs.sources.hub import open_hub

            return open_hub(address, config=config)
        case "sql":
            from undercut.runs.sources.sql import open_sql

            return open_sql(address, config=config)
        case "web":
            from undercut.runs.sources.web import open_web

            return open_web(address, source=source, config=config), None
        case "path":
            return _opened_path(Path(address), source, config)


def _opened_path(path: Path, source: str, config: SourceConfig) -> tuple[RecordReader, int | None]:
    if path.is_dir():
        if is_crawl(path):
            return open_crawl(path, source=source, config=config)
        if not any((path / name).is_file() for name in ("state.json", "dataset_dict.json")):
            return open_folder(path, source=source, config=config), None
    elif not path.is_file():
        what = "is not a regular file" if path.exists() else "no such file"
        raise InputError(what, file=source, hint="check the path")
    elif path.suffix.lower() == ".zip":
        from undercut.runs.sources.zips import open_zip

        return open_zip(path, source=source, config=config), None
    reader = open_file(path, source=source, inside="", config=config)
    return reader, reader.stream.rows_at_most if isinstance(reader, TableReader) else None
