"""Databases by URL: a table or a query, read only, through a server-side cursor."""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from undercut.build.data.documents import Record
from undercut.core.errors import ConfigError, InputError, MissingExtraError
from undercut.core.tabular.columns import guess_columns
from undercut.core.tabular.rows import Row, RowStream, checked_columns, require_column
from undercut.runs.sources.addresses import HIDDEN, shown
from undercut.runs.sources.cells import Roles, document_of, roles_of
from undercut.runs.sources.config import SourceConfig
from undercut.runs.sources.page_reader import PageReader

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

# So many rows at a time, whatever their size: texts of a megabyte must not fill the memory.
_FETCHED_ROWS = 64
_SAMPLE_CHARACTERS = 4 * 2**20
_SAMPLE_ROWS = 1_000
_CONNECT_SECONDS = 10
# Those that refuse to write whatever a statement says; of others only a SELECT is taken.
_HELD_TO_READING = frozenset({"postgresql", "postgres", "sqlite"})
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """url: for the driver. table: schema.name or name; query: one statement; one of them."""

    url: URL
    table: str | None
    query: str | None
    secret: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlReader:
    """The rows of a table, by its primary key, or of a query, as it orders them."""

    wanted: _Wanted
    columns: tuple[str, ...]
    roles: Roles
    key: tuple[str, ...]
    source: str
    config: SourceConfig

    def records(self, pages: PageReader) -> Iterator[Record]:
        positions = [self.columns.index(name) for name in self.roles.names]
        keys = [self.columns.index(name) for name in self.key]
        with _connected(self.wanted, source=self.source) as connection:
            for number, row in enumerate(_rows(connection, self.wanted, self.key), start=1):
                place = f"row {number}"
                if keys:
                    place = " ".join(
                        f"{name}={row[p]}" for name, p in zip(self.key, keys, strict=True)
                    )
                yield document_of(
                    [row[p] for p in positions],
                    self.roles,
                    source=self.source,
                    place=place[:300],
                    config=self.config,
                )


def open_sql(address: str, *, config: SourceConfig) -> tuple[SqlReader, int | None]:
    """Connect once to settle columns. Returns the reader and the number of rows, where known.

    `?table=NAME` or `?query=SELECT ...`; other parameters go to the driver.
    Raises ConfigError for an address that names neither or a table that is not there, InputError
    where the database refuses, MissingExtraError without SQLAlchemy or the driver.
    """
    _sqlalchemy()
    source = shown(address)
    wanted = _parsed(address, source)
    with _connected(wanted, source=source) as connection:
        key, rows_at_most = _key_and_rows(connection, wanted, source)
        columns, sample = _sampled(connection, wanted, key)
    names = checked_columns(columns, source=source, most=config.columns)
    roles = _roles(names, sample, source, config)
    for name in roles.names:
        require_column(name, names, source=source)
    reader = SqlReader(
        wanted=wanted, columns=names, roles=roles, key=key, source=source, config=config
    )
    return reader, rows_at_most


def _parsed(address: str, source: str) -> _Wanted:
    engine = _sqlalchemy("sqlalchemy.engine")
    try:
        url = engine.make_url(address)
    except (_sqlalchemy("sqlalchemy.exc").ArgumentError, ValueError):
        raise ConfigError(
            f"{source}: is not a database URL", hint="postgresql://user:password@host/name?table=t"
        ) from None
    table, query = url.query.get("table"), url.query.get("query")
    if isinstance(table, tuple) or isinstance(query, tuple) or (table is None) == (query is None):
        raise ConfigError(
            f"{source}: names {'both a table and a query' if table and query else 'no table'}",
            hint="add ?table=NAME, or ?query=SELECT ...; one of them",
        )
    if query is not None and url.get_backend_name() not in _HELD_TO_READING:
        _refuse_writing(query, source)
    secret = url.password
    url = url.difference_update_query(["table", "query"])
    return _Wanted(
        url=url.set(drivername=_DRIVERS.get(url.drivername, url.drivername)),
        table=table,
        query=query,
        secret=None if secret is None else str(secret),
    )


def _refuse_writing(query: str, source: str) -> None:
    """Raise ConfigError for what is not one reading statement, by its first word and its end."""
    statement = query.strip().rstrip(";").rstrip()
    first = statement.split(maxsplit=1)[0].lower() if statement else ""
    if first not in ("select", "with") or ";" in statement:
        raise ConfigError(
            f"{source}: the query must be one SELECT, got {statement[:60]!r}",
            hint="a semicolon inside a text counts too: use a view and ?table=NAME",
        )


@contextmanager
def _connected(wanted: _Wanted, *, source: str) -> Iterator[Connection]:
    """A connection inside a transaction that only reads; what fails is told without secrets."""
    sqlalchemy_error = _sqlalchemy("sqlalchemy.exc").SQLAlchemyError
    engine = None
    try:
        engine = _engine(wanted, source)
        with engine.connect() as plain:
            connection = plain.execution_options(**_read_only(wanted))
            transaction = connection.begin()
            try:
                yield connection
            finally:
                # never committed: not every database can be told that a transaction only reads
                transaction.rollback()
    except (sqlalchemy_error, sqlite3.Error) as error:
        # `from None`: the chain below would show the driver's own words, password and all
        raise InputError(
            f"the database refuses: {_told(error, wanted)}",
            file=source,
            hint="check the address, the name of the table and what the user may read",
        ) from None
    finally:
        if engine is not None:
            engine.dispose()


def _engine(wanted: _Wanted, source: str) -> Engine:
    create = _sqlalchemy().create_engine
    backend = wanted.url.get_backend_name()
    null_pool = _sqlalchemy("sqlalchemy.pool").NullPool
    try:
        if backend == "sqlite":
            path = Path(wanted.url.database or "")
            made: Engine = create(
                "sqlite://", creator=lambda: _open_sqlite(path, source), poolclass=null_pool
            )
        else:
            timeout = {"connect_timeout": _CONNECT_SECONDS} if backend == "postgresql" else {}
            made = create(wanted.url, connect_args=timeout, poolclass=null_pool)
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), "data", f"reading from {backend}") from None
    return made


def _open_sqlite(path: Path, source: str) -> sqlite3.Connection:
    if not path.is_file():
        raise InputError("no such file", file=source)
    # read only by the file mode, and again by what a statement may do: ATTACH could write
    connection = sqlite3.connect(
        f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, check_same_thread=False
    )
    connection.set_authorizer(_may)
    # SQLite lets any bytes be text; one bad cell must not end the source
    connection.text_factory = _text
    return connection


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")


_READING = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
    }
)
_PRAGMAS = frozenset(
    (
        "table_info",
        "table_xinfo",
        "index_list",
        "index_info",
        "foreign_key_list",
        "read_uncommitted",
    )
)


def _may(action: int, first: str | None, *_: str | None) -> int:
    if action in _READING or (action == sqlite3.SQLITE_PRAGMA and first in _PRAGMAS):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _read_only(wanted: _Wanted) -> dict[str, Any]:
    if wanted.url.get_backend_name() == "postgresql":
        # one snapshot for the whole of it, and no way to write, whatever the query says
        return {
            "isolation_level": "REPEATABLE READ",
            "postgresql_readonly": True,
        }
    return {}


def _key_and_rows(
    connection: Connection, wanted: _Wanted, source: str
) -> tuple[tuple[str, ...], int | None]:
    """The primary key of the table and its rows; () and None for a query."""
    if wanted.table is None:
        return (), None
    schema, name = _split(wanted.table)
    look = _sqlalchemy().inspect(connection)
    known = [*look.get_table_names(schema=schema), *look.get_view_names(schema=schema)]
    if name not in known:
        found = ", ".join(sorted(known)[:20]) or "none"
        raise ConfigError(f"{source}: no table {wanted.table!r}; tables found: {found}")
    key = look.get_pk_constraint(name, schema=schema).get("constrained_columns") or []
    count = connection.execute(
        _sqlalchemy().select(_sqlalchemy().func.count()).select_from(_table(wanted.table))
    )
    return tuple(key), int(count.scalar_one())


def _sampled(
    connection: Connection, wanted: _Wanted, key: tuple[str, ...]
) -> tuple[list[str], list[tuple[object, ...]]]:
    result = _execute(connection, wanted, key)
    columns = [str(name) for name in result.keys()]  # noqa: SIM118 - no mapping, in spite of its name
    sample: list[tuple[object, ...]] = []
    characters = 0
    while len(sample) < _SAMPLE_ROWS and characters < _SAMPLE_CHARACTERS:
        row = result.fetchone()
        if row is None:
            break
        sample.append(tuple(row))
        characters += sum(len(cell) for cell in row if isinstance(cell, str))
    result.close()
    return columns, sample


def _rows(connection: Connection, wanted: _Wanted, key: tuple[str, ...]) -> Iterator[Any]:
    for part in _execute(connection, wanted, key).partitions(_FETCHED_ROWS):
        yield from part


def _execute(connection: Connection, wanted: _Wanted, key: tuple[str, ...]) -> Any:
    sa = _sqlalchemy()
    if wanted.table is None:
        statement = sa.text(wanted.query.replace(":", "\\:") if wanted.query else "")
    else:
        statement = sa.select(sa.literal_column("*")).select_from(_table(wanted.table))
        statement = statement.order_by(*(sa.column(name) for name in key))
    streaming = connection.execution_options(stream_results=True, max_row_buffer=_FETCHED_ROWS)
    return streaming.execute(statement)


def _table(name: str) -> Any:
    schema, bare = _split(name)
    return _sqlalchemy().table(bare, schema=schema)


def _split(name: str) -> tuple[str | None, str]:
    schema, dot, bare = name.rpartition(".")
    return (schema if dot else None), bare


def _roles(
    names: tuple[str, ...], sample: list[tuple[object, ...]], source: str, config: SourceConfig
) -> Roles:
    """Text and label column, guessed from the first rows as for a file."""
    table = _Sample(names, sample)
    stream = RowStream(
        source=source,
        format="sql",
        columns=names,
        encoding=None,
        rows_at_most=len(sample),
        reader=table,
    )
    columns = guess_columns(
        stream,
        text_column=config.text_column,
        label_column=config.label_column,
        require_label=False,
    )
    return roles_of(columns.text, columns.label, config, names)


@dataclass(frozen=True, slots=True)
class _Sample:
    """The first rows as a table."""

    columns: tuple[str, ...]
    cells: list[tuple[object, ...]]
    encoding: None = None
    rows_at_most: None = None
    arrow_schema: None = None

    def rows(self, positions: tuple[int, ...]) -> Iterator[Row]:
        for number, row in enumerate(self.cells, start=1):
            yield Row(number, tuple(row[p] for p in positions))


def _told(error: Exception, wanted: _Wanted) -> str:
    """The first line of the driver's message, without the password."""
    message = str(getattr(error, "orig", None) or error).strip().split("\n")[0][:300]
    for secret in filter(None, (wanted.secret, quote(wanted.secret or "", safe=""))):
        message = message.replace(secret, HIDDEN)
    return message


def _sqlalchemy(module: str = "sqlalchemy") -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError("sqlalchemy", "data", "reading from databases") from error
