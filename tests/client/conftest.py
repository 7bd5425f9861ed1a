"""A misbehaving server, and both clients to ask it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from askers import AsyncAsker, SyncAsker
from misbehaving_server import MisbehavingServer, misbehaving_server


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    with misbehaving_server() as running:
        yield running


@pytest.fixture(params=[SyncAsker, AsyncAsker], ids=["sync", "async"])
def asker(request: pytest.FixtureRequest) -> type[SyncAsker] | type[AsyncAsker]:
    return request.param


@pytest.fixture(autouse=True)
def _no_outside_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("UNDERCUT_KEY", "UNDERCUT_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
