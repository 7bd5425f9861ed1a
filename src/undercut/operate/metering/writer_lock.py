"""The lock between processes that write one SQLite file: taken and let go for every group."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock

_POLL_SECONDS = 0.001
_LOOK_SECONDS = 1.0


class WriterLock:
    """As `core.locks.FileLock`, with the file kept open and without giving the interpreter away.

    Opening, locking and closing through `os` and `fcntl` each let the event loop run first, for
    milliseconds when it is busy; none of these calls waits, so none needs to. Whoever deletes the
    file lets two owners in for a second: so often it is looked whether the path still means it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        self._look = 0.0
        # of one open file the system's lock would not keep two threads apart
        self._mine = Lock()

    def acquire(self, wait_seconds: float) -> None:
        """Take it; TimeoutError where another keeps it longer, OSError where it cannot be had."""
        deadline = time.monotonic() + wait_seconds
        if not self._mine.acquire(timeout=wait_seconds):
            raise TimeoutError("another thread is writing to them")
        try:
            while not _try(self._opened()):
                if time.monotonic() > deadline:
                    raise TimeoutError("another process is writing to them")
                time.sleep(_POLL_SECONDS)
        except BaseException:
            self._mine.release()
            raise

    def release(self) -> None:
        """Let go."""
        if self._handle is not None:
            _let_go(self._handle)
        self._mine.release()

    def close(self) -> None:
        """Close the file; `acquire` opens it again."""
        with self._mine:
            self._close()

    def _opened(self) -> int:
        now = time.monotonic()
        if self._handle is not None and now > self._look and not self._is_at_its_path():
            self._close()
        if self._handle is None:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        if now > self._look:
            self._look = now + _LOOK_SECONDS
        return self._handle

    def _is_at_its_path(self) -> bool:
        assert self._handle is not None
        try:
            return os.path.samestat(os.fstat(self._handle), self._path.stat())
        except FileNotFoundError:
            return False

    def _close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _try(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def _let_go(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    _BUSY = (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR)
    _flock: Callable[[int, int], int] = ctypes.PyDLL(None, use_errno=True).flock

    def _try(handle: int) -> bool:
        if _flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB) == 0:
            return True
        number = ctypes.get_errno()
        if number in _BUSY:
            return False
        raise OSError(number, f"this file system does not lock files: {os.strerror(number)}")

    def _let_go(handle: int) -> None:
        _flock(handle, fcntl.LOCK_UN)
