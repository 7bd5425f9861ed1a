"""Folders, walked in the order of names, and folders that a crawl wrote."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from undercut.build.data.documents import Document, Origin, Record, Unreadable
from undercut.core.errors import ConfigError, InputError
from undercut.runs.sources.batching import RecordReader
from undercut.runs.sources.config import SourceConfig
from undercut.runs.sources.crawl.frontier import FRONTIER_FILE, Frontier, State
from undercut.runs.sources.crawl.page_files import TEXTS_FILE
from undercut.runs.sources.files import open_file
from undercut.runs.sources.page_reader import PageReader


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderReader:
    """All files below a folder; one that is refused is reported and the rest is read.

    Names that begin with a dot are left out, links to folders are not followed.
    """

    folder: Path
    source: str
    config: SourceConfig

    def records(self, pages: PageReader) -> Iterator[Record]:
        for path in walk(self.folder):
            inside = path.relative_to(self.folder).as_posix()
            try:
                yield from self._open(path, inside).records(pages)
            except (InputError, ConfigError) as error:
                reason = error.message.removeprefix(f"{path}: ")
                yield Unreadable(Origin(self.source, inside), reason)

    def _open(self, path: Path, inside: str) -> RecordReader:
        if path.is_dir():  # a saved data set
            return open_file(path, source=self.source, inside=inside, config=self.config)
        if path.suffix.lower() == ".zip":
            raise InputError("an archive inside a folder is not opened; name it as a source")
        if not path.is_file():
            raise InputError("is not a regular file")
        return open_file(path, source=self.source, inside=inside, config=self.config)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlReader:
    """The pages that a crawl kept, as far as the crawl has noted them."""

    folder: Path
    source: str
    config: SourceConfig
    noted_bytes: int

    def records(self, pages: PageReader) -> Iterator[Record]:
        read = 0
        with (self.folder / TEXTS_FILE).open("rb") as file:
            for number, line in enumerate(file, start=1):
                read += len(line)
                if read > self.noted_bytes:
                    return  # a page that a crawl is writing, or was killed over
                yield self._record(line, number)

    def _record(self, line: bytes, number: int) -> Record:
        try:
            page = json.loads(line)
            fetched = datetime.fromisoformat(page["fetched"]).date()
            day = date.fromisoformat(page["date"]) if page["date"] else fetched
            about = {name: page[name] for name in ("title", "author", "language") if page[name]}
            origin = Origin(self.source, page["url"], day, page["licence"] or self.config.licence)
            return Document(page["text"], None, origin, about)
        except (ValueError, KeyError, TypeError) as error:
            place = f"{TEXTS_FILE} line {number}"
            return Unreadable(Origin(self.source, place), f"no record of a crawl: {error}")


def is_crawl(folder: Path) -> bool:
    """Whether a crawl wrote into the folder."""
    return (folder / FRONTIER_FILE).is_file() and (folder / TEXTS_FILE).is_file()


def open_crawl(folder: Path, *, source: str, config: SourceConfig) -> tuple[CrawlReader, int]:
    """The reader of a crawl folder, and how many pages it holds."""
    frontier = Frontier(folder)
    try:
        noted, kept = frontier.file_bytes(TEXTS_FILE), frontier.counts()[State.KEPT]
    finally:
        frontier.close()
    return CrawlReader(folder=folder, source=source, config=config, noted_bytes=noted), kept


def open_folder(folder: Path, *, source: str, config: SourceConfig) -> FolderReader:
    """Raises InputError for a folder without files."""
    if next(walk(folder), None) is None:
        raise InputError("the folder holds no files", file=str(folder))
    return FolderReader(folder=folder, source=source, config=config)


def walk(folder: Path) -> Iterator[Path]:
    """Files below a folder in the order of their names, the same on every system.

    A folder inside that `datasets` saved counts as one file.
    """
    try:
        with os.scandir(folder) as entries:
            found = sorted((e for e in entries if not e.name.startswith(".")), key=_by_name)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(folder)) from error
    for entry in found:
        path = Path(entry.path)
        if not entry.is_dir(follow_symlinks=False):
            if not entry.is_dir():  # a link to a folder could lead in a circle
                yield path
        elif (path / "state.json").is_file() or (path / "dataset_dict.json").is_file():
            yield path
        else:
            yield from walk(path)


def _by_name(entry: os.DirEntry[str]) -> str:
    return entry.name
