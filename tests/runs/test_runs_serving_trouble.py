"""A real server whose books cannot be written: it refuses, charges nothing unanswered, recovers."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from serving_process import new_key, plan_folder, served
from sqlalchemy import select

from undercut.operate.metering.checks import check_books
from undercut.operate.metering.schema import requests
from undercut.runs.books import open_books_here

RECOVERY_SECONDS = 5.0


@dataclass
class Asking:
    """Two callers who go on asking. answered: keys of answers that came; codes: of refusals."""

    answered: list[str] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def ask(self, url: str, secret: str, name: str) -> None:
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
            number = 0
            while not self.stop.is_set():
                key = f"{name}-{number}"
                number += 1
                reply = client.post(
                    "/v1/predict",
                    json={"inputs": ["where is my card"] * 16},
                    headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": key},
                )
                if reply.status_code == 200:
                    self.answered.append(key)
                elif reply.status_code == 503 and "retry-after" in reply.headers:
                    self.codes.add(reply.json()["error"]["code"])
                    time.sleep(0.02)
                else:
                    self.failures.append(f"{reply.status_code} {reply.text}")

    def until(self, more: int, seconds: float) -> float:
        """Seconds until so many more are answered."""
        started, before = time.monotonic(), len(self.answered)
        while len(self.answered) < before + more:
            assert time.monotonic() < started + seconds, self
            time.sleep(0.01)
        return time.monotonic() - started


@contextmanager
def asked_on(folder: Path, place: Path) -> Iterator[Asking]:
    """A server over books in `place` under two callers; afterwards rows and answers agree."""
    url = f"sqlite:///{place / 'books.sqlite'}"
    secret = new_key(url, "acme", monthly_inputs=10**9)
    plan = plan_folder(folder / "plan")
    asking = Asking()
    with served(str(plan), "--books", url, "--workers", "0", "-q") as (address, process, stop):
        threads = [
            threading.Thread(target=asking.ask, args=(address, secret, name)) for name in ("a", "b")
        ]
        for thread in threads:
            thread.start()
        try:
            asking.until(10, 10)
            yield asking
        finally:
            asking.stop.set()
            for thread in threads:
                thread.join()
        stop()
        assert process.returncode == 0
    assert asking.failures == []
    with open_books_here(url) as books:
        rows = books.read(lambda c: c.execute(select(requests.c.idempotency_key)).scalars().all())
        assert books.read(check_books) == ()
    assert sorted(rows) == sorted(asking.answered)


def test_a_database_that_somebody_locks(tmp_path: Path) -> None:
    with asked_on(tmp_path, tmp_path) as asking:
        shell = sqlite3.connect(tmp_path / "books.sqlite", isolation_level=None)
        shell.execute("BEGIN IMMEDIATE")
        until = time.monotonic() + 15
        while "books_unavailable" not in asking.codes:
            assert time.monotonic() < until, asking
            time.sleep(0.02)
        shell.execute("ROLLBACK")
        shell.close()
        assert asking.until(10, RECOVERY_SECONDS) < RECOVERY_SECONDS


def test_a_full_disk_under_a_server(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk; a limit on file sizes is tested elsewhere")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this sandbox cannot mount a small disk")
    try:
        with asked_on(tmp_path, place) as asking:
            free = os.statvfs(place)
            ballast = place / "ballast"
            ballast.write_bytes(b"x" * max(0, free.f_bavail * free.f_frsize - 100_000))
            until = time.monotonic() + 20
            while "books_unavailable" not in asking.codes:
                assert time.monotonic() < until, asking
                time.sleep(0.02)
            ballast.unlink()
            assert asking.until(10, RECOVERY_SECONDS) < RECOVERY_SECONDS
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
