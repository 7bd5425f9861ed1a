"""Clients that dawdle, flood or send rubbish: cut, while others are served."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest
from serving_http_server import serving

from undercut.operate.serving.http.limits import HttpLimits

QUICK = HttpLimits(head_seconds=0.6, patience_seconds=0.6, idle_seconds=4)


def closed(connection: socket.socket, seconds: float = 4.0) -> bytes:
    """All that comes until the server closes; fails where it does not."""
    connection.settimeout(seconds)
    seen = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            seen += part
    return seen


def test_slow_heads_and_idle_connections_are_cut():
    with serving(QUICK) as served:
        address = ("127.0.0.1", served.port)
        silent = socket.create_connection(address)
        dripping = socket.create_connection(address)
        second = socket.create_connection(address)
        second.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /health")
        started = time.monotonic()
        with contextlib.suppress(OSError):
            for letter in b"GET /health/live HTTP/1.1\r\nX: " + b"y" * 200:
                dripping.sendall(bytes([letter]))
                time.sleep(0.02)
                if time.monotonic() - started > 2.5:
                    break
        assert closed(silent) == b""
        assert b" 408 " in closed(dripping) or time.monotonic() - started < 2.5
        seen = closed(second)
        assert b" 200 " in seen
        assert b" 408 " in seen
        assert served.app.services.counters.cut_connections["head"] == 3
        assert served.client.get("/health/live").status_code == 200


def test_a_body_that_drips_is_cut_with_a_408():
    with serving(QUICK) as served:
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.sendall(
                b"POST /v1/predict HTTP/1.1\r\nHost: x\r\n"
                b"Authorization: Bearer uc_acme_predict\r\nContent-Length: 5000\r\n\r\n"
            )
            started = time.monotonic()
            with contextlib.suppress(OSError):
                while time.monotonic() - started < 3:
                    connection.sendall(b"a")
                    time.sleep(0.1)
            seen = closed(connection)
        assert b" 408 " in seen or served.app.services.counters.refusals["too_slow"] == 1
        assert served.app.services.counters.refusals["too_slow"] == 1


def test_three_hundred_slow_clients_do_not_slow_a_healthy_one():
    with serving(HttpLimits(head_seconds=60)) as served:
        served.predict({"inputs": "a"})
        alone = _worst_of_fifty(served)
        slow = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(300)]
        for connection in slow:
            connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost")
        crowded = _worst_of_fifty(served)
        for connection in slow:
            connection.close()
    # a loose bound: other work shares this machine
    assert crowded <= 3 * alone + 0.05


def _worst_of_fifty(served) -> float:
    found = []
    for _ in range(50):
        started = time.monotonic()
        assert served.predict({"inputs": "a"}).is_success
        found.append(time.monotonic() - started)
    return sorted(found)[-3]


def test_connections_beyond_the_limit_are_told_so():
    with serving(HttpLimits(connections=3)) as served:
        open_ones = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(3)]
        served.wait_until(lambda: served.app.services.counters.connections == 3)
        with socket.create_connection(("127.0.0.1", served.port)) as one_more:
            seen = closed(one_more)
        for connection in open_ones:
            connection.close()
        served.wait_until(lambda: served.app.services.counters.connections == 0)
        assert served.client.get("/health/live").status_code == 200
    assert b"HTTP/1.1 503 " in seen
    assert b"retry-after" in seen


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b" 400 "),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b" 400 "),
        (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", b" 40"),
        (b"GET /health/live HTTP/9.9\r\n\r\n", b" 400 "),
        (b"POST /v1/predict HTTP/1.1\r\nContent-Length: x\r\n\r\n", b" 400 "),
        (b"POST /v1/predict HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b" 400 "),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 150 + b"\r\n", b" 400 "),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b" 4"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000, b" 431 "),
        (
            b"POST /v1/predict HTTP/1.1\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b" 400 ",
        ),
        (
            b"GET /health/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\n\r\n",
            b" 200 ",
        ),
    ],
    ids=lambda value: repr(value[:30]),
)
def test_rubbish_gets_a_4xx_and_no_more(served, sent, status):
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.settimeout(3)
        connection.sendall(sent)
        seen = connection.recv(65536)
    assert seen.startswith(b"HTTP/1.1")
    assert status in seen[:20]
    assert b"Server" not in seen
    assert served.client.get("/health/live").status_code == 200


def test_pipelined_requests_are_answered_in_order(served):
    request = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Request-Id: %d\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.settimeout(3)
        connection.sendall(b"".join(request % number for number in range(20)))
        seen = b""
        while seen.count(b'{"live":true}') < 20:
            seen += connection.recv(65536)
    places = [seen.index(b"x-request-id: %d\r\n" % number) for number in range(20)]
    assert places == sorted(places)


def test_a_connection_ends_after_its_share_of_requests():
    with serving(HttpLimits(requests_per_connection=2)) as served:
        replies = [served.client.get("/health/live") for _ in range(4)]
    assert [reply.headers.get("connection") for reply in replies] == [None, "close", None, "close"]
