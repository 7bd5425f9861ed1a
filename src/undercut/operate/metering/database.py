"""What the books need of a database beyond SQL: locks between processes, and what errors mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from undercut.core.errors import BooksUnavailableError
from undercut.operate.metering.at_once import Group

Pair = tuple[str, str]


class Trouble(Enum):
    """What an error of the database means for the transaction that met it.

    PASSING: try again soon. LASTING: trying again at once is no use. ONE_JOB: something in the
    group is refused; the others may go through without it.
    """

    PASSING = "passing"
    LASTING = "lasting"
    ONE_JOB = "one job"


class Database(Protocol):
    """One place where books are kept.

    name: for messages, without a password.
    writer, reader: engines; only the writer thread and the migrations use the first.
    """

    name: str
    writer: Engine
    reader: Engine

    def exclusive(self, wait_seconds: float) -> AbstractContextManager[None]:
        """Held around every write; TimeoutError where another process keeps it for longer."""
        ...

    def lock_accounts(self, connection: Connection, accounts: Sequence[str]) -> None:
        """Let nobody else lease from or charge these accounts until the transaction ends."""
        ...

    def among(
        self, table: str, columns: Sequence[str], key: Sequence[str], values: Sequence[Pair]
    ) -> tuple[str, tuple[object, ...]]:
        """The driver's SQL and parameters for the rows whose two key columns are among `values`.

        The text is the same for any number of values, so that the database plans it once.
        """
        ...

    def at_one_moment(self, connection: Connection) -> None:
        """Let all queries of a reader's transaction that begins now see the same rows."""
        ...

    @property
    def at_once(self) -> Callable[[Connection, Group], None] | None:
        """Writes and commits a group in one statement, outside any transaction.

        None where groups take the ordinary way. Raises DBAPIError as any write, IntegrityError
        where something of it is in the books already (nothing of it stands then).
        """
        ...

    @property
    def scribe_file(self) -> Path | None:
        """The file that a process beside this one may write into (`scribe.py`); None for none."""
        ...

    def trouble(self, error: DBAPIError) -> Trouble:
        """What an error means."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


def unavailable(name: str, error: BaseException) -> BooksUnavailableError:
    """The error a caller gets: nothing was written, trying again may succeed."""
    reason = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    first = reason.splitlines()[0] if reason else type(error).__name__
    return BooksUnavailableError(
        f"the books at {name} cannot be used now: {first}",
        hint="free disk space, end other writers or start the database; no restart is needed",
        retry_after_seconds=1.0,
    )
