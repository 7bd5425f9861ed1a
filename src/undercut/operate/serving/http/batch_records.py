"""Records of a streamed batch, cut out of chunks of bytes: NDJSON here, CSV in `batch_csv`.

Memory is bounded by the longest record: one that is longer is skipped to its end and reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import orjson

from undercut.operate.serving.http.limits import HttpLimits
from undercut.operate.serving.http.refusal import Refusal
from undercut.operate.serving.http.texts import check_text

# JSON may write a character as two escapes of six bytes each.
_BYTES_PER_CHARACTER = 12
_ROOM_BYTES = 4096
_IDENTIFIER_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record is not answered."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record. position: from 0. line: from 1, of the record's beginning in what was sent.

    identifier: the caller's own, given back with the answer. text: None where there is a fault.
    """

    position: int
    line: int
    text: str | None
    identifier: str | int | None = None
    fault: Fault | None = None


class RecordReader(Protocol):
    """Cuts records out of a stream."""

    def feed(self, data: bytes) -> Iterator[Record]:
        """Records that are complete with these bytes."""
        ...

    def end(self) -> Iterator[Record]:
        """What is left when the stream ends."""
        ...


class Lines:
    """Complete lines of a stream, each with its number; None for one that is too long."""

    def __init__(self, longest_bytes: int) -> None:
        self._longest_bytes = longest_bytes
        self._rest = bytearray()
        self._skipping = False
        self._number = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes | None]]:
        """Lines that end within these bytes, without their ends."""
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._take(data[start:end])
            start = end + 1
            yield self._line()
        self._take(data[start:])

    def end(self) -> Iterator[tuple[int, bytes | None]]:
        """A last line without an end."""
        if self._rest or self._skipping:
            yield self._line()

    def _take(self, part: bytes) -> None:
        if self._skipping:
            return
        self._rest += part
        if len(self._rest) > self._longest_bytes:
            self._rest.clear()
            self._skipping = True

    def _line(self) -> tuple[int, bytes | None]:
        self._number += 1
        line = None if self._skipping else bytes(self._rest)
        self._rest.clear()
        self._skipping = False
        return self._number, line


class NdjsonReader:
    """A JSON string or an object {"text": ..., "id": ...} in each line; blank lines are skipped."""

    def __init__(self, limits: HttpLimits) -> None:
        self._limits = limits
        self._lines = Lines(longest_record_bytes(limits))
        self._position = 0

    def feed(self, data: bytes) -> Iterator[Record]:
        """Records that are complete with these bytes."""
        for number, line in self._lines.feed(data):
            yield from self._record(number, line)

    def end(self) -> Iterator[Record]:
        """A last line without an end."""
        for number, line in self._lines.end():
            yield from self._record(number, line)

    def _record(self, number: int, line: bytes | None) -> Iterator[Record]:
        if line is not None and not line.strip():
            return
        position, self._position = self._position, self._position + 1
        if line is None:
            yield Record(position, number, None, fault=too_long())
            return
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            fault = Fault("invalid_json", f"not JSON in UTF-8: {error.msg}")
            yield Record(position, number, None, fault=fault)
            return
        identifier = value.get("id") if isinstance(value, dict) else None
        text = value.get("text") if isinstance(value, dict) else value
        yield checked(self._limits, position, number, text, identifier)


def longest_record_bytes(limits: HttpLimits) -> int:
    """The most bytes that a record with a text of permitted length can have."""
    return limits.text_characters * _BYTES_PER_CHARACTER + _ROOM_BYTES


def too_long() -> Fault:
    """The record has more bytes than any text of permitted length needs."""
    return Fault("record_too_long", "the record is longer than any text may be")


def checked(
    limits: HttpLimits, position: int, line: int, text: object, identifier: object
) -> Record:
    """A record whose text and id are checked; a fault where one is wrong."""
    if identifier is not None and not _is_identifier(identifier):
        fault = Fault("invalid_request", "id must be a whole number or a string of 200 characters")
        return Record(position, line, None, fault=fault)
    own = identifier if isinstance(identifier, str | int) else None
    try:
        found = check_text(text, limits, name="text", position=position)
    except Refusal as refusal:
        message = refusal.message.replace(f"text[{position}]", "text")
        return Record(position, line, None, own, Fault(refusal.code, message))
    return Record(position, line, found, own)


def _is_identifier(value: object) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return True
    return isinstance(value, str) and len(value) <= _IDENTIFIER_CHARACTERS
