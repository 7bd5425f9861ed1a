"""Zip archives: a member at a time, within bounds that a bomb cannot talk its way around.

Source: PKWARE APPNOTE 6.3 (end of central directory); Fifield 2019 on overlapping zip bombs.
"""

from __future__ import annotations

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from undercut.build.data.documents import Origin, Record, Unreadable
from undercut.core.errors import ConfigError, InputError
from undercut.runs.sources.config import SourceConfig, ZipLimits
from undercut.runs.sources.files import open_file
from undercut.runs.sources.page_reader import PageReader

_END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"
_LOCATOR64 = b"PK\x06\x07"
_END_BYTES = 22 + 65_535
_RECORD64_BYTES, _LOCATOR64_BYTES = 56, 20
_ARCHIVES = (".zip", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz", ".zst", ".jar", ".docx", ".xlsx")
_STEP = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipReader:
    """The files of an archive in the order of their names; a bad one costs only itself."""

    path: Path
    source: str
    config: SourceConfig

    def records(self, pages: PageReader) -> Iterator[Record]:
        with _opened(self.path, self.config.zip) as archive:
            for member in _members(archive):
                name = _shown(member.filename)
                problem = _refusal(member)
                if problem is None:
                    yield from self._of_member(archive, member, name, pages)
                else:
                    yield Unreadable(Origin(self.source, name), problem)

    def _of_member(
        self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, pages: PageReader
    ) -> Iterator[Record]:
        with tempfile.TemporaryDirectory(prefix="undercut-zip-") as folder:
            # a name of ours with the ending of theirs: theirs may lead anywhere
            path = Path(folder) / ("member" + "".join(PurePosixPath(name).suffixes[-2:])[-20:])
            try:
                _unpack(archive, member, path, self.config.zip)
                reader = open_file(path, source=self.source, inside=name, config=self.config)
                yield from reader.records(pages)
            except (InputError, ConfigError) as error:
                reason = error.message.replace(f"{path}: ", "").replace(str(path), name)
                yield Unreadable(Origin(self.source, name), reason)


def open_zip(path: Path, *, source: str, config: SourceConfig) -> ZipReader:
    """Check what the archive states. Raises InputError where it is refused as a whole."""
    with _opened(path, config.zip) as archive:
        if not _members(archive):
            raise InputError("the archive holds no files", file=str(path))
    return ZipReader(path=path, source=source, config=config)


@contextmanager
def _opened(path: Path, limits: ZipLimits) -> Iterator[zipfile.ZipFile]:
    _check_listing(path, limits)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(path, archive, limits)
            yield archive
    except (zipfile.BadZipFile, OSError, struct.error, ValueError) as error:
        raise InputError(
            f"cannot be read as a zip archive: {error}", file=str(path), hint="zip it again"
        ) from error


def _check_listing(path: Path, limits: ZipLimits) -> None:
    """Bound the list of members before it is loaded: it alone can fill the memory."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _END_BYTES))
        tail = file.read(_END_BYTES)
        at = tail.rfind(_END)
        if at < 0 or len(tail) < at + 22:
            raise InputError(
                "cannot be read as a zip archive: its end is missing",
                file=str(path),
                hint="copy it again: it was cut off, or is something else",
            )
        listing = struct.unpack_from("<I", tail, at + 12)[0]
        # zipfile believes a zip64 record wherever one stands, so the short field may lie
        listing = _listing64(file, size - len(tail) + at) or listing
    if listing > limits.listing_bytes:
        raise InputError(
            f"the list of members takes {listing} bytes, expected at most {limits.listing_bytes}:"
            " refused as a zip bomb",
            file=str(path),
            hint="unzip it first if it is meant to hold so many files",
        )


def _listing64(file: IO[bytes], end: int) -> int:
    """What the zip64 record right before the end record at `end` states, 0 where there is none.

    The record's place is that at which zipfile looks, not the one that its locator names.
    """
    if end < _LOCATOR64_BYTES + _RECORD64_BYTES:
        return 0
    file.seek(end - _LOCATOR64_BYTES - _RECORD64_BYTES)
    record, locator = file.read(_RECORD64_BYTES), file.read(_LOCATOR64_BYTES)
    if not locator.startswith(_LOCATOR64) or not record.startswith(_END64):
        return 0
    return int(struct.unpack_from("<Q", record, 40)[0])


def _check_sizes(path: Path, archive: zipfile.ZipFile, limits: ZipLimits) -> None:
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    packed = max(1, path.stat().st_size)
    problem = None
    if len(members) > limits.members:
        problem = f"holds {len(members)} members, expected at most {limits.members}"
    elif total > limits.total_bytes:
        problem = f"unpacks to {total} bytes, expected at most {limits.total_bytes}"
    elif total > limits.free_bytes and total > limits.ratio * packed:
        problem = f"unpacks to {total // packed} times its size, expected {limits.ratio} at most"
    if problem is not None:
        raise InputError(
            f"{problem}: refused as a zip bomb",
            file=str(path),
            hint="unzip it first if it is meant to be so large",
        )


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    files = (m for m in archive.infolist() if not m.is_dir() and not _is_clutter(m.filename))
    return sorted(files, key=lambda m: (m.filename, m.header_offset))


def _is_clutter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in parts)


def _refusal(member: zipfile.ZipInfo) -> str | None:
    name = member.filename.lower()
    if name.endswith(_ARCHIVES) or name.removesuffix(".gz").endswith(_ARCHIVES):
        return "an archive inside an archive is refused; unzip it first"
    if member.flag_bits & 0x1:
        return "is encrypted"
    if (member.external_attr >> 28) == 0xA:
        return "is a symbolic link"
    return None


def _unpack(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, limits: ZipLimits
) -> None:
    """Write a member to `target`, counting what comes out whatever the archive states."""
    done = 0
    try:
        with archive.open(member) as packed, target.open("wb") as file:
            while part := packed.read(_STEP):
                done += len(part)
                if done > limits.member_bytes:
                    raise InputError(f"unpacks to more than {limits.member_bytes} bytes")
                file.write(part)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"cannot be unpacked: {error}") from None
    with target.open("rb") as file:
        if file.read(4) == b"PK\x03\x04":
            raise InputError("an archive inside an archive is refused; unzip it first")


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)[:500]
