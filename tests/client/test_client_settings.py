"""Addresses, keys, settings; and the key shows nowhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import pytest
from misbehaving_server import MisbehavingServer, drops_after, refuses, sends_garbage

import undercut
from undercut.client import AsyncClient, Client, ClientConfig
from undercut.core.errors import ConfigError, ConnectionFailedError, UndercutError

SECRET = "uc_1234567890abcdef_geheim"


def _python(code: str) -> str:
    """What a fresh interpreter prints that imports this very package."""
    environment = {**os.environ, "PYTHONPATH": str(Path(undercut.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout


def test_key_and_address_come_from_the_environment(
    server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERCUT_URL", server.url + "/")
    monkeypatch.setenv("UNDERCUT_KEY", SECRET)
    with Client() as client:
        client.predict("ab")
    with Client(key="uc_other") as client:
        client.predict("ab")
    sent = [request.headers["authorization"] for request in server.seen]
    assert sent == [f"Bearer {SECRET}", "Bearer uc_other"]
    assert server.seen[0].path == "/v1/predict"


def test_no_key_sends_no_header(server: MisbehavingServer, asker: Any) -> None:
    asker(server.url).predict("ab")
    assert "authorization" not in server.seen[0].headers


@pytest.mark.parametrize("behaviour", [refuses(401), refuses(500), drops_after, sends_garbage])
def test_the_key_is_in_no_log_error_or_representation(
    server: MisbehavingServer, asker: Any, behaviour: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.will(behaviour)
    asking = asker(server.url, attempts=1, key=SECRET)
    with pytest.raises(UndercutError) as raised:
        asking.predict("ab")
    shown = "".join(traceback.format_exception(raised.value)) + repr(vars(raised.value))
    logged = caplog.text + repr([record.__dict__ for record in caplog.records])
    assert SECRET in repr(server.seen)  # it was sent
    for text in (shown, logged, repr(Client(key=SECRET)), repr(AsyncClient(key=SECRET))):
        assert SECRET not in text
        assert "geheim" not in text


@pytest.mark.parametrize("key", ["uc_a b", "uc_a\n", "uc_ä", "uc_\x00"])
def test_a_key_that_is_none_is_told_without_showing_it(key: str) -> None:
    with pytest.raises(ConfigError, match="no key has") as raised:
        Client(key=key)
    assert key not in str(raised.value)
    assert "uc_" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["localhost:8700", "ftp://host", "http://", "http://host?x=1", "unix:/tmp/socket"]
)
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(ConfigError, match="not a server's address"):
        Client(url)


def test_an_address_with_a_password_is_told_without_showing_it() -> None:
    with pytest.raises(ConfigError, match="password") as raised:
        Client("http://me:geheim@host")
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout_seconds": 0},
        {"deadline_seconds": float("inf")},
        {"first_wait_seconds": -1},
        {"attempts": 0},
        {"request_inputs": 1.5},
        {"request_bytes": True},
        {"concurrency": 0},
    ],
)
def test_settings_out_of_range_are_told(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        ClientConfig(**wrong)


def test_a_closed_client_says_so(server: MisbehavingServer) -> None:
    client = Client(server.url)
    client.close()
    with pytest.raises(ConfigError, match="closed"):
        client.predict("ab")
    later = AsyncClient(server.url)

    async def use() -> None:
        await later.aclose()
        await later.predict("ab")

    with pytest.raises(ConfigError, match="closed"):
        asyncio.run(use())


def test_a_certificate_that_nobody_vouches_for_is_not_asked_twice(tmp_path: Path) -> None:
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made += ["-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "1", "-subj", "/CN=x"]
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    subprocess.run(made, cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        met: list[object] = []

        def serve() -> None:
            while True:
                try:
                    connection, peer = listener.accept()
                except OSError:
                    return
                met.append(peer)
                with contextlib.suppress(OSError):
                    context.wrap_socket(connection, server_side=True)

        threading.Thread(target=serve, daemon=True).start()
        with (
            Client(f"https://127.0.0.1:{listener.getsockname()[1]}") as client,
            pytest.raises(ConnectionFailedError, match="certificate that cannot be trusted"),
        ):
            client.predict("ab")
        assert len(met) == 1
        listener.shutdown(socket.SHUT_RDWR)


def test_the_names_stand_in_the_package_and_cost_nothing_before_use() -> None:
    assert undercut.Client is Client
    assert undercut.AsyncClient is AsyncClient
    code = "import sys, undercut; print('httpx' in sys.modules, 'numpy' in sys.modules)"
    found = _python(code)
    assert found.split() == ["False", "False"]


def test_asking_needs_no_model_code() -> None:
    code = (
        "import sys, undercut; undercut.Client; "
        "print([n for n in ('numpy', 'onnxruntime', 'tokenizers', 'torch') if n in sys.modules])"
    )
    found = _python(code)
    assert found.strip() == "[]"


def test_without_httpx_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['httpx'] = None\n"
        "import undercut\n"
        "try:\n    undercut.Client\n"
        "except Exception as error:\n    print(type(error).__name__, error)"
    )
    found = _python(code)
    assert found.startswith("MissingExtraError undercut.Client needs the package 'httpx'")
    assert "undercut[client]" in found
