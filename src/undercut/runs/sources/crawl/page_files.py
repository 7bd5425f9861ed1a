"""The files of a crawl: each page as it came (WARC), and its text with where it came from (JSONL).

Source: ISO 28500 (WARC 1.1), one gzip member a record.
"""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import undercut
from undercut.build.data.web.page import Page
from undercut.core.errors import ArtefactError
from undercut.runs.sources.crawl.fetch import Answer

TEXTS_FILE = "pages.jsonl"
WARC_FILE = "pages.warc.gz"
# They speak of the body as it was sent; in the archive it stands unpacked.
_SENDING = frozenset({"content-encoding", "transfer-encoding", "content-length", "connection"})


@dataclass(frozen=True, slots=True)
class KeptPage:
    """One page to keep. url: as asked for. fetched: with time zone."""

    url: str
    answer: Answer
    page: Page
    fetched: datetime


class PageFiles:
    """Appends pages; `lengths` says how far the files are on disk.

    lengths: of each file as the frontier noted them; what stands beyond is cut off.
    Raises ArtefactError where a file is shorter than that.
    """

    def __init__(self, folder: Path, lengths: dict[str, int], *, warc: bool) -> None:
        self._texts = _opened(folder / TEXTS_FILE, lengths.get(TEXTS_FILE, 0))
        self._warc = _opened(folder / WARC_FILE, lengths.get(WARC_FILE, 0)) if warc else None
        if self._warc is not None and self._warc.tell() == 0:
            _write_warc_info(self._warc)

    def append(self, kept: KeptPage) -> dict[str, int]:
        """Write a page; on disk when this returns. Returns the new length of each file."""
        record = json.dumps(text_record(kept), ensure_ascii=False)
        self._texts.write(record.encode("utf-8", errors="replace") + b"\n")
        if self._warc is not None:
            _write_response(self._warc, kept)
        return self._synced()

    def close(self) -> None:
        self._texts.close()
        if self._warc is not None:
            self._warc.close()

    def _synced(self) -> dict[str, int]:
        lengths = {}
        for name, file in ((TEXTS_FILE, self._texts), (WARC_FILE, self._warc)):
            if file is not None:
                file.flush()
                os.fsync(file.fileno())
                lengths[name] = file.tell()
        return lengths


def text_record(kept: KeptPage) -> dict[str, str | None]:
    """A page as one line of `pages.jsonl`."""
    page = kept.page
    return {
        "text": page.text,
        "url": kept.url,
        "title": page.title,
        "author": page.author,
        "language": page.language,
        "date": None if page.published is None else page.published.isoformat(),
        "fetched": kept.fetched.astimezone(UTC).isoformat(timespec="seconds"),
        "licence": page.licence,
    }


def _opened(path: Path, length: int) -> IO[bytes]:
    try:
        file = path.open("r+b" if path.exists() else "w+b")
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be written: {error.strerror}") from error
    if file.seek(0, os.SEEK_END) < length:
        file.close()
        raise ArtefactError(
            f"{path}: is shorter than the crawl has noted ({length} bytes)",
            hint="crawl into a new folder with --out",
        )
    file.truncate(length)
    file.seek(length)
    return file


def _write_warc_info(file: IO[bytes]) -> None:
    from warcio.warcwriter import WARCWriter

    writer = WARCWriter(file, gzip=True, warc_version="1.1")
    about = {"software": f"undercut/{undercut.__version__}", "format": "WARC File Format 1.1"}
    writer.write_record(writer.create_warcinfo_record(WARC_FILE, about))


def _write_response(file: IO[bytes], kept: KeptPage) -> None:
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    answer = kept.answer
    headers = [(_line(k), _line(v)) for k, v in answer.headers if k not in _SENDING]
    headers.append(("content-length", str(len(answer.body))))
    http = StatusAndHeaders(f"{answer.status} OK", headers, protocol="HTTP/1.1")
    writer = WARCWriter(file, gzip=True, warc_version="1.1")
    at = kept.fetched.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    record: Any = writer.create_warc_record(
        kept.url,
        "response",
        payload=io.BytesIO(answer.body),
        http_headers=http,
        warc_headers_dict={"WARC-Date": at},
    )
    writer.write_record(record)


def _line(text: str) -> str:
    return " ".join(text.split())
