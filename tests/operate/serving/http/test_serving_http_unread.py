"""Refusals that never read their request say what the others say, and guess nothing."""

from __future__ import annotations

import json
import re
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving_http_fakes import bearer
from serving_http_server import serving

from undercut.operate.serving.http.limits import HttpLimits
from undercut.operate.serving.http.unread import is_whole

LIMITS = HttpLimits()
BODY = b'{"inputs":"a"}'


def request(more: bytes = b"", body: bytes = BODY, length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    return (
        b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n" % length
        + more
        + b"\r\n"
        + body
    )


def test_a_plain_request_is_whole() -> None:
    assert is_whole(request(), LIMITS)
    assert is_whole(request(b"Connection: keep-alive\r\nAuthorization: Bearer k\r\n"), LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        request(b"Transfer-Encoding: chunked\r\n"),
        request(b"Transfer-Encoding : chunked\r\n"),
        request(b"X: y\nTransfer-Length: 3\r\n"),
        request(b"Content-Length: 14\r\n"),
        request(b"Expect: 100-continue\r\n"),
        request(b"Connection: close\r\n"),
        request(b"X-Request-Id: mine\r\n"),
        request(length=15),
        request(length=13),
        request() + request(),
        request()[:-1],
        request()[1:],
        request().replace(b"Content-Length: 14", b"Content-Length: +14"),
        request().replace(b"Content-Length: 14", b"Content-Length:"),
        request().replace(b"HTTP/1.1", b"HTTP/1.0"),
        request().replace(b"/v1/predict", b"/v1/batches"),
        request(b"X: " + b"a" * LIMITS.head_bytes + b"\r\n"),
    ],
)
def test_whatever_is_unusual_goes_the_ordinary_way(data: bytes) -> None:
    assert not is_whole(data, LIMITS)


@given(cut=st.integers(0, 200), junk=st.binary(max_size=20))
def test_a_request_that_was_cut_or_lengthened_is_not_whole(cut: int, junk: bytes) -> None:
    data = request(b"Authorization: Bearer k\r\n")
    changed = data[: max(0, len(data) - cut)] + junk
    assert is_whole(changed, LIMITS) == (len(changed) == len(data) and cut == len(junk))


def read(connection: socket.socket) -> tuple[dict[str, str], dict[str, object]]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {"": lines[0], **dict(line.split(": ", 1) for line in lines[1:])}
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65536)
    return headers, json.loads(body)


def test_it_is_the_same_refusal_on_the_same_connection_until_the_server_caught_up() -> None:
    with serving(HttpLimits(backlog_seconds=0.5)) as served:
        served.engine.backlog = 3.2
        key = bearer("uc_acme_predict")["Authorization"].encode()
        data = request(b"Authorization: " + key + b"\r\n")
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            answers = []
            for _ in range(5):
                connection.sendall(data)
                answers.append(read(connection))
            (first_head, first), *others = answers
            assert first_head[""] == "HTTP/1.1 503 Service Unavailable"
            assert first_head["retry-after"] == "4"
            seen = set()
            for head, body in answers:
                name = head.pop("x-request-id")
                assert body["error"].pop("request_id") == name  # type: ignore[union-attr]
                # the server's own word on it changes from one response to the next
                head.pop("date", None)
                assert re.fullmatch(r"[0-9a-f]{16}-[0-9a-f]{8}", name)
                seen.add(name)
            assert len(seen) == 5
            assert all(head == first_head and body == first for head, body in others)
            served.engine.backlog = 0.0
            time.sleep(0.05)
            connection.sendall(data)
            head, body = read(connection)
            assert head[""] == "HTTP/1.1 200 OK"
            assert body["answers"]
        metrics = served.client.get(f"{served.url}/metrics").text
        assert 'undercut_refusals_total{reason="overloaded"} 5.0' in metrics


def test_nothing_is_refused_unread_by_a_server_that_keeps_up() -> None:
    with serving() as served:
        key = bearer("uc_acme_predict")["Authorization"].encode()
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            for _ in range(3):
                connection.sendall(request(b"Authorization: " + key + b"\r\n"))
                assert read(connection)[0][""] == "HTTP/1.1 200 OK"


def test_a_server_that_is_still_behind_finds_that_without_reading_a_request() -> None:
    with serving(HttpLimits(backlog_seconds=0.5)) as served:
        served.engine.backlog = 3.2
        key = bearer("uc_acme_predict")["Authorization"].encode()
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.sendall(request(b"Authorization: " + key + b"\r\n"))
            assert read(connection)[0][""] == "HTTP/1.1 503 Service Unavailable"
            served.engine.backlog = 7.9
            # longer than an estimate holds
            time.sleep(0.05)
            # one that was read would be told that its key is none
            connection.sendall(request(b"Authorization: Bearer nobody\r\n"))
            head, _ = read(connection)
            assert head[""] == "HTTP/1.1 503 Service Unavailable"
            assert head["retry-after"] == "8"
            served.engine.backlog = 0.0
            time.sleep(0.05)
            connection.sendall(request(b"Authorization: Bearer nobody\r\n"))
            assert read(connection)[0][""] == "HTTP/1.1 401 Unauthorized"
