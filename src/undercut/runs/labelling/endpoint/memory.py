"""What was asked, answered and paid, on disk: an answer is paid once, whatever happens between.

Money is set aside before a request leaves and settled when its reply is in; a request that was
under way when the process died stays set aside, since the vendor may well have counted it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from undercut.core.errors import ArtefactError
from undercut.core.money import Money, total

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    question TEXT PRIMARY KEY, label TEXT, note TEXT NOT NULL, seconds REAL);
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY, question TEXT NOT NULL, item TEXT NOT NULL,
    set_aside TEXT NOT NULL, cost TEXT);
CREATE INDEX IF NOT EXISTS requests_of ON requests (question, item);
CREATE TABLE IF NOT EXISTS spending (only INTEGER PRIMARY KEY CHECK (only = 1), total TEXT);
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was paid: its label may be None, where the model never named a class."""

    label: str | None
    note: str
    seconds: float | None


class Memory:
    """One endpoint's answers and spending in one file; threads share it."""

    def __init__(self, path: Path, *, currency: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._currency = currency
        self._lock = threading.Lock()
        try:
            self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=FULL")
            self._base.execute("PRAGMA busy_timeout=20000")
            self._base.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise ArtefactError(
                f"{path}: the endpoint's memory cannot be opened: {error}",
                hint="an output folder on a local disk that you may write to",
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def kept(self, question: str) -> Kept | None:
        """The answer to a question that was asked before."""
        with self._lock:
            row = self._base.execute(
                "SELECT label, note, seconds FROM answers WHERE question = ?", (question,)
            ).fetchone()
        return None if row is None else Kept(*row)

    def holds_any(self) -> bool:
        """Whether any question was answered."""
        with self._lock:
            found = self._base.execute("SELECT EXISTS (SELECT 1 FROM answers)").fetchone()
        return bool(found[0])

    def spent_on(self, question: str, item: str) -> Money:
        """What this item's requests cost; those of other items with the same text are theirs."""
        with self._lock:
            rows = self._base.execute(
                "SELECT coalesce(cost, set_aside) FROM requests WHERE question = ? AND item = ?",
                (question, item),
            ).fetchall()
        return total((Money.parse(text) for (text,) in rows), self._currency)

    def spent(self) -> Money:
        """Everything paid or set aside so far."""
        with self._lock:
            return self._spent()

    def set_aside(
        self, question: str, item: str, most: Money, *, budget: Money | None
    ) -> int | None:
        """Reserve a request's highest cost, on disk when this returns; its number.

        None where the budget does not leave so much.
        """
        with self._lock, self._writing():
            if budget is not None and self._spent() + most > budget:
                return None
            done = self._base.execute(
                "INSERT INTO requests (question, item, set_aside) VALUES (?, ?, ?)",
                (question, item, str(most)),
            )
            self._spend(most)
            return done.lastrowid

    def settle(
        self, request: int, cost: Money, *, question: str = "", answer: Kept | None = None
    ) -> None:
        """Put the real cost in place of what was set aside, and the answer beside it."""
        with self._lock, self._writing():
            self._spend(cost - self._counted(request))
            self._base.execute("UPDATE requests SET cost = ? WHERE id = ?", (str(cost), request))
            if answer is not None:
                self._base.execute(
                    "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)",
                    (question, answer.label, answer.note, answer.seconds),
                )

    def release(self, request: int) -> None:
        """Forget a request that the server refused: it cost nothing."""
        with self._lock, self._writing():
            self._spend(-self._counted(request))
            self._base.execute("DELETE FROM requests WHERE id = ?", (request,))

    def _spent(self) -> Money:
        row = self._base.execute("SELECT total FROM spending").fetchone()
        return Money.zero(self._currency) if row is None else Money.parse(row[0])

    def _spend(self, more: Money) -> None:
        self._base.execute(
            "INSERT OR REPLACE INTO spending VALUES (1, ?)", (str(self._spent() + more),)
        )

    def _counted(self, request: int) -> Money:
        row = self._base.execute(
            "SELECT coalesce(cost, set_aside) FROM requests WHERE id = ?", (request,)
        ).fetchone()
        return Money.zero(self._currency) if row is None else Money.parse(row[0])

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")
