"""What the crawl knows of each URL, on disk: a kill at any moment loses nothing.

A page's record in the files and its state here belong together: the files are written and synced
first, then one transaction notes the state, the new links and the length of each file. What a
kill left beyond that length was never noted, so it is cut off when the crawl goes on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from undercut.build.data.web.robots import RobotsAnswer
from undercut.build.data.web.urls import host_of, origin_of
from undercut.core.errors import ArtefactError

FRONTIER_FILE = "crawl.sqlite"
_VERSION = 1
_SCHEMA = """
CREATE TABLE urls (
    id INTEGER PRIMARY KEY,
    url TEXT NOT NULL UNIQUE,
    origin TEXT NOT NULL,
    depth INTEGER NOT NULL,
    hops INTEGER NOT NULL,
    parent INTEGER,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    reason TEXT
);
CREATE INDEX waiting ON urls (origin, depth, id) WHERE state = 0;
CREATE INDEX finished ON urls (state, origin);
CREATE TABLE robots (origin TEXT PRIMARY KEY, status INTEGER NOT NULL, body BLOB NOT NULL,
    asked_at REAL NOT NULL);
CREATE TABLE scope (host TEXT PRIMARY KEY);
CREATE TABLE files (name TEXT PRIMARY KEY, bytes INTEGER NOT NULL);
"""
# Came later; older folders get it when they are gone on with.
_RESTS = "CREATE TABLE IF NOT EXISTS rests (origin TEXT PRIMARY KEY, until REAL NOT NULL)"


class State(IntEnum):
    """Of one URL. REFUSED was never asked for; FAILED was."""

    WAITING = 0
    KEPT = 1
    REDIRECTED = 2
    FAILED = 3
    REFUSED = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """A URL to ask for. depth: links from a seed. hops: redirects since the last link.

    parent: the entry that redirected here, None for a link or a seed.
    """

    id: int
    url: str
    depth: int
    hops: int
    parent: int | None
    attempts: int


class Frontier:
    """The file `crawl.sqlite` of a crawl folder. Raises ArtefactError where it is no such file."""

    def __init__(self, folder: Path) -> None:
        path = folder / FRONTIER_FILE
        try:
            # one thread at a time: the event loop's, or that of whoever opened it
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                self._db.executescript(
                    f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;"
                )
            if version in (0, _VERSION):
                self._db.execute(_RESTS)
        except sqlite3.Error as error:
            raise ArtefactError(
                f"{path}: is not the state of a crawl: {error}", hint="another folder with --out"
            ) from error
        if version not in (0, _VERSION):
            raise ArtefactError(
                f"{path}: written by another version of undercut ({version}, expected {_VERSION})",
                hint="another folder with --out",
            )

    def close(self) -> None:
        self._db.close()

    def add(
        self, urls: Iterable[str], *, depth: int, hops: int = 0, parent: int | None = None
    ) -> int:
        """Note normalised URLs to ask for; those known already stay as they are.

        Returns how many were new.
        """
        with self._transaction():
            return self._add(urls, depth=depth, hops=hops, parent=parent)

    def note_refused(self, url: str, reason: str) -> None:
        """Note something that will not be asked for, such as a seed that is no URL."""
        self._db.execute(
            "INSERT OR IGNORE INTO urls (url, origin, depth, hops, state, reason)"
            " VALUES (?, '', 0, 0, ?, ?)",
            (url[:2_000], State.REFUSED, reason),
        )

    def next_of(self, origin: str) -> Entry | None:
        """The next URL of a site, the nearest to a seed first."""
        row = self._db.execute(
            "SELECT id, url, depth, hops, parent, attempts FROM urls"
            " WHERE origin = ? AND state = 0 ORDER BY depth, id LIMIT 1",
            (origin,),
        ).fetchone()
        return None if row is None else Entry(*row)

    def finish(
        self,
        entry: Entry,
        state: State,
        reason: str | None = None,
        *,
        links: Iterable[str] = (),
        redirect: str | None = None,
        files: Mapping[str, int] | None = None,
    ) -> None:
        """Note what became of an entry, where it leads, and how long the files are, at once."""
        with self._transaction():
            self._db.execute(
                "UPDATE urls SET state = ?, reason = ?, attempts = attempts + 1 WHERE id = ?",
                (state, reason, entry.id),
            )
            self._add(links, depth=entry.depth + 1, hops=0, parent=None)
            if redirect is not None:
                self._add([redirect], depth=entry.depth, hops=entry.hops + 1, parent=entry.id)
            for name, length in (files or {}).items():
                self._db.execute("INSERT OR REPLACE INTO files VALUES (?, ?)", (name, length))

    def try_again(self, entry: Entry) -> None:
        """Count an attempt that failed in passing."""
        self._db.execute("UPDATE urls SET attempts = attempts + 1 WHERE id = ?", (entry.id,))

    def refuse_rest(self, origin: str, reason: str) -> None:
        """Ask for nothing more of a site."""
        self._db.execute(
            "UPDATE urls SET state = ?, reason = ? WHERE origin = ? AND state = 0",
            (State.REFUSED, reason, origin),
        )

    def in_chain(self, entry: Entry, url: str) -> bool:
        """Whether `url` redirected to this entry, directly or over others, or is it."""
        at: int | None = entry.id
        while at is not None:
            row = self._db.execute("SELECT url, parent FROM urls WHERE id = ?", (at,)).fetchone()
            if row[0] == url:
                return True
            at = row[1]
        return False

    def knows(self, url: str) -> bool:
        return self._one("SELECT EXISTS (SELECT 1 FROM urls WHERE url = ?)", url) == 1

    def waiting_origins(self) -> list[str]:
        """Sites with something to ask for, in the order their first URL was noted."""
        rows = self._db.execute(
            "SELECT origin FROM urls WHERE state = 0 GROUP BY origin ORDER BY min(id)"
        )
        return [row[0] for row in rows]

    def counts(self) -> dict[State, int]:
        """URLs by state."""
        rows = dict(self._db.execute("SELECT state, count(*) FROM urls GROUP BY state").fetchall())
        return {state: rows.get(int(state), 0) for state in State}

    def kept_of(self, origin: str) -> int:
        """Pages kept of a site."""
        return self._one("SELECT count(*) FROM urls WHERE state = 1 AND origin = ?", origin)

    def size(self) -> int:
        """URLs known."""
        return self._one("SELECT count(*) FROM urls")

    def unanswered(self) -> Iterable[tuple[str, str, str]]:
        """url, state and reason of each URL that failed or was refused, in order."""
        for url, state, reason in self._db.execute(
            "SELECT url, state, reason FROM urls WHERE state IN (3, 4) ORDER BY id"
        ):
            yield url, State(state).name.lower(), reason or ""

    def robots_of(self, origin: str, *, since: float) -> RobotsAnswer | None:
        """What robots.txt said, None where it was asked for before `since` (epoch seconds)."""
        row = self._db.execute(
            "SELECT status, body FROM robots WHERE origin = ? AND asked_at >= ?", (origin, since)
        ).fetchone()
        return None if row is None else RobotsAnswer(status=row[0], body=row[1])

    def note_robots(self, origin: str, answer: RobotsAnswer, *, asked_at: float) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO robots VALUES (?, ?, ?, ?)",
            (origin, answer.status, answer.body, asked_at),
        )

    def rests_until(self, origin: str) -> float:
        """When a site may be asked again (epoch seconds), 0 where it asked for no rest."""
        row = self._db.execute("SELECT until FROM rests WHERE origin = ?", (origin,)).fetchone()
        return 0.0 if row is None else float(row[0])

    def note_rest(self, origin: str, *, until: float) -> None:
        """Note that a site asks to be left alone until then (epoch seconds)."""
        self._db.execute("INSERT OR REPLACE INTO rests VALUES (?, ?)", (origin, until))

    def resting(self, *, now: float) -> list[tuple[str, int, float]]:
        """Sites that ask to be left alone after `now`: origin, URLs that wait, until when."""
        rows = self._db.execute(
            "SELECT origin, count(*), until FROM rests JOIN urls USING (origin)"
            " WHERE until > ? AND state = 0 GROUP BY origin ORDER BY origin",
            (now,),
        )
        return [(origin, int(urls), float(until)) for origin, urls, until in rows]

    def scope(self) -> set[str]:
        """Hosts that links may lead to."""
        return {row[0] for row in self._db.execute("SELECT host FROM scope")}

    def widen(self, url: str) -> None:
        """Let links lead to the host of a URL."""
        self._db.execute("INSERT OR IGNORE INTO scope VALUES (?)", (host_of(url),))

    def file_bytes(self, name: str) -> int:
        """Length of a file as far as it is noted."""
        row = self._db.execute("SELECT bytes FROM files WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])

    def _add(self, urls: Iterable[str], *, depth: int, hops: int, parent: int | None) -> int:
        before = self._db.total_changes
        self._db.executemany(
            "INSERT OR IGNORE INTO urls (url, origin, depth, hops, parent, state)"
            " VALUES (?, ?, ?, ?, ?, 0)",
            [(url, origin_of(url), depth, hops, parent) for url in urls],
        )
        return self._db.total_changes - before

    def _one(self, query: str, *values: str) -> int:
        return int(self._db.execute(query, values).fetchone()[0])

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")
