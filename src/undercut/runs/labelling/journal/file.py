"""The file of a journal: its tables, its transactions, facts of the job."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from undercut.core.errors import ArtefactError

FILE = "journal.sqlite"
VERSION = 2

_AUDITS = """
CREATE TABLE audits (
    number INTEGER PRIMARY KEY, predicted REAL NOT NULL, alpha REAL NOT NULL,
    population INTEGER NOT NULL);
CREATE TABLE looks (
    audit INTEGER NOT NULL, look INTEGER NOT NULL, size INTEGER NOT NULL, batch INTEGER,
    PRIMARY KEY (audit, look));
CREATE TABLE stood (
    audit INTEGER NOT NULL, item TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY (audit, item));
"""
_SCHEMA = f"""{_AUDITS}
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE items (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, text TEXT NOT NULL);
CREATE TABLE batches (
    id INTEGER PRIMARY KEY, worker TEXT NOT NULL, purpose TEXT NOT NULL, at TEXT NOT NULL,
    closed TEXT);
CREATE TABLE asks (
    id INTEGER PRIMARY KEY, batch INTEGER NOT NULL REFERENCES batches(id),
    item TEXT NOT NULL REFERENCES items(id), worker TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'sent', 'answered', 'doubt')),
    nano INTEGER NOT NULL);
CREATE INDEX asks_of_batch ON asks(batch);
CREATE TABLE answers (
    id INTEGER PRIMARY KEY, ask INTEGER UNIQUE REFERENCES asks(id), source TEXT NOT NULL,
    item TEXT NOT NULL, who TEXT NOT NULL, label TEXT, cost TEXT, nano INTEGER NOT NULL,
    probability REAL, seconds REAL, note TEXT NOT NULL, reference TEXT NOT NULL);
CREATE UNIQUE INDEX once ON answers(source, item, reference) WHERE reference <> '';
CREATE TABLE audited (
    number INTEGER NOT NULL, item TEXT NOT NULL, label TEXT NOT NULL, error REAL NOT NULL);
"""
# Version 1 knew audits of one look only, and wrote down the labels of their samples alone.
_FROM_1 = f"""
ALTER TABLE audits RENAME TO audits_1;{_AUDITS}
INSERT INTO audits SELECT number, predicted, alpha, population FROM audits_1;
INSERT INTO looks SELECT number, 0,
    (SELECT COUNT(*) FROM audited WHERE audited.number = audits_1.number), batch FROM audits_1;
DROP TABLE audits_1;
"""


class JournalFile:
    """An open file whose every commit is on disk; safe to use from several threads."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._lock = threading.RLock()
        self.path = path

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or make a journal; ArtefactError where the file is something else."""
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA busy_timeout = 30000")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, 1, VERSION):
                raise ArtefactError(f"{path}: a journal of version {version}, expected {VERSION}")
            if version != VERSION:
                change = _FROM_1 if version == 1 else _SCHEMA
                connection.executescript(
                    f"BEGIN IMMEDIATE; {change} PRAGMA user_version = {VERSION}; COMMIT;"
                )
        except sqlite3.DatabaseError as error:
            connection.close()
            raise ArtefactError(
                f"{path}: not a labelling journal: {error}", hint="another folder with --out"
            ) from error
        return cls(connection, path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _read(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def meta(self, key: str) -> Any:
        """A fact of the job, plain JSON; None where it was never set."""
        rows = self._read("SELECT value FROM meta WHERE key = ?", key)
        return json.loads(rows[0][0]) if rows else None

    def set_meta(self, key: str, value: object) -> None:
        """Write a fact of the job."""
        self.set_metas({key: value})

    def set_metas(self, facts: Mapping[str, object]) -> None:
        """Write several facts of the job, all or none."""
        with self._writing() as write:
            write.executemany(
                "INSERT INTO meta VALUES (?, ?)"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [(key, json.dumps(value, ensure_ascii=False)) for key, value in facts.items()],
            )
