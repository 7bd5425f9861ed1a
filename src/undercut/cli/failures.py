"""Every way a command can end badly, as words on stderr and an exit code."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
import tempfile
import traceback
from pathlib import Path

from undercut.cli.exit_codes import ExitCode, code_of, code_of_system
from undercut.core.errors import UndercutError

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
_FULL_HINT = "free some space and run the same command again; finished steps are kept"
_SYSTEM_HINTS = {
    errno.ENOENT: "check the name and the current folder",
    errno.EACCES: "a file you may read, and a folder you may write to",
    errno.EPERM: "a file you may read, and a folder you may write to",
    errno.EEXIST: "an output folder: the name given is that of a file",
    errno.EROFS: "an output folder on a disk that can be written to",
    errno.EMFILE: "ulimit -n 4096",
}


def tell(message: str, hint: str | None = None) -> None:
    """Write an error, and what to try, on stderr."""
    sys.stderr.write(f"error: {message}\n")
    if hint:
        sys.stderr.write(f"Try: {hint}\n")
    sys.stderr.flush()


def fail(error: BaseException, *, command: str | None, debug: bool) -> ExitCode:
    """Say what went wrong and give the exit code; `command` is the one that ran, if any.

    A traceback is printed for --debug only; that of a defect goes to a file in any case.
    """
    if isinstance(error, BrokenPipeError):
        return _reader_gone()
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, KeyboardInterrupt):
        sys.stderr.write(_STOPPED.get(command or "", "stopped") + "\n")
        return ExitCode.STOPPED
    if isinstance(error, UndercutError):
        tell(error.message, error.hint)
        return code_of(error)
    if isinstance(error, OSError) and error.errno is not None:
        tell(*_system(error))
        return code_of_system(error)
    if isinstance(error, sqlite3.OperationalError) and _full(error):
        tell("the disk is full", _FULL_HINT)
        return ExitCode.STORED
    if isinstance(error, MemoryError):
        tell("the memory of this machine does not suffice", "fewer rows, or a larger machine")
        return ExitCode.DEFECT
    return _defect(error, debug=debug)


_STOPPED = {
    "run": "stopped; finished steps are kept; run the same command again",
    "clean": "stopped; finished steps are kept; run the same command again",
    "crawl": "stopped; the pages so far are kept; run the same command again to go on",
    "label": "stopped; what was asked and answered is kept; undercut label resume FOLDER goes on",
    "annotate": "stopped; every answer is kept; the same command goes on",
    "predict": "stopped; no answers file was written",
}


def _system(error: OSError) -> tuple[str, str | None]:
    reason = error.strerror or type(error).__name__
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    if error.errno in _DISK_FULL:
        return (
            f"{where}the disk is full ({reason})",
            _FULL_HINT,
        )
    return f"{where}{reason}", _SYSTEM_HINTS.get(error.errno or 0)


def _full(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _defect(error: BaseException, *, debug: bool) -> ExitCode:
    summary = traceback.format_exception_only(error)[-1].strip()
    place = None if debug else _written(error)
    tell(
        f"this is a defect in undercut: {summary}",
        f"report it with the traceback in {place}"
        if place is not None
        else "undercut --debug, with the same command, prints the traceback",
    )
    return ExitCode.DEFECT


def _written(error: BaseException) -> Path | None:
    """The file the traceback went to; None where not even the temp folder can be written to."""
    try:
        handle, name = tempfile.mkstemp(prefix="undercut-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            traceback.print_exception(error, file=file)
    except OSError:
        return None
    return Path(name)


def _reader_gone() -> ExitCode:
    """Nobody reads any more (`| head`): let the interpreter's last flush go nowhere."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        # a stream without a descriptor has nothing left to flush
        return ExitCode.READER_GONE
    return ExitCode.READER_GONE
