"""Structured logs: one JSON object a line, written by a thread so that a slow reader of stderr
never holds the server up.

No text, no key and no body is ever logged: the fields of a line are chosen here, and the words of
defects are those of a traceback without its values.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections import deque
from datetime import UTC, datetime
from typing import BinaryIO

import orjson

_LONGEST_QUEUE = 10_000
_FRAMES = 12
# lines gather so long: waking a thread for each would cost the event loop more than writing it
_GATHER_SECONDS = 0.02


class JsonLog:
    """Takes lines from the event loop, writes them from a thread; drops them when it must.

    dropped: lines that nobody took off in time.
    """

    def __init__(self, stream: BinaryIO | None = None, *, requests: bool = True) -> None:
        self._stream = stream if stream is not None else sys.stderr.buffer
        self._lines: deque[bytes] = deque()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self.requests = requests
        self.dropped = 0

    def start(self) -> None:
        """Start writing."""
        if self._thread is None:
            self._closing.clear()
            self._thread = threading.Thread(target=self._write, name="log", daemon=True)
            self._thread.start()

    def close(self, timeout_seconds: float = 2.0) -> None:
        """Write what is queued, then stop; a reader that blocks is not waited for longer."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._closing.set()
            self._wake.set()
            thread.join(timeout_seconds)

    def write(self, event: str, **fields: object) -> None:
        """One line."""
        if len(self._lines) >= _LONGEST_QUEUE:
            self.dropped += 1
            return
        line = {"time": datetime.now(UTC), "event": event, **fields}
        self._lines.append(orjson.dumps(line, option=orjson.OPT_UTC_Z, default=str) + b"\n")
        if not self._wake.is_set():
            self._wake.set()

    def defect(self, error: BaseException, **fields: object) -> None:
        """Where in the code an unexpected error arose, and its type; not its words, which may
        quote what the user sent."""
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        self.write("defect", error=type(error).__name__, places=places, **fields)

    def _write(self) -> None:
        while True:
            self._wake.wait()
            self._closing.wait(_GATHER_SECONDS)
            self._wake.clear()
            try:
                while self._lines:
                    parts = [self._lines.popleft() for _ in range(min(len(self._lines), 512))]
                    self._stream.write(b"".join(parts))
                self._stream.flush()
            except (OSError, ValueError):
                # stderr is gone: there is nowhere to say so, and serving goes on
                self.dropped += len(self._lines)
                self._lines.clear()
            if self._closing.is_set() and not self._lines:
                return


class ServerRecords(logging.Handler):
    """Hands the web server's own records to the log: its level and logger, and where an error
    arose. Their words stay out below ERROR, as do an error's own words."""

    def __init__(self, log: JsonLog) -> None:
        super().__init__(logging.INFO)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One record."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self._log.defect(error, logger=record.name)
        else:
            self._log.write("server", level=record.levelname, message=record.getMessage())
