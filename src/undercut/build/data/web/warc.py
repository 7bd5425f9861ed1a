"""Web archives: records one by one, where a broken one costs itself and not the rest.

Source: ISO 28500 (WARC 1.1), annex D: one gzip member a record, so that the next can be found.
Archives zipped as one member are read too, up to their first damage.
"""

from __future__ import annotations

import importlib
import io
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, TypeAlias

from undercut.core.errors import MissingExtraError

_STEP = 64 * 1024
_MAGIC = b"\x1f\x8b\x08"
_PLAIN_MARK = b"WARC/"
# What a member may unpack to whatever its size, and the most bytes out per byte in beyond that.
_FREE_BYTES = 256 * 2**20
_RATIO = 400
# Of one record, all its headers and the blank lines before them.
_HEADER_BYTES = 1 << 20
_TEXT_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain"})
_KINDS = frozenset({"response", "resource", "conversion"})
_PACKINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedText:
    """A record that holds a page or a text. number: of the record in the file, from 1.

    body: unpacked. content_type: type and subtype, lower case. charset: as the server stated it.
    date: WARC-Date as written.
    """

    number: int
    url: str
    date: str
    content_type: str
    charset: str | None
    robots_tag: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """What could not be read. number: of the record, as far as they can be counted."""

    number: int
    reason: str


ArchiveRecord: TypeAlias = ArchivedText | BrokenRecord


def read_warc(file: IO[bytes], *, most: int) -> Iterator[ArchiveRecord]:
    """The pages and texts of an archive, in its order; other records are passed over.

    file: seekable. most: bytes of a body; a longer one is broken. Answers that are no success
    (status 200 to 299) and other content types are passed over.
    Raises MissingExtraError without warcio.
    """
    _import("warcio")
    start = file.read(3)
    file.seek(0)
    walk = _Walk(file, most)
    return walk.members() if start == _MAGIC else walk.plain()


class _Walk:
    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file = file
        self._most = most
        self._number = 0

    def members(self) -> Iterator[ArchiveRecord]:
        """A gzipped archive, each member by itself."""
        at: int | None = 0
        while at is not None:
            member = _Member(self._file, at)
            yield from self._records(member)
            member.drain()
            if member.problem is None:
                at = member.end if self._more(member.end) else None
                continue
            yield self._broken(member.problem)
            at = _next_member(self._file, at + 1)

    def plain(self) -> Iterator[ArchiveRecord]:
        """An archive that is not zipped."""
        at: int | None = 0
        while at is not None:
            self._file.seek(at)
            tail = _Tail(self._file, at)
            failed_at = yield from self._records(tail)
            if tail.problem is not None:
                yield self._broken(tail.problem)
                failed_at = tail.header_at
            at = None if failed_at is None else _next_plain(self._file, at + failed_at + 1)

    def _records(self, stream: _Member | _Tail) -> Generator[ArchiveRecord, None, int | None]:
        """Records of one stream; returns where in it a record could not be read, else None."""
        iterator = _import("warcio.archiveiterator").ArchiveIterator(stream)
        failures = _failures()
        while True:
            try:
                with stream.header():
                    record = next(iterator, None)
                if record is None or stream.failed():
                    return None
                self._number += 1
                text = self._text_of(record)
                iterator.read_to_end()
            except failures as error:
                if stream.problem is None:  # else told with the member
                    yield self._broken(f"no WARC record: {error}"[:300])
                return int(iterator.offset)
            if stream.failed():
                return None  # told with the member; half a page is none
            left = getattr(record.raw_stream, "limit", 0)
            if left:
                yield BrokenRecord(self._number, f"the record is cut off, {left} bytes are missing")
                return None
            if text is not None:
                yield text

    def _text_of(self, record: Any) -> ArchiveRecord | None:
        about = record.rec_headers
        if record.rec_type not in _KINDS:
            return None
        http = record.http_headers
        stated = (http.get_header("Content-Type") if http else None) or ""
        stated = stated or about.get_header("Content-Type") or ""
        kind = stated.split(";")[0].strip().lower()
        if kind not in _TEXT_TYPES:
            return None
        if http is not None and not (http.get_statuscode() or "").startswith("2"):
            return None
        packing = ((http.get_header("Content-Encoding") if http else None) or "").strip().lower()
        if packing not in _PACKINGS:
            return BrokenRecord(self._number, f"content encoding {packing[:20]!r} is not known")
        body = _read(record.content_stream(), self._most)
        if len(body) > self._most:
            return BrokenRecord(self._number, f"the body is more than {self._most} bytes")
        return ArchivedText(
            number=self._number,
            url=about.get_header("WARC-Target-URI") or "",
            date=about.get_header("WARC-Date") or "",
            content_type=kind,
            charset=_parameter(stated, "charset"),
            robots_tag=http.get_header("X-Robots-Tag") if http else None,
            body=body,
        )

    def _more(self, at: int) -> bool:
        self._file.seek(at)
        return bool(self._file.read(1))

    def _broken(self, reason: str) -> BrokenRecord:
        self._number += 1
        return BrokenRecord(self._number, reason)


class _Bounded(io.RawIOBase):
    """A stream whose headers end: without that, one line may be as long as the file.

    problem: what is wrong. header_at: where the last headers began.
    """

    def __init__(self) -> None:
        self.problem: str | None = None
        self.header_at = 0
        self._room: int | None = None

    def readable(self) -> bool:
        return True

    def failed(self) -> bool:
        """Whether something is wrong by now."""
        return self.problem is not None

    @contextmanager
    def header(self) -> Iterator[None]:
        """While this lasts no more than the bytes of headers are given."""
        self._room, self.header_at = _HEADER_BYTES, self.tell()
        try:
            yield
        finally:
            self._room = None

    def readinto(self, buffer: Any) -> int:
        if self.problem is not None:
            return 0
        if self._room == 0:
            self.problem = f"the headers are longer than {_HEADER_BYTES} bytes"
            return 0
        wanted = len(buffer) if self._room is None else min(len(buffer), self._room)
        data = self._some(wanted)
        buffer[: len(data)] = data
        if self._room is not None:
            self._room -= len(data)
        return len(data)

    def _some(self, room: int) -> bytes:
        raise NotImplementedError


class _Member(_Bounded):
    """The bytes of one gzip member. end: where it ends in the file; problem: what is wrong."""

    def __init__(self, file: IO[bytes], start: int) -> None:
        super().__init__()
        self._file = file
        self._zlib = zlib.decompressobj(31)
        self._start = start
        self._position = start
        self._tail = b""
        self.offset = 0
        self.end = start

    def tell(self) -> int:
        return self.offset

    def drain(self) -> None:
        """Read to the member's end, so that `end` is known."""
        while self.problem is None and self._some(_STEP):
            pass

    def _some(self, room: int) -> bytes:
        while not self._zlib.eof:
            packed = self._tail
            if not packed:
                self._file.seek(self._position)
                packed = self._file.read(_STEP)
                self._position += len(packed)
            if not packed:
                self.problem = "the gzip data is cut off"
                return b""
            try:
                data = self._zlib.decompress(packed, room)
            except zlib.error as error:
                self.problem = f"damaged gzip data: {error}"
                return b""
            self._tail = self._zlib.unconsumed_tail
            self.end = self._position - len(self._zlib.unused_data)
            if data:
                packed_bytes = max(self.end - self._start, 1)
                if self.offset > _FREE_BYTES and self.offset > _RATIO * packed_bytes:
                    self.problem = "unpacks without end: refused as a gzip bomb"
                    return b""
                self.offset += len(data)
                return data
        return b""


class _Tail(_Bounded):
    """A file from a position on, counted from there."""

    def __init__(self, file: IO[bytes], start: int) -> None:
        super().__init__()
        self._file = file
        self._start = start

    def tell(self) -> int:
        return self._file.tell() - self._start

    def _some(self, room: int) -> bytes:
        return self._file.read(room)


def _next_member(file: IO[bytes], start: int) -> int | None:
    """Where the next gzip member with a WARC record begins, None where there is none."""
    for at in _found(file, _MAGIC, start):
        file.seek(at)
        try:
            begins = zlib.decompressobj(31).decompress(file.read(_STEP), len(_PLAIN_MARK))
        except zlib.error:
            continue  # the mark stood inside other data
        if begins == _PLAIN_MARK:
            return at
    return None


def _next_plain(file: IO[bytes], start: int) -> int | None:
    return next((at + 1 for at in _found(file, b"\n" + _PLAIN_MARK, start)), None)


def _found(file: IO[bytes], mark: bytes, start: int) -> Iterator[int]:
    """Positions of `mark` from `start` on; the file is read a piece at a time."""
    position = start
    while True:
        file.seek(position)
        piece = file.read(_STEP + len(mark) - 1)
        at = piece.find(mark)
        while at >= 0:
            yield position + at
            at = piece.find(mark, at + 1)
        if len(piece) < _STEP:
            return
        position += _STEP


def _read(stream: Any, most: int) -> bytes:
    body = bytearray()
    while len(body) <= most and (part := stream.read(_STEP)):
        body += part
    return bytes(body)


def _parameter(header: str, name: str) -> str | None:
    for part in header.split(";")[1:]:
        key, _, value = part.partition("=")
        if key.strip().lower() == name:
            return value.strip().strip("\"'") or None
    return None


def _failures() -> tuple[type[Exception], ...]:
    return (
        _import("warcio.exceptions").ArchiveLoadFailed,
        _import("warcio.statusandheaders").StatusAndHeadersParserException,
        _import("warcio.bufferedreaders").ChunkedDataException,
        zlib.error,
        ValueError,
        OSError,
        EOFError,
        # what warcio raises for headers that it expects and does not find
        AttributeError,
        TypeError,
        KeyError,
    )


def _import(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError("warcio", "data", "reading web archives") from error
