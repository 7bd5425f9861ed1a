"""Joins the books with this process: where they are kept, the clock, the ledger."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from undercut.core.errors import ConfigError, MissingExtraError
from undercut.runs.stages import LEDGER_FILE

if TYPE_CHECKING:
    from undercut.operate.metering.books import OpenBooks
    from undercut.operate.metering.own_cost import Booking
    from undercut.operate.metering.summary import BooksSummary

DEFAULT_BOOKS: Final = "sqlite:///undercut-books.sqlite"
BOOKS_VARIABLE: Final = "UNDERCUT_BOOKS"
_SQLITE: Final = "sqlite:///"


def books_url(given: str | None = None, environ: Mapping[str, str] | None = None) -> str:
    """Where the books are: as given, else by UNDERCUT_BOOKS, else a file in this folder."""
    where = os.environ if environ is None else environ
    return given or where.get(BOOKS_VARIABLE) or DEFAULT_BOOKS


def open_books_here(
    given: str | None = None, *, patience_seconds: float = 2.0, make: bool = True
) -> OpenBooks:
    """Open the books of this process, making them where there are none.

    make: False where a file that is missing is an error. Raises MissingExtraError, ConfigError or
    BooksUnavailableError.
    """
    for package in ("sqlalchemy", "alembic", "orjson"):
        if find_spec(package) is None:
            raise MissingExtraError(package, "serve", "keeping the books of a server")
    from undercut.operate.metering.books import open_books

    url = books_url(given)
    path = Path(url.removeprefix(_SQLITE))
    if not make and url.startswith(_SQLITE) and not path.exists():
        raise ConfigError(
            f"there are no books at {path}",
            hint="--books says where the server keeps them; undercut serve makes them",
        )
    return open_books(url, patience_seconds=patience_seconds)


@dataclass(frozen=True, slots=True)
class BooksCheck:
    """What the books hold, and what in them does not add up: nothing, where `problems` is empty."""

    name: str
    summary: BooksSummary
    problems: tuple[str, ...]


def check_books_here(given: str | None = None, *, ledger: Path | None = None) -> BooksCheck:
    """Check books, as they stand at one moment while servers may write; none are made.

    ledger: a ledger file, or the folder of a run, that the own cost was booked to: checked too.
    """
    from undercut.operate.metering.checks import check_books
    from undercut.operate.metering.summary import summarise

    now = datetime.now(UTC)
    with open_books_here(given, make=False) as books:
        summary, problems = books.snapshot(
            lambda connection: (summarise(connection, now), check_books(connection))
        )
        if ledger is not None:
            problems += _check_ledger(books, ledger_file(ledger))
        return BooksCheck(books.name, summary, problems)


def _check_ledger(books: OpenBooks, file: Path) -> tuple[str, ...]:
    from undercut.core.ledger import Ledger
    from undercut.operate.metering.ledger_check import check_ledger
    from undercut.operate.metering.own_cost import booked_parts

    if not file.is_file():
        raise ConfigError(f"there is no ledger at {file}", hint="undercut books book makes one")
    before = books.read(lambda connection: booked_parts(connection, entered=True))
    with Ledger.open(file) as book:
        problems, entries = book.verify(), book.entries()
    after = books.read(booked_parts)
    found = check_ledger(books.books_id, entries, entered_before=before, booked_after=after)
    return (*problems, *found)


def ledger_file(given: Path) -> Path:
    """The file that is meant: `given`, or the ledger in the folder that it is."""
    return given / LEDGER_FILE if given.is_dir() else given


def book_serving_cost(
    books: OpenBooks, ledger: Path, *, through: date | None = None
) -> tuple[Booking, ...]:
    """Book the own cost of answered requests to a ledger; returns what was entered.

    through: the last UTC day, by default yesterday: today's comes tomorrow. Again is no harm.
    """
    from undercut.core.ledger import Ledger
    from undercut.operate.metering.own_cost import book_own_cost

    now = datetime.now(UTC)
    last = now.date() - timedelta(days=1) if through is None else through
    with Ledger.open(ledger_file(ledger)) as book:
        return book_own_cost(books, book, through=last, now=now)
