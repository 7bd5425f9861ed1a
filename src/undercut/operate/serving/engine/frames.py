"""What an engine and its worker processes write to each other: lengths, UTF-8 and raw numbers.

A frame is its length (uint32) and its body; a body is its kind, a fixed header, then arrays one
after another without padding. Little-endian throughout. Nothing here can name code to run: a
frame that does not fit is an error, never more than an error.

batch     id, stage, top, texts, bytes · lengths in characters · UTF-8 · known probabilities
outcome   id, texts, answered, top, seconds · done · classes · probabilities · known probabilities
failure   id, message: what the model raised        ready   seconds of the warm-up by stage
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from undercut.core.dataset import FloatArray
from undercut.operate.serving.engine.stage_batch import StageBatch, StageOutcome

LENGTH: Final = struct.Struct("<I")
MOST_BYTES: Final = 1 << 30
BATCH, OUTCOME, FAILURE, READY = range(1, 5)

_BATCH: Final = struct.Struct("<BIHIII")
_OUTCOME: Final = struct.Struct("<BIIIIdd")
_FAILURE: Final = struct.Struct("<BI")


class FrameError(Exception):
    """A frame that the other side cannot have written: stop talking to it."""


class _Reader:
    """Takes arrays from a body one after another."""

    def __init__(self, body: bytes, start: int) -> None:
        self._body = body
        self._at = start

    def array(self, dtype: str, *shape: int) -> NDArray[Any]:
        count = math.prod(shape)
        end = self._at + count * np.dtype(dtype).itemsize
        if end > len(self._body):
            raise FrameError("a frame ends too early")
        values = np.frombuffer(self._body, dtype=dtype, count=count, offset=self._at)
        self._at = end
        return values.reshape(shape)

    def bytes(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._body):
            raise FrameError("a frame ends too early")
        part = self._body[self._at : end]
        self._at = end
        return part


def framed(parts: Iterable[bytes | memoryview]) -> bytes:
    """Parts of a body → a frame."""
    body = b"".join(parts)
    return LENGTH.pack(len(body)) + body


def body_length(prefix: bytes | bytearray | memoryview) -> int:
    """Length of the body that follows; FrameError where no frame is as long."""
    (length,) = LENGTH.unpack_from(prefix)
    if not 0 < length <= MOST_BYTES:
        raise FrameError(f"a frame of {length} bytes")
    return int(length)


def kind_and_number(body: bytes) -> tuple[int, int]:
    """The kind of a frame and the batch that it is about."""
    if len(body) < _FAILURE.size:
        raise FrameError("a frame without a header")
    kind, number = _FAILURE.unpack_from(body)
    return int(kind), int(number)


def write_batch(number: int, batch: StageBatch) -> bytes:
    """Lone surrogates pass: models get texts exactly as the caller gave them."""
    text = "".join(batch.texts).encode("utf-8", "surrogatepass")
    lengths = np.fromiter(map(len, batch.texts), dtype="<u4", count=len(batch.texts))
    header = _BATCH.pack(BATCH, number, batch.stage, batch.top, len(batch.texts), len(text))
    return framed((header, lengths.tobytes(), text, *_raw(batch.known)))


def read_batch(body: bytes, known: Sequence[Sequence[str]], classes: int) -> StageBatch:
    """known: for each stage the models whose probabilities come with a batch, in order."""
    _, _, stage, top, count, size = _unpacked(_BATCH, body)
    if stage >= len(known):
        raise FrameError(f"a batch of stage {stage} of {len(known)}")
    reader = _Reader(body, _BATCH.size)
    ends = list(accumulate(reader.array("<u4", count).tolist()))
    text = reader.bytes(size).decode("utf-8", "surrogatepass")
    if (ends[-1] if ends else 0) != len(text):
        raise FrameError("lengths of texts that do not add up")
    texts = [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    arrays = {name: reader.array("<f4", count, classes) for name in known[stage]}
    return StageBatch(stage, top, texts, arrays)


def write_outcome(number: int, outcome: StageOutcome) -> bytes:
    """The outcome of the batch of that number."""
    answered, top = outcome.classes.shape
    header = _OUTCOME.pack(
        OUTCOME,
        number,
        len(outcome.done),
        answered,
        top,
        outcome.seconds,
        outcome.cpu_seconds,
    )
    numbers = outcome.classes.astype("<i4", copy=False).tobytes()
    likely = outcome.probabilities.astype("<f4", copy=False).tobytes()
    return framed((header, outcome.done.tobytes(), numbers, likely, *_raw(outcome.known)))


def read_outcome(body: bytes, known: Sequence[str], classes: int) -> StageOutcome:
    """known: models whose probabilities come back for deferred texts, in order."""
    _, _, texts, answered, top, seconds, cpu_seconds = _unpacked(_OUTCOME, body)
    reader = _Reader(body, _OUTCOME.size)
    done = reader.array("|u1", texts).astype(np.bool_)
    if int(done.sum()) != answered:
        raise FrameError("answers that do not add up")
    return StageOutcome(
        done=done,
        classes=reader.array("<i4", answered, top),
        probabilities=reader.array("<f4", answered, top),
        known={name: reader.array("<f4", texts - answered, classes) for name in known},
        seconds=seconds,
        cpu_seconds=cpu_seconds,
    )


def write_failure(number: int, message: str) -> bytes:
    """What the model raised, or why the worker cannot start (number 0)."""
    return framed((_FAILURE.pack(FAILURE, number), message.encode("utf-8", "replace")))


def read_failure(body: bytes) -> str:
    """The message."""
    return body[_FAILURE.size :].decode("utf-8", "replace")


def write_ready(seconds: Sequence[float]) -> bytes:
    """The worker is warm; seconds: of the warm-up by stage."""
    return framed((_FAILURE.pack(READY, 0), np.asarray(seconds, dtype="<f8").tobytes()))


def read_ready(body: bytes) -> list[float]:
    """Seconds of the warm-up by stage."""
    if (len(body) - _FAILURE.size) % 8:
        raise FrameError("a frame ends too early")
    seconds: list[float] = np.frombuffer(body, dtype="<f8", offset=_FAILURE.size).tolist()
    return seconds


def _raw(known: Mapping[str, FloatArray]) -> list[bytes]:
    return [values.astype("<f4", copy=False).tobytes() for values in known.values()]


def _unpacked(header: struct.Struct, body: bytes) -> tuple[Any, ...]:
    if len(body) < header.size:
        raise FrameError("a frame without a header")
    return header.unpack_from(body)
