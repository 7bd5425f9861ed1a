"""Batches of any size, cut into requests that a server takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from undercut.core.errors import InputError


def encode_text(text: object, position: int) -> bytes:
    """A text as JSON bytes; InputError with its 0-based position where it is none."""
    if not isinstance(text, str):
        raise InputError(
            f"text {position} is a {type(text).__name__}, expected a string",
            hint="texts that are missing must be left out or given as ''",
        )
    try:
        return json.dumps(text, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"text {position} holds half of a surrogate pair and has no UTF-8 form",
            hint="text.encode('utf-8', 'replace').decode('utf-8')",
        ) from error


class Splitter:
    """Collects encoded texts and says when a request is full; holds one request at most."""

    def __init__(self, *, inputs: int, limit_bytes: int) -> None:
        self._inputs = inputs
        self._limit_bytes = limit_bytes
        self._texts: list[bytes] = []
        self._bytes = 0
        self._seen = 0

    def add(self, text: object) -> list[bytes] | None:
        """Take one text; returns the request that it no longer fits into, None while there is room.

        Raises InputError for what is no string.
        """
        encoded = encode_text(text, self._seen)
        self._seen += 1
        full = len(self._texts) == self._inputs or (
            self._texts and self._bytes + len(encoded) + 1 > self._limit_bytes
        )
        done = self.rest() if full else None
        self._texts.append(encoded)
        self._bytes += len(encoded) + 1
        return done

    def rest(self) -> list[bytes]:
        """What is left, as the last request; empty where nothing is."""
        texts, self._texts, self._bytes = self._texts, [], 0
        return texts


def split(texts: Iterable[object], *, inputs: int, limit_bytes: int) -> Iterator[list[bytes]]:
    """Requests of at most `inputs` texts and `limit_bytes` bytes of JSON, in order, one at a time.

    A text longer than `limit_bytes` goes alone: whether it is too long is the server's to say.
    Raises InputError for what is no string.
    """
    splitter = Splitter(inputs=inputs, limit_bytes=limit_bytes)
    for text in texts:
        if (full := splitter.add(text)) is not None:
            yield full
    if rest := splitter.rest():
        yield rest
