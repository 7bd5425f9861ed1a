"""Locks that the system lets go of when their owner dies, however it dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from undercut.core.errors import ArtefactError, ConfigError

if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _lock(handle: int, *, wait: bool) -> None:
        msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int, *, wait: bool) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


class FileLock:
    """An exclusive lock on a file, between processes and between handles of one process.

    The file is made if needed and left behind: deleting it would let two owners in. Children
    forked while it is held share it, so it lasts until the last of them is gone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def acquire(self, *, wait: bool) -> bool:
        """Take the lock; without `wait`, False where another holds it.

        Raises ArtefactError where the file cannot be made.
        """
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise ArtefactError(
                f"{self.path}: the lock file cannot be opened: {error.strerror}",
                hint="an output folder you may write to",
            ) from error
        try:
            _lock(handle, wait=wait)
        except (BlockingIOError, PermissionError):  # the second is how Windows says it
            os.close(handle)
            return False
        except OSError as error:
            os.close(handle)
            raise ArtefactError(
                f"{self.path}: this file system does not lock files: {error.strerror}",
                hint="an output folder on a local disk",
            ) from error
        self._handle = handle
        return True

    def release(self) -> None:
        """Let go; nothing happens where the lock is not held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def write(self, text: str) -> None:
        """Note in the held file who holds it."""
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, 0, os.SEEK_SET)
            os.write(self._handle, text.encode())

    def __enter__(self) -> Self:
        self.acquire(wait=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


class RunLock:
    """Held by the one run that writes into an output folder.

    >>> import tempfile
    >>> with RunLock(Path(tempfile.mkdtemp())):
    ...     pass
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = FileLock(folder / ".lock")

    def __enter__(self) -> Self:
        """Take the lock at once, making the folder; ConfigError where another run holds it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"{self.folder}: the output folder cannot be made: {error.strerror}",
                hint="another folder with --out",
            ) from error
        if not self._lock.acquire(wait=False):
            raise ConfigError(
                f"{self.folder}: another run is writing into this folder ({self._owner()})",
                hint="wait for it to end, or give another folder with --out",
            )
        self._lock.write(f"process {os.getpid()}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release()

    def _owner(self) -> str:
        try:
            return self._lock.path.read_text(encoding="utf-8", errors="replace")[:80] or "unknown"
        except OSError:
            return "unknown"
