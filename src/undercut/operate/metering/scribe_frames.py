"""What a server and its scribe write to each other: lengths, JSON and the bytes of answers.

A frame is its length (uint32) and its body; a body is the group's number and the length of the
JSON (uint32 each), the JSON, and the answers of the claims one after another. A reply is the
number of the last group it is about and whether those stand (uint32, uint8). Little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from undercut.operate.metering.rows import Row

MOST_BYTES = 1 << 28
_LENGTH = struct.Struct("<I")
_HEAD = struct.Struct("<II")
_REPLY = struct.Struct("<IB")


class FrameError(Exception):
    """What the other side cannot have written."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A group of requests of which nothing has to be looked up first.

    rows: as REQUEST_COLUMNS. claims: tenant, key, request id, digest of the body, token and the
    answer as it goes out.
    """

    number: int
    rows: Sequence[Row]
    claims: Sequence[Row]


def write_group(group: Plain) -> bytes:
    """The group's frame; TypeError where it holds what JSON does not."""
    answers: list[bytes] = [claim[-1] for claim in group.claims]  # type: ignore[misc]
    claims = [
        (*claim[:-1], len(answer)) for claim, answer in zip(group.claims, answers, strict=True)
    ]
    words = orjson.dumps((group.rows, claims))
    body = b"".join((_HEAD.pack(group.number, len(words)), words, *answers))
    return _LENGTH.pack(len(body)) + body


def take_groups(buffer: bytearray) -> list[Plain]:
    """Take the whole frames off the front of a buffer."""
    return [_read(body) for body in _bodies(buffer)]


def _bodies(buffer: bytearray) -> Iterator[bytes]:
    while len(buffer) >= _LENGTH.size:
        (length,) = _LENGTH.unpack_from(buffer)
        if not _HEAD.size <= length <= MOST_BYTES:
            raise FrameError(f"a frame of {length} bytes")
        end = _LENGTH.size + length
        if len(buffer) < end:
            return
        body = bytes(memoryview(buffer)[_LENGTH.size : end])
        del buffer[:end]
        yield body


def _read(body: bytes) -> Plain:
    number, length = _HEAD.unpack_from(body)
    at = _HEAD.size + length
    rows, worded = orjson.loads(memoryview(body)[_HEAD.size : at])
    claims: list[Row] = []
    for *claim, size in worded:
        claims.append((*claim, body[at : at + size]))
        at += size
    if at != len(body):
        raise FrameError("answers that do not add up")
    return Plain(number, rows, claims)


def write_reply(number: int, stands: bool) -> bytes:
    """All groups up to this one, and after the last reply's, stand or do not."""
    return _REPLY.pack(number, stands)


def take_replies(buffer: bytearray) -> list[tuple[int, bool]]:
    """Take the whole replies off the front of a buffer."""
    whole = len(buffer) // _REPLY.size * _REPLY.size
    replies = [(number, bool(stands)) for number, stands in _REPLY.iter_unpack(buffer[:whole])]
    del buffer[:whole]
    return replies
