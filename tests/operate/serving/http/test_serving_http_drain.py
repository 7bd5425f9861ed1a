"""SIGTERM: what is at work is answered, a successor takes over, nobody sees a failure."""

from __future__ import annotations

import signal
import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from serving_http_fakes import bearer
from serving_http_subprocess import free_port, process


def ask(client: httpx.Client, key: str) -> httpx.Response:
    headers = {**bearer(), "Idempotency-Key": key}
    return client.post("/v1/predict", json={"inputs": "a"}, headers=headers)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_at_work_is_answered_and_the_exit_code_is_0(tmp_path, number):
    port = free_port()
    with process(port, tmp_path / "rows", delay_seconds=0.6) as running:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            replies: list[httpx.Response] = []
            asking = threading.Thread(target=lambda: replies.append(ask(client, "k")))
            asking.start()
            time.sleep(0.2)
            running.send_signal(number)
            time.sleep(0.25)
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"http://127.0.0.1:{port}/health/ready", trust_env=False)
            asking.join()
        assert running.wait(5) == 0
    assert replies[0].status_code == 200
    assert replies[0].headers["connection"] == "close"
    assert (tmp_path / "rows").read_text() == "k\n"


def test_what_takes_longer_than_the_drain_limit_is_told_so_and_not_charged(tmp_path):
    port = free_port()
    with process(port, tmp_path / "rows", drain_seconds=1, delay_seconds=20) as running:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            replies: list[httpx.Response] = []
            asking = threading.Thread(target=lambda: replies.append(ask(client, "k")))
            asking.start()
            time.sleep(0.2)
            running.terminate()
            asking.join()
        assert running.wait(5) == 0
    assert replies[0].status_code == 503
    assert replies[0].json()["error"]["code"] == "stopping"
    assert not (tmp_path / "rows").exists()


def test_a_second_signal_ends_it_at_once(tmp_path):
    port = free_port()
    with (
        process(port, tmp_path / "rows", drain_seconds=30, delay_seconds=20) as running,
        socket.create_connection(("127.0.0.1", port)) as connection,
    ):
        body = b'{"inputs": "a"}'
        connection.sendall(
            b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer uc_acme_predict\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        time.sleep(0.2)
        running.terminate()
        time.sleep(0.3)
        running.terminate()
        assert running.wait(5) == 0


def test_restarts_behind_a_retrying_client_lose_nothing(tmp_path):
    restarts(tmp_path, 3)


@pytest.mark.slow
def test_a_hundred_restarts_behind_a_retrying_client_lose_nothing(tmp_path):
    restarts(tmp_path, 100)


def restarts(folder: Path, times: int) -> None:
    """Successors bind the port before their predecessors let go of it, under load."""
    port, rows = free_port(), folder / "rows"
    stop = threading.Event()
    asked: list[list[str]] = [[], []]
    failures: list[str] = []
    retries = 0

    def load(mine: list[str], name: str) -> None:
        nonlocal retries
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            while not stop.is_set():
                key = f"{name}-{len(mine)}"
                for _ in range(4):
                    try:
                        reply = ask(client, key)
                    except httpx.TransportError:
                        retries += 1
                        continue
                    if reply.status_code == 503:
                        retries += 1
                        continue
                    break
                else:
                    failures.append(key)
                    continue
                if reply.status_code != 200:
                    failures.append(f"{key}: {reply.status_code}")
                mine.append(key)

    with ExitStack() as processes:
        current = processes.enter_context(process(port, rows, delay_seconds=0.002))
        threads = [
            threading.Thread(target=load, args=(mine, f"client{number}"))
            for number, mine in enumerate(asked)
        ]
        for thread in threads:
            thread.start()
        for _ in range(times):
            successor = processes.enter_context(process(port, rows, delay_seconds=0.002))
            current.terminate()
            assert current.wait(15) == 0
            current = successor
        stop.set()
        for thread in threads:
            thread.join()
        current.terminate()
        assert current.wait(15) == 0
    acknowledged = [key for mine in asked for key in mine]
    recorded = rows.read_text().split()
    assert failures == []
    assert len(acknowledged) > 10 * times
    assert set(acknowledged) <= set(recorded)
    # a connection that was idle when its server stopped is the one thing left to try again
    assert retries <= 2 * len(asked) * times, retries
