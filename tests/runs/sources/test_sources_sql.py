"""Databases: a real PostgreSQL, started here, and SQLite."""

import contextlib
import os
import pwd
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sources_sites import free_port

from undercut.build.data.documents import Document, Record, Unreadable
from undercut.core.errors import ConfigError, InputError
from undercut.runs.sources import SourceConfig, open_source, sql

PASSWORD = "s3cr3t/p@ss"
QUOTED = "s3cr3t%2Fp%40ss"
PROSE = "a message of a customer about the parcel"


def read(address: str, config: SourceConfig | None = None) -> list[Record]:
    return [record for batch in open_source(address, config).batches() for record in batch]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "my shop.sqlite"
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TABLE messages (id INTEGER PRIMARY KEY, text TEXT, label TEXT, day TEXT)"
        )
        db.executemany(
            "INSERT INTO messages VALUES (?, ?, ?, ?)",
            [(n, f"{n} {PROSE}", f"l{n % 2}", "2024-05-06") for n in (3, 1, 2)],
        )
        db.execute('CREATE TABLE "odd ""name" (text TEXT)')
        db.execute('INSERT INTO "odd ""name" VALUES (\'some text of a row\')')
        db.execute("CREATE VIEW recent AS SELECT text FROM messages WHERE id > 1")
    db.close()
    return path


def test_a_table_in_the_order_of_its_key(shop: Path) -> None:
    address = f"sqlite:///{shop}?table=messages"
    source = open_source(address, SourceConfig(date_column="day"))
    assert source.rows_at_most == 3
    records = [r for batch in source.batches() for r in batch]
    assert [r.origin.place for r in records] == ["id=1", "id=2", "id=3"]
    assert all(isinstance(r, Document) for r in records)
    first = records[0]
    assert isinstance(first, Document)
    assert (first.text, first.label) == (f"1 {PROSE}", "l1")
    assert str(first.origin.date) == "2024-05-06"
    assert first.origin.source == address


def test_a_query_as_it_orders(shop: Path) -> None:
    query = "SELECT text, label FROM messages WHERE label='l1' ORDER BY id DESC"
    records = read(f"sqlite:///{shop}?query={query}")
    assert [r.origin.place for r in records] == ["row 1", "row 2"]
    assert isinstance(records[0], Document)
    assert records[0].text.startswith("3 ")
    assert (
        len(read(f"sqlite:///{shop}?query=SELECT text FROM messages WHERE text LIKE '%25:%25'"))
        == 0
    )


def test_odd_names_are_quoted_and_views_are_tables(shop: Path) -> None:
    assert len(read(f'sqlite:///{shop}?table=odd "name')) == 1
    assert len(read(f"sqlite:///{shop}?table=recent")) == 2


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM messages",
        "DROP TABLE messages",
        "INSERT INTO messages VALUES (9, 'x', 'y', 'z') RETURNING text",
        "ATTACH DATABASE '{folder}/new.sqlite' AS n",
        "PRAGMA writable_schema=1",
        "SELECT text FROM messages; DROP TABLE messages",
        "VACUUM INTO '{folder}/copy.sqlite'",
    ],
)
def test_nothing_is_written(shop: Path, query: str) -> None:
    before = shop.read_bytes()
    with pytest.raises(InputError, match="refuses"):
        read(f"sqlite:///{shop}?query={query.format(folder=shop.parent)}")
    assert shop.read_bytes() == before
    assert sorted(path.name for path in shop.parent.iterdir()) == [shop.name]


@pytest.mark.parametrize(
    ("rest", "error", "message"),
    [
        ("?table=none", ConfigError, "no table 'none'; tables found: messages"),
        ("", ConfigError, "no table"),
        ("?table=a&query=b", ConfigError, "both"),
        ("?query=SELECT nonsense FROM nowhere", InputError, "no such table"),
    ],
)
def test_wrong_addresses(shop: Path, rest: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read(f"sqlite:///{shop}{rest}")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read(f"sqlite:///{tmp_path}/none.sqlite?table=t")
    assert not list(tmp_path.iterdir())
    (tmp_path / "junk").write_bytes(b"junk" * 2_000)
    with pytest.raises(InputError, match="not a database"):
        read(f"sqlite:///{tmp_path}/junk?table=t")


def _as_server_user(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The address of a fresh server, without its last part."""
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        pytest.skip("PostgreSQL's programs are not on the path")
    folder = Path(tempfile.mkdtemp(prefix="undercut-pg-"))
    port = free_port()
    password = folder / "password"
    password.write_text(PASSWORD)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (folder, password):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)

    def run(*command: str) -> None:
        subprocess.run(
            _as_server_user(list(command)), check=True, capture_output=True, cwd=folder, timeout=60
        )

    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "ann", "--auth=scram-sha-256", f"--pwfile={password}", "-N",
        "-E", "UTF8", "--no-locale")  # fmt: skip
    options = f"-p {port} -k {folder} -h 127.0.0.1 -c fsync=off"
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql://ann:{QUOTED}@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def messages(postgres: str) -> str:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as db:
        db.execute("CREATE SCHEMA shop")
        db.execute(
            "CREATE TABLE shop.messages (id bigint, part int, text text, label text, day timestamp,"
            " PRIMARY KEY (id, part))"
        )
        db.execute(
            "INSERT INTO shop.messages SELECT n, n % 3, n || ' a message 关于包裹', 'l' || n % 4,"
            " '2024-05-06 07:08' FROM generate_series(1, 3000) n ORDER BY random()"
        )
        db.execute("CREATE TABLE wide AS SELECT repeat('word ', 200000) AS text FROM "
                   "generate_series(1, 60)")  # fmt: skip
        db.execute("CREATE TABLE bytes (text bytea)")
        db.execute("INSERT INTO bytes VALUES ('\\x00ff')")
    return postgres


def test_postgres_tables(messages: str) -> None:
    source = open_source(f"{messages}?table=shop.messages", SourceConfig(date_column="day"))
    assert source.rows_at_most == 3_000
    records = [r for batch in source.batches() for r in batch]
    assert len(records) == 3_000
    assert [r.origin.place for r in records[:2]] == ["id=1 part=1", "id=2 part=2"]
    first = records[0]
    assert isinstance(first, Document)
    assert first.text == "1 a message 关于包裹"
    assert str(first.origin.date) == "2024-05-06"
    assert PASSWORD not in str(records[0])
    assert first.origin.source.startswith("postgresql://ann:***@127.0.0.1:")


def test_postgres_queries_with_like_and_casts(messages: str) -> None:
    query = "SELECT text, label FROM shop.messages WHERE text LIKE '30%25' AND id::int < 400"
    query += " ORDER BY id"
    records = read(f"{messages}?query={query}")
    assert [r.text.split()[0] for r in records if isinstance(r, Document)] == [
        "30", *map(str, range(300, 310))
    ]  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM shop.messages RETURNING text",
        "CREATE TABLE x AS SELECT 1",
        "SELECT set_config('transaction_read_only', 'off', false); DELETE FROM shop.messages",
        "SELECT nextval('none') AS text",
    ],
)
def test_postgres_is_only_read(messages: str, query: str) -> None:
    with pytest.raises(InputError, match="refuses"):
        read(f"{messages}?query={query}")
    assert open_source(f"{messages}?table=shop.messages").rows_at_most == 3_000


def test_the_password_is_never_shown(messages: str, caplog: pytest.LogCaptureFixture) -> None:
    wrong = messages.replace(QUOTED, "another%2Fsecret")
    for address in (
        f"{wrong}?table=shop.messages",
        f"{wrong.replace('127.0.0.1', '127.0.0.9')}?table=shop.messages",
        f"{wrong}?nonsense=1&table=t",
        f"{messages}?table=none",
        f"{messages}?query=SELECT 'another/secret'::int",
    ):
        with pytest.raises((InputError, ConfigError)) as caught:
            read(address)
        chain: BaseException | None = caught.value
        while chain is not None:
            if not chain.__suppress_context__ or chain is caught.value:
                for secret in (PASSWORD, QUOTED, "another%2Fsecret"):
                    assert secret not in str(chain)
            chain = chain.__cause__
    assert "secret" not in caplog.text.replace("another/secret'::int", "")


def test_other_types_are_told(messages: str) -> None:
    (record,) = read(f"{messages}?table=bytes", SourceConfig(text_column="text"))
    assert isinstance(record, Unreadable)
    assert "bytes" in record.reason


_STREAM = """
import sys
from pathlib import Path
from undercut.runs.sources import open_source
print(sum(len(batch) for batch in open_source(sys.argv[1]).batches()))
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_tables_are_streamed(messages: str) -> None:
    """3 GB of joined rows pass through a small process."""
    query = "SELECT a.text FROM wide a, generate_series(1, 10) b"
    done = subprocess.run(
        [sys.executable, "-c", _STREAM, f"{messages}?query={query}"],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        timeout=60,
        check=True,
    )
    rows, memory = map(int, done.stdout.split())
    assert rows == 600
    assert memory < 450 * 1024


def test_bytes_that_are_no_text_cost_only_their_characters(tmp_path: Path) -> None:
    file = tmp_path / "old.sqlite"
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)")
        rows = "(1, 'a good one'), (2, CAST(x'61ff62' AS TEXT)), (3, 'another')"
        database.execute(f"INSERT INTO t VALUES {rows}")
        database.commit()
    records = read(f"sqlite:///{file}?table=t")
    texts = [record.text for record in records if isinstance(record, Document)]
    assert texts == ["a good one", "a\ufffdb", "another"]


def test_what_a_statement_writes_is_never_kept(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a database that cannot be told to read only: this one is opened for writing."""
    monkeypatch.setattr(sql, "_open_sqlite", lambda path, _: sqlite3.connect(path))
    before = len(read(f"sqlite:///{shop}?table=messages"))
    read(f"sqlite:///{shop}?query=DELETE FROM messages RETURNING text")
    assert len(read(f"sqlite:///{shop}?table=messages")) == before > 0


@pytest.mark.parametrize(
    "query",
    ["DROP TABLE t", "SELECT 1; DROP TABLE t", "INSERT INTO t SELECT 1", "", "CALL x()"],
)
@pytest.mark.parametrize("kind", ["mysql", "mssql+pyodbc", "oracle"])
def test_elsewhere_only_one_select_is_taken(kind: str, query: str) -> None:
    with pytest.raises(ConfigError, match=r"must be one SELECT|names no table"):
        open_source(f"{kind}://ann:secret@127.0.0.1/shop?query={query}")
