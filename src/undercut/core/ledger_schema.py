"""The ledger's tables, as numbered migrations, and how a ledger file is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from undercut.core.errors import LedgerError

# marks the file as ours among SQLite files: "ucut"
APPLICATION_ID = 0x75637574

_FIRST = """
CREATE TABLE entries (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id     TEXT NOT NULL CHECK (run_id <> ''),
    attempt_id TEXT NOT NULL CHECK (attempt_id <> ''),
    stage      TEXT NOT NULL CHECK (stage <> ''),
    event      TEXT NOT NULL
               CHECK (event IN ('started', 'finished', 'failed', 'abandoned', 'reused')),
    at         TEXT NOT NULL,
    artefact   TEXT,
    price_row  TEXT,
    amount     TEXT,
    currency   TEXT,
    note       TEXT NOT NULL DEFAULT '',
    paid_by    INTEGER REFERENCES entries (id),
    host         TEXT GENERATED ALWAYS AS (json_extract(price_row, '$.id')) VIRTUAL,
    price_date   TEXT GENERATED ALWAYS AS (json_extract(price_row, '$.date')) VIRTUAL,
    price_source TEXT GENERATED ALWAYS AS (json_extract(price_row, '$.source')) VIRTUAL,
    CHECK ((amount IS NULL) = (currency IS NULL)),
    CHECK ((event = 'reused') = (paid_by IS NOT NULL)),
    CHECK (amount IS NULL OR event IN ('finished', 'failed', 'abandoned'))
);
CREATE TABLE usage (
    entry_id INTEGER NOT NULL REFERENCES entries (id),
    unit     TEXT NOT NULL,
    quantity TEXT NOT NULL,
    PRIMARY KEY (entry_id, unit)
) WITHOUT ROWID;
CREATE UNIQUE INDEX one_start ON entries (attempt_id) WHERE event = 'started';
CREATE UNIQUE INDEX one_end ON entries (attempt_id) WHERE event <> 'started';
CREATE INDEX by_artefact ON entries (artefact) WHERE artefact IS NOT NULL;

CREATE TRIGGER entries_stay BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: entries cannot be changed'); END;
CREATE TRIGGER entries_remain BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: entries cannot be deleted'); END;
CREATE TRIGGER usage_stays BEFORE UPDATE ON usage
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: usage cannot be changed'); END;
CREATE TRIGGER usage_remains BEFORE DELETE ON usage
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: usage cannot be deleted'); END;
-- INSERT OR REPLACE deletes without asking the delete triggers: refused before it begins
CREATE TRIGGER entries_are_new BEFORE INSERT ON entries
WHEN EXISTS (SELECT 1 FROM entries AS other WHERE other.id = NEW.id
    OR (other.attempt_id = NEW.attempt_id
        AND (other.event = 'started') = (NEW.event = 'started')))
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: this is booked already'); END;
CREATE TRIGGER usage_is_booked_at_once BEFORE INSERT ON usage
WHEN NEW.entry_id IS NOT (SELECT max(id) FROM entries)
    OR EXISTS (SELECT 1 FROM usage AS other
               WHERE other.entry_id = NEW.entry_id AND other.unit = NEW.unit)
BEGIN SELECT RAISE(ABORT, 'usage belongs to the entry that is being booked'); END;
CREATE TRIGGER ends_need_a_start BEFORE INSERT ON entries
WHEN NEW.event IN ('finished', 'failed', 'abandoned') AND NOT EXISTS (
    SELECT 1 FROM entries AS start WHERE start.event = 'started'
    AND start.attempt_id = NEW.attempt_id AND start.stage = NEW.stage
    AND start.run_id = NEW.run_id)
BEGIN SELECT RAISE(ABORT, 'no such attempt of this run and stage was started'); END;
CREATE TRIGGER reuse_needs_a_payer BEFORE INSERT ON entries
WHEN NEW.event = 'reused' AND NOT EXISTS (
    SELECT 1 FROM entries AS payer WHERE payer.id = NEW.paid_by
    AND payer.event IN ('finished', 'abandoned') AND payer.stage = NEW.stage)
BEGIN SELECT RAISE(ABORT, 'paid_by must name a finished or abandoned attempt of this stage'); END;
CREATE TRIGGER reuse_has_no_start BEFORE INSERT ON entries
WHEN NEW.event IN ('started', 'reused')
AND EXISTS (SELECT 1 FROM entries AS other WHERE other.attempt_id = NEW.attempt_id)
BEGIN SELECT RAISE(ABORT, 'an attempt starts once, and a reused one not at all'); END;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST,)
"""Migration n (1-based) takes a ledger from version n - 1 to n; past ones never change."""

_REASONS = {
    "SQLITE_BUSY": ("another process is writing to it", "wait for the other run to end"),
    "SQLITE_LOCKED": ("another process is writing to it", "wait for the other run to end"),
    "SQLITE_READONLY": ("it is read-only", "give yourself the right to write, or copy it"),
    "SQLITE_FULL": ("the disk is full", "free some space, then run again: nothing is lost"),
    "SQLITE_IOERR": (
        "the disk refused a read or a write",
        "free some space or check the disk, then run again",
    ),
    "SQLITE_CANTOPEN": ("it cannot be opened", "a folder that exists and you may write to"),
    "SQLITE_PERM": ("it cannot be opened", "a folder that exists and you may write to"),
    "SQLITE_CORRUPT": ("it is damaged", "move it away and run again, or restore a copy"),
    "SQLITE_NOTADB": ("it is not a ledger", "move it away, or give another output folder"),
}


def connect(path: Path, *, wait_seconds: float) -> sqlite3.Connection:
    """Open or make a ledger file at the newest schema; every commit is on disk.

    wait_seconds: how long to wait for another process that writes.
    Raises LedgerError for a file that is no ledger, is damaged, newer, locked or read-only.
    """
    with translated(path):
        # transactions are opened by hand: the module's own begin too late for a write
        connection = sqlite3.connect(path, timeout=wait_seconds, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
            # EXTRA is FULL, and the journal's removal is on disk too
            connection.execute("PRAGMA synchronous = EXTRA")
            connection.execute("PRAGMA foreign_keys = ON")
            _migrate(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors as LedgerError with the file, the reason and what to try."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "")
        for code, (reason, hint) in _REASONS.items():
            if name.startswith(code):
                message = f"{path}: the ledger cannot be used, {reason}: {error}"
                raise LedgerError(message, hint=hint) from error
        raise LedgerError(f"{path}: the ledger refused: {error}") from error


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One write transaction: all of it is booked or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # after a full disk SQLite may have rolled back by itself
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == len(MIGRATIONS):
        return
    with writing(connection):
        # read again: another process may have made the tables while this one waited
        for number in range(_version(connection, path) + 1, len(MIGRATIONS) + 1):
            for statement in _statements(MIGRATIONS[number - 1]):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if application != APPLICATION_ID and (tables or version):
        raise LedgerError(
            f"{path}: an SQLite file, but not a ledger of undercut",
            hint="move it away, or give another output folder",
        )
    if version > len(MIGRATIONS):
        raise LedgerError(
            f"{path}: ledger schema {version}, this version reads up to {len(MIGRATIONS)}",
            hint="a newer version of undercut",
        )
    return version


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
