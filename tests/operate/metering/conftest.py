"""Books on SQLite and on a real PostgreSQL server: every test that asks for them runs on both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from metering_postgres import PostgresServer, binaries

from undercut.operate.metering.books import OpenBooks, open_books


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    if binaries() is None:
        pytest.skip("no PostgreSQL server is installed: neither initdb nor pg_ctl was found")
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgres"])
def books_at(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty place for books."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'books.sqlite'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.database()
    yield url
    server.drop(url)


@pytest.fixture
def books(books_at: str) -> Iterator[OpenBooks]:
    with open_books(books_at) as opened:
        yield opened


@pytest.fixture
def opening(books_at: str) -> Iterator[Callable[..., OpenBooks]]:
    """Opens the same books several times, as several processes would."""
    opened: list[OpenBooks] = []

    def open_again(**settings: object) -> OpenBooks:
        opened.append(open_books(books_at, **settings))  # type: ignore[arg-type]
        return opened[-1]

    yield open_again
    for one in opened:
        one.close()
