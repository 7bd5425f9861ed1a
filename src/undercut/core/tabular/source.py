"""From a path to its format and its bytes, unzipped within bounds."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import IO, Literal, TypeAlias, cast

from undercut.core.errors import InputError
from undercut.core.tabular.rows import Limits

Format: TypeAlias = Literal["csv", "tsv", "jsonl", "parquet", "saved_dataset"]

_BY_SUFFIX: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_READ_BYTES = 256 * 1024


def format_of(path: Path) -> Format:
    """The format that the file name states, `.gz` left aside.

    Raises InputError for any other name.
    """
    stem = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    try:
        return _BY_SUFFIX[stem.suffix.lower()]
    except KeyError:
        raise InputError(
            f"cannot tell the format from the file name (ending {stem.suffix!r})",
            file=str(path),
            hint="use .csv, .tsv, .jsonl or .parquet, each also with .gz, "
            "or a folder written by datasets.save_to_disk",
        ) from None


def recognise(path: Path) -> Format:
    """The format of an existing file or folder.

    Raises InputError where it does not exist, cannot be read, or is of another format.
    """
    if path.is_dir():
        if (path / "state.json").is_file() or (path / "dataset_dict.json").is_file():
            return "saved_dataset"
        raise InputError(
            "is a folder, but not one written by datasets.save_to_disk",
            file=str(path),
            hint="name one file of it",
        )
    if not path.is_file():
        what = "is not a regular file" if path.exists() else "no such file"
        raise InputError(what, file=str(path), hint="check the path")
    known = format_of(path)
    start = first_bytes(path, 4)
    if not start:
        raise InputError("the file is empty", file=str(path))
    if start == b"PK\x03\x04":
        raise InputError(
            "is a zip archive or a spreadsheet, not a text table",
            file=str(path),
            hint="export the sheet as CSV",
        )
    return known


def first_bytes(path: Path, count: int) -> bytes:
    """The first `count` bytes as they stand on disk."""
    with open_raw(path) as stream:
        return stream.read(count)


def open_raw(path: Path) -> IO[bytes]:
    """Open for reading; InputError where the system refuses."""
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror or error}", file=str(path), hint="check permissions"
        ) from error


def is_gzipped(path: Path) -> bool:
    """By content, not by name: exports are often misnamed in both directions."""
    return first_bytes(path, 2) == b"\x1f\x8b"


def open_bytes(path: Path, *, limits: Limits) -> io.BufferedReader:
    """The bytes of the table, unzipped where the file is gzipped.

    Reading raises InputError where the gzip data is damaged or grows beyond `limits`.
    """
    if not is_gzipped(path):
        return cast(io.BufferedReader, open_raw(path))
    return io.BufferedReader(_BoundedGzip(path, limits), _READ_BYTES)


class _BoundedGzip(io.RawIOBase):
    """A gzip member stream that gives up on damage and on bombs."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self._raw = open_raw(path)
        self._gzip = gzip.GzipFile(fileobj=self._raw, mode="rb")
        self._bytes_out = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            data = self._gzip.read1(len(buffer))
        except (EOFError, OSError, zlib.error) as error:
            raise InputError(
                f"the gzip data is damaged or cut off: {error}",
                file=str(self._path),
                hint="copy or download the file again",
            ) from error
        buffer[: len(data)] = data
        self._bytes_out += len(data)
        self._refuse_bomb()
        return len(data)

    def _refuse_bomb(self) -> None:
        if self._bytes_out <= self._limits.gzip_free_bytes:
            return
        bytes_in = max(self._raw.tell(), 1)
        if self._bytes_out > bytes_in * self._limits.gzip_ratio:
            raise InputError(
                f"unzips to more than {self._limits.gzip_ratio} times its size "
                f"({self._bytes_out} bytes from {bytes_in}): refused as a gzip bomb",
                file=str(self._path),
                hint="unzip the file first if it is meant to be so large",
            )

    def close(self) -> None:
        if not self.closed:
            self._gzip.close()
            self._raw.close()
        super().close()
