"""Read the vocabulary out of a SentencePiece model file, without protobuf."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from undercut.core.errors import ArtefactError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_PIECES_FIELD, _TEXT_FIELD, _SCORE_FIELD = 1, 1, 2


@dataclass(frozen=True, slots=True)
class Piece:
    """A unigram piece and its log probability."""

    text: str
    score: float


def read_pieces(model: bytes) -> tuple[Piece, ...]:
    """The pieces of a SentencePiece model; a piece's id is its position.

    model: a serialised `ModelProto`; its other fields are not read.
    Raises ArtefactError where the bytes are not one.
    Source: https://protobuf.dev/programming-guides/encoding, sentencepiece_model.proto.
    """
    try:
        pieces = tuple(_piece(value) for value in _values(model, _PIECES_FIELD))
    except (IndexError, struct.error, UnicodeDecodeError, ValueError) as error:
        raise ArtefactError(
            f"not a SentencePiece model: {error}; expected a serialised ModelProto",
            hint="reinstall the package that the file came with",
        ) from error
    if not pieces:
        raise ArtefactError("a SentencePiece model without pieces; expected them in field 1")
    return pieces


def _piece(message: bytes) -> Piece:
    text, score = "", 0.0
    for number, value in _fields(message):
        if number == _TEXT_FIELD:
            text = value.decode("utf-8")
        elif number == _SCORE_FIELD:
            (score,) = struct.unpack("<f", value)
    return Piece(text, score)


def _values(message: bytes, wanted: int) -> Iterator[bytes]:
    return (value for number, value in _fields(message) if number == wanted)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """(field number, raw value) in file order; a varint's value is empty, nobody reads one."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            _, at = _varint(message, at)
            yield number, b""
            continue
        if wire == _BYTES:
            size, at = _varint(message, at)
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"wire type {wire} at byte {at}")
        if at + size > len(message):
            raise ValueError(f"a field of {size} bytes at byte {at} reaches past the end")
        yield number, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
