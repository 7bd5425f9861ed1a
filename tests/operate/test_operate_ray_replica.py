"""What runs inside a Ray replica, without Ray."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from undercut.core.errors import ConfigError
from undercut.operate.serving.ray_replica import (
    RayReplica,
    ask_status,
    behind_proxy,
    load_builder,
)

HERE = "test_operate_ray_replica"
SEEN: list[dict[str, Any]] = []


def build(*, status: str) -> Any:
    """An application that answers everything with one status."""

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        SEEN.append(scope)
        await send({"type": "http.response.start", "status": int(status), "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return application


def test_the_application_is_built_from_strings_in_the_replica() -> None:
    replica = RayReplica(f"{HERE}:build", {"status": "418"})
    application = replica.__serve_build_asgi_app__()
    assert asyncio.run(ask_status(application, "/x")) == 418
    assert SEEN[-1]["path"] == "/x"


def test_a_live_application_is_healthy_and_another_is_not() -> None:
    healthy = RayReplica(f"{HERE}:build", {"status": "200"})
    with pytest.raises(RuntimeError, match="not built"):
        asyncio.run(healthy.check_health())
    healthy.__serve_build_asgi_app__()
    asyncio.run(healthy.check_health())
    assert SEEN[-1]["path"] == "/health/live"
    dead = RayReplica(f"{HERE}:build", {"status": "500"})
    dead.__serve_build_asgi_app__()
    with pytest.raises(RuntimeError, match="answered 500"):
        asyncio.run(dead.check_health())


def test_nobody_is_local_behind_a_proxy() -> None:
    application = behind_proxy(build(status="200"))

    async def nothing(*_: Any) -> None: ...

    given = {"type": "http", "path": "/metrics", "client": ("127.0.0.1", 5)}
    asyncio.run(application(given, nothing, nothing))
    assert SEEN[-1]["client"] is None
    assert given["client"] == ("127.0.0.1", 5)


@pytest.mark.parametrize(
    "name", ["", "nowhere:build", f"{HERE}:nothing", f"{HERE}:HERE", "json", ":x"]
)
def test_a_builder_that_is_none_is_told(name: str) -> None:
    with pytest.raises(ConfigError, match=r"no application builder|no function"):
        load_builder(name)
