"""A real PostgreSQL server for tests: its own folder and socket, gone when the tests are."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

_SETTINGS = {
    # the server itself is never killed without notice here, so its disk may be lazy
    "fsync": "off",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "listen_addresses": "127.0.0.1",
}


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl, None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    if found and shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


class PostgresServer:
    """A server on an ephemeral loopback port, run by another user where we are root."""

    def __init__(self) -> None:
        self._as = _other_user()
        # not below pytest's own folder: that belongs to one user, the server may be another
        self.home = Path(tempfile.mkdtemp(prefix="undercut-pg-", dir=_roomy_memory()))
        if self._as:
            shutil.chown(self.home, *self._as)
        self.data = self.home / "data"
        self.port = _free_port()
        self.user = "undercut"
        self._run(
            "initdb", "-D", str(self.data), "-U", self.user, "-A", "trust", "-E", "UTF8", "-N"
        )
        self.start()

    def start(self) -> None:
        options = [f"-c {name}={value}" for name, value in _SETTINGS.items()]
        options += [f"-p {self.port}", f"-k {self.home}"]
        log = str(self.home / "log")
        self._run("pg_ctl", "-D", str(self.data), "-l", log, "-w", "-o", " ".join(options), "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"books_{uuid.uuid4().hex[:12]}"
        self.sql(f"CREATE DATABASE {name}")
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{name}"

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        self.sql(f"DROP DATABASE {url.rsplit('/', 1)[1]} WITH (FORCE)")

    def sql(self, statement: str) -> None:
        import psycopg

        where = f"host=127.0.0.1 port={self.port} user={self.user} dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(statement)

    def remove(self) -> None:
        try:
            self.stop("immediate")
        except subprocess.CalledProcessError:
            # a test has stopped it
            time.sleep(0)
        shutil.rmtree(self.home, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        folder = binaries()
        assert folder is not None
        uid, gid = self._as or (None, None)
        done = subprocess.run(
            [str(folder / program), *arguments],
            user=uid,
            group=gid,
            extra_groups=[] if self._as else None,
            cwd=self.home,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.home / "errors").open("ab"),
            check=False,
        )
        if done.returncode:
            text = (self.home / "errors").read_text()
            raise subprocess.CalledProcessError(done.returncode, program, stderr=text[-2000:])


def _roomy_memory() -> Path | None:
    """A folder in memory, so that a busy disk does not slow the tests; None for the usual one."""
    place = Path("/dev/shm")
    if not place.is_dir() or not os.access(place, os.W_OK):
        return None
    return place if shutil.disk_usage(place).free > 2**30 else None


def _other_user() -> tuple[int, int] | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return found.pw_uid, found.pw_gid
    return 65534, 65534


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
