"""A process that writes plain groups into SQLite books: the server's interpreter is left alone.

Run as `python -m undercut.operate.metering.scribe FD FILE WRITER_ID`. A thread that writes shares
one interpreter with the event loop, and each of the two stops the other dozens of times for a
group. Here a group comes as one message; all that has come goes into one transaction, and one
reply says whether it stands. Whatever is not plain after all (a key that is taken, a lock that is
held) is taken back and left to the server's own writer, which decides what becomes of it.

It ends when the other side of the socket does, and at once where it cannot know whether a commit
stands: the mark in the books tells (`marks.py`).
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from undercut.operate.metering.at_once import fits
from undercut.operate.metering.rows import INSERT_CLAIM, INSERT_REQUEST, Row, pack
from undercut.operate.metering.scribe_frames import Plain, take_groups, write_reply
from undercut.operate.metering.sqlite_writing import WRITER_PRAGMAS, lock_of
from undercut.operate.metering.totals import ADD, KEY, sums_of

# no longer: the server's own writer has more patience, and callers wait
_BUSY_SECONDS = 0.25
_CHUNK_BYTES = 1 << 18
_MARK = (
    "INSERT INTO writers (writer_id, last_group) VALUES (?, ?)"
    " ON CONFLICT (writer_id) DO UPDATE SET last_group = excluded.last_group"
)


class Scribe:
    """Writes under its own writer's mark; one connection, opened with the first group."""

    def __init__(self, path: Path, writer_id: str) -> None:
        self._path = path
        self._writer_id = writer_id
        self._lock = lock_of(path)
        self._cursor: sqlite3.Cursor | None = None

    def write(self, groups: Sequence[Plain]) -> bool:
        """Write and commit; False where nothing of it stands. Ends the process where it cannot
        know."""
        try:
            self._lock.acquire(_BUSY_SECONDS)
        except (TimeoutError, OSError):
            return False
        try:
            return self._transact(groups)
        finally:
            self._lock.release()

    def close(self) -> None:
        """Take the mark out and close, where the lock can be had; else leave both behind."""
        if self._cursor is None:
            return
        self._lock.acquire(_BUSY_SECONDS)
        try:
            self._cursor.execute("DELETE FROM writers WHERE writer_id = ?", (self._writer_id,))
            self._cursor.connection.close()
        finally:
            self._lock.release()

    def _transact(self, groups: Sequence[Plain]) -> bool:
        rows = [row for group in groups for row in group.rows]
        totals = sums_of(rows)
        if not fits(totals, first_sum=len(KEY)):
            return False
        claims = [_claim_row(claim) for group in groups for claim in group.claims]
        try:
            cursor = self._opened()
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute(_MARK, (self._writer_id, groups[-1].number))
            cursor.executemany(ADD, totals)
            if claims:
                cursor.executemany(INSERT_CLAIM, claims)
            cursor.executemany(INSERT_REQUEST, rows)
        except (sqlite3.Error, OverflowError):
            self._take_back()
            return False
        try:
            cursor.execute("COMMIT")
        except sqlite3.Error as error:
            _end(f"a commit failed: {error}")
        return True

    def _opened(self) -> sqlite3.Cursor:
        if self._cursor is None:
            connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            try:
                for pragma in WRITER_PRAGMAS:
                    connection.execute(pragma)
            except sqlite3.Error:
                connection.close()
                raise
            self._cursor = connection.cursor()
        return self._cursor

    def _take_back(self) -> None:
        if self._cursor is None or not self._cursor.connection.in_transaction:
            return
        try:
            self._cursor.execute("ROLLBACK")
        except sqlite3.Error as error:
            _end(f"a rollback failed: {error}")


def _claim_row(claim: Row) -> Row:
    tenant, key, request_id, body_sha256, token, answer = claim
    packed, stored = pack(answer)  # type: ignore[arg-type]
    return tenant, key, request_id, body_sha256, packed, stored, token


def _arrived(connection: socket.socket) -> bytes:
    try:
        return connection.recv(_CHUNK_BYTES, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return b""


def _end(why: str) -> NoReturn:
    sys.stderr.write(f"undercut scribe {os.getpid()}: {why}\n")
    os._exit(1)


def main() -> None:
    """Write until the other side hangs up."""
    # a terminal or a service manager signals the whole group: the server drains first
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    number, path, writer_id = sys.argv[1:]
    connection = socket.socket(fileno=int(number))
    scribe = Scribe(Path(path), writer_id)
    # nothing here refers to itself in a circle, and rows are many small lists
    gc.disable()
    buffer = bytearray()
    try:
        while chunk := connection.recv(_CHUNK_BYTES):
            buffer += chunk
            groups = take_groups(buffer)
            # what came while that was being read goes along
            while more := _arrived(connection):
                buffer += more
                groups += take_groups(buffer)
            if groups:
                connection.sendall(write_reply(groups[-1].number, scribe.write(groups)))
    except OSError:
        # nobody waits for replies any more
        os._exit(0)
    with suppress(TimeoutError, OSError, sqlite3.Error):
        scribe.close()
    # not by the ordinary way: it would close the connection without the lock
    os._exit(0)


if __name__ == "__main__":
    main()
