"""Joins the books with this process: where they are kept, the clock, the ledger."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from undercut.core.errors import MissingExtraError

if TYPE_CHECKING:
    from undercut.operate.metering.books import OpenBooks

DEFAULT_BOOKS: Final = "sqlite:///undercut-books.sqlite"
BOOKS_VARIABLE: Final = "UNDERCUT_BOOKS"


def books_url(given: str | None = None, environ: Mapping[str, str] | None = None) -> str:
    """Where the books are: as given, else by UNDERCUT_BOOKS, else a file in this folder."""
    where = os.environ if environ is None else environ
    return given or where.get(BOOKS_VARIABLE) or DEFAULT_BOOKS


def open_books_here(given: str | None = None, *, patience_seconds: float = 2.0) -> OpenBooks:
    """Open the books of this process, making them where there are none.

    Raises MissingExtraError, ConfigError or BooksUnavailableError.
    """
    for package in ("sqlalchemy", "alembic", "orjson"):
        if find_spec(package) is None:
            raise MissingExtraError(package, "serve", "keeping the books of a server")
    from undercut.operate.metering.books import open_books

    return open_books(books_url(given), patience_seconds=patience_seconds)


def book_serving_cost(books: OpenBooks, ledger: Path, *, through: date | None = None) -> int:
    """Book the own cost of answered requests to a ledger; returns the new entries.

    through: the last UTC day, by default yesterday: today's comes tomorrow. Again is no harm.
    """
    from undercut.core.ledger import Ledger
    from undercut.operate.metering.own_cost import book_own_cost

    now = datetime.now(UTC)
    last = now.date() - timedelta(days=1) if through is None else through
    with Ledger.open(ledger) as book:
        return book_own_cost(books, book, through=last, now=now)
