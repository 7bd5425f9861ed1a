"""Limits of the server and of tenants: refused before a body is read, quickly, and recovered."""

from __future__ import annotations

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import psutil
import pytest
from serving_http_fakes import bearer
from serving_http_server import serving
from serving_http_subprocess import free_port, process

from undercut.operate.serving.http.limits import HttpLimits


def head(length: int, key: str = "uc_acme_predict", more: str = "") -> bytes:
    return (
        "POST /v1/predict HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: {length}\r\n{more}\r\n"
    ).encode()


def test_beyond_the_limit_a_request_is_refused_before_its_body_is_sent():
    with serving(HttpLimits(concurrent_requests=2)) as served:
        release = served.hold()
        with ThreadPoolExecutor(2) as pool:
            held = [pool.submit(served.predict, {"inputs": "a"}) for _ in range(2)]
            served.wait_until(lambda: served.engine.at_work == 2)
            with socket.create_connection(("127.0.0.1", served.port)) as connection:
                connection.settimeout(2)
                # only the head: the refusal must not wait for the body
                connection.sendall(head(5000))
                reply = connection.recv(65536)
            release()
            assert [future.result().status_code for future in held] == [200, 200]
        assert reply.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1\r\n" in reply
        assert b'"code":"overloaded"' in reply
        assert served.predict({"inputs": "a"}).status_code == 200


def test_a_server_that_is_behind_refuses_unread_until_it_has_caught_up():
    with serving(HttpLimits(backlog_seconds=0.5)) as served:
        served.engine.backlog = 3.2
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.settimeout(2)
            connection.sendall(head(5000))
            reply = connection.recv(65536)
        assert reply.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 4\r\n" in reply
        assert served.engine.at_work == 0
        served.engine.backlog = 0.4
        time.sleep(0.05)  # an estimate is used a little longer
        assert served.predict({"inputs": "a"}).status_code == 200


def test_queued_bytes_are_bounded_and_given_back():
    limits = HttpLimits(body_bytes=10_000, queued_bytes=15_000)
    with serving(limits) as served:
        with socket.create_connection(("127.0.0.1", served.port)) as first:
            first.sendall(head(9000))
            served.wait_until(lambda: served.app.services.capacity.held_bytes == 9000)
            refused = served.predict({"inputs": "a" * 8000})
            small = served.predict({"inputs": "a"})
        assert refused.status_code == 503
        assert small.status_code == 200
        served.wait_until(lambda: served.app.services.capacity.held_bytes == 0)
        assert served.predict({"inputs": "a" * 8000}).status_code == 200


def test_a_body_in_chunks_is_counted_as_it_grows():
    limits = HttpLimits(body_bytes=200_000, queued_bytes=200_000)
    with (
        serving(limits) as served,
        socket.create_connection(("127.0.0.1", served.port)) as first,
    ):
        first.sendall(head(150_000))
        served.wait_until(lambda: served.app.services.capacity.held_bytes == 150_000)
        parts = iter([b'{"inputs": "', b"a" * 90_000, b'"}'])
        refused = served.client.post("/v1/predict", content=parts, headers=bearer())
    assert refused.status_code == 503


def test_a_tenant_that_takes_its_share_gets_a_429_and_others_are_served():
    with serving(HttpLimits(tenant_requests=1)) as served:
        release = served.hold()
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(served.predict, {"inputs": "a"})
            served.wait_until(lambda: served.engine.at_work == 1)
            second = served.predict({"inputs": "a"})
            other = pool.submit(
                served.client.post,
                "/v1/predict",
                json={"inputs": "a"},
                headers=bearer("uc_other_predict"),
            )
            served.wait_until(lambda: served.engine.at_work == 2)
            release()
            assert first.result().status_code == other.result().status_code == 200
    assert second.status_code == 429
    assert second.json()["error"]["code"] == "too_many_requests"
    assert second.headers["retry-after"] == "1"


def test_batches_have_a_limit_of_their_own():
    with (
        serving(HttpLimits(concurrent_batches=1)) as served,
        socket.create_connection(("127.0.0.1", served.port)) as first,
    ):
        first.sendall(head(5000).replace(b"/v1/predict", b"/v1/batches"))
        served.wait_until(lambda: served.app.services.capacity.batches == 1)
        refused = served.client.post("/v1/batches", content=b'"a"', headers=bearer())
        assert served.predict({"inputs": "a"}).status_code == 200
    assert refused.status_code == 503


def test_a_refused_upload_of_any_size_sees_its_refusal():
    with serving(HttpLimits(body_bytes=1000)) as served:
        reply = served.client.post("/v1/predict", content=b"a" * 5_000_000, headers=bearer())
        unknown = served.client.post("/v1/predict", content=b"a" * 5_000_000)
        assert served.predict({"inputs": "a"}).status_code == 200
    assert reply.status_code == 413
    assert unknown.status_code == 401


def test_a_refused_upload_without_end_is_cut():
    with serving(HttpLimits(body_bytes=1000)) as served:
        connection = socket.create_connection(("127.0.0.1", served.port))
        connection.sendall(head(10**12))
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            _flood(connection)
        connection.close()
        assert served.app.services.counters.cut_connections["unwanted_body"] == 1


def _flood(connection: socket.socket) -> None:
    sent = 0
    while sent < 300_000_000:
        sent += connection.send(b"a" * 65536)


def test_expect_continue_is_refused_without_the_body():
    with serving(HttpLimits(body_bytes=1000)) as served:
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.settimeout(2)
            connection.sendall(head(5000, more="Expect: 100-continue\r\n"))
            reply = connection.recv(65536)
        assert reply.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" in reply
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.settimeout(2)
            connection.sendall(head(15, more="Expect: 100-continue\r\n"))
            assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
            connection.sendall(b'{"inputs": "a"}')
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.load
@pytest.mark.parametrize("times", [2, 10])
def test_saturated_goodput_stays_and_refusals_are_quick(tmp_path, times):
    """An engine with a fixed rate, in a process of its own; clients at a multiple of its limit."""
    at_once, port = 16, free_port()
    settings = {"delay_seconds": 0.05, "concurrent_requests": at_once}
    with process(port, tmp_path / "rows", **settings) as running:
        memory = psutil.Process(running.pid).memory_info
        peak = asyncio.run(_load(port, at_once, 3.0))
        before = memory().rss
        loaded = asyncio.run(_load(port, at_once * times, 5.0))
        after = memory().rss
    print(f"alone {peak}; at {times}x {loaded}; {before / 2**20:.1f} -> {after / 2**20:.1f} MiB")
    assert loaded.goodput >= 0.9 * peak.goodput, (loaded, peak)
    assert loaded.p99_refusal_seconds <= 0.02, loaded
    assert after <= 1.1 * before


@dataclass
class _Load:
    seconds: float
    answered: int = 0
    refusals: list[float] = field(default_factory=list)

    @property
    def goodput(self) -> float:
        return self.answered / self.seconds

    @property
    def p99_refusal_seconds(self) -> float:
        return sorted(self.refusals)[int(len(self.refusals) * 0.99)] if self.refusals else 0.0

    def __repr__(self) -> str:
        slow = self.p99_refusal_seconds * 1000
        return f"{self.goodput:.0f}/s answered, {len(self.refusals)} refused, p99 {slow:.1f} ms"


async def _load(port: int, clients: int, seconds: float) -> _Load:
    """Clients that ask again at once when answered, and after 100 ms when refused."""
    load = _Load(seconds)
    body = b'{"inputs":"a"}'
    request = head(len(body)) + body
    until = time.monotonic() + seconds

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < until:
            started = time.monotonic()
            writer.write(request)
            reply = await reader.readuntil(b"\r\n\r\n")
            length = int(reply.split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            if reply.startswith(b"HTTP/1.1 200"):
                load.answered += 1
            else:
                assert reply.startswith(b"HTTP/1.1 503"), reply
                load.refusals.append(time.monotonic() - started)
                await asyncio.sleep(0.1)
        writer.close()

    await asyncio.gather(*(one() for _ in range(clients)))
    return load
