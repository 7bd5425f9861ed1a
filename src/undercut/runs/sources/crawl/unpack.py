"""Content encodings undone within bounds: what a server sends small may unpack to anything."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Sequence

ACCEPTED = "gzip, deflate"
_STEP = 64 * 1024


class UnpackError(Exception):
    """A body that cannot be unpacked, with the reason in words."""


class TooLongError(UnpackError):
    """A body beyond its bound; reading stopped there."""


async def read_body(
    chunks: AsyncIterator[bytes], *, encodings: Sequence[str], most: int, cut: bool = False
) -> bytes:
    """The body, unpacked, of at most `most` bytes sent and `most` bytes unpacked.

    cut: give the first `most` bytes of a longer body instead of raising TooLongError.
    Raises UnpackError for an encoding that was not asked for, and for damaged data.
    """
    unpack = _unpacker(encodings)
    body = bytearray()
    sent = 0
    async for chunk in chunks:
        sent += len(chunk)
        for start in range(0, len(chunk), _STEP):
            body += unpack.feed(chunk[start : start + _STEP], room=most - len(body))
            if unpack.more or len(body) > most:
                return _beyond(body, most, cut=cut, packed=unpack.packed)
        if sent > most:
            return _beyond(body, most, cut=cut, packed=False)
    unpack.finish()
    return bytes(body)


def _beyond(body: bytearray, most: int, *, cut: bool, packed: bool) -> bytes:
    if cut:
        return bytes(body[:most])
    how = "unpacks to" if packed else "is"
    raise TooLongError(f"the body {how} more than {most} bytes")


class _Plain:
    packed = False
    more = False

    def feed(self, data: bytes, *, room: int) -> bytes:
        return data

    def finish(self) -> None:
        pass


class _Zlib:
    """gzip or deflate, never more than the room asked for; `more` says that there was more."""

    packed = True

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._stream = zlib.decompressobj(31) if kind == "gzip" else None
        self._fed = False
        self.more = False

    def feed(self, data: bytes, *, room: int) -> bytes:
        if self._stream is None:
            # "deflate" is zlib data by the standard and bare deflate from some servers
            wrapped = data[:1] and data[0] & 0x0F == 8
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        self._fed = self._fed or bool(data)
        if self._stream.eof:
            return b""
        try:
            out = self._stream.decompress(data, max(room, 0) + 1)
        except zlib.error as error:
            raise UnpackError(f"damaged {self._kind} data: {error}") from None
        self.more = len(out) > room
        return out

    def finish(self) -> None:
        if self._fed and self._stream is not None and not self._stream.eof:
            raise UnpackError(f"the {self._kind} data is cut off")


def _unpacker(encodings: Sequence[str]) -> _Plain | _Zlib:
    named = [e.strip().lower() for text in encodings for e in text.split(",")]
    packed = [e for e in named if e not in ("", "identity")]
    if not packed:
        return _Plain()
    if len(packed) > 1:
        raise UnpackError("the body is packed more than once")
    kind = packed[0].removeprefix("x-")
    if kind not in ("gzip", "deflate"):
        raise UnpackError(f"content encoding {packed[0][:20]!r}, asked for {ACCEPTED}")
    return _Zlib(kind)
