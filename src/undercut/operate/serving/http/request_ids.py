"""Request ids: the caller's where it is safe to repeat, else ours; and one for the books."""

from __future__ import annotations

import os
import re
from itertools import count

LONGEST = 128
# Nothing that could end a header, a log line or a quoted value.
_SAFE = re.compile(rb"[A-Za-z0-9._~:@/+=-]{1,128}")


class RequestIds:
    """Makes ids that no other process makes: random for the process, then counted.

    Counted with leading zeros: so they grow as texts too, and the books append to their index.
    """

    def __init__(self) -> None:
        self._prefix = os.urandom(8).hex()
        self._numbers = count(1)

    def new(self) -> str:
        """An id of our own."""
        return f"{self._prefix}-{next(self._numbers):08x}"

    def for_books(self, request_id: str, *, own: bool) -> str:
        """The id of the row in the books, unique even where a caller repeats its own ids."""
        return request_id if own else f"{request_id}.{self.new()}"


def safe_id(value: bytes) -> str | None:
    """A caller's id as text; None where it is too long or has characters that are not safe."""
    return value.decode("ascii") if _SAFE.fullmatch(value) else None
