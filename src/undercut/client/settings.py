"""What a client may be told, checked when it is made."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from undercut.core.errors import ConfigError

KEY_VARIABLE: Final = "UNDERCUT_KEY"
URL_VARIABLE: Final = "UNDERCUT_URL"
DEFAULT_URL: Final = "http://127.0.0.1:8700"


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """How a client asks.

    timeout_seconds: one attempt, from sending to the last byte; the server is told a little less,
    so that it spends nothing on an answer nobody waits for. deadline_seconds: one request with
    all its attempts. attempts: at most, the first among them. first_wait_seconds,
    longest_wait_seconds: bounds of the doubling waits between attempts. request_inputs,
    request_bytes: most texts, and bytes of their JSON, in one request; longer batches are split.
    concurrency: requests of one batch under way at once. idempotency: send a key with each
    request, so that one that was answered and lost can be asked again at no charge.
    Raises ConfigError for a value out of range.
    """

    timeout_seconds: float = 30.0
    deadline_seconds: float = 60.0
    attempts: int = 8
    first_wait_seconds: float = 0.2
    longest_wait_seconds: float = 8.0
    request_inputs: int = 256
    request_bytes: int = 512 * 1024
    concurrency: int = 4
    idempotency: bool = True

    def __post_init__(self) -> None:
        for name in (
            "timeout_seconds",
            "deadline_seconds",
            "first_wait_seconds",
            "longest_wait_seconds",
        ):
            value = getattr(self, name)
            if not 0 < value < float("inf"):
                raise ConfigError(f"{name} must be above 0 and finite, got {value!r}")
        for name in ("attempts", "request_inputs", "request_bytes", "concurrency"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(f"{name} must be a whole number above 0, got {value!r}")


@dataclass(frozen=True, slots=True)
class Server:
    """Where to ask, and with which key; the key shows in no representation."""

    url: str
    key: str | None = field(repr=False)


def server(url: str | None, key: str | None) -> Server:
    """The server as given, else from UNDERCUT_URL and UNDERCUT_KEY, else the local one, no key.

    Raises ConfigError for an address that is not http(s)://host[:port][/path], or a key that
    cannot stand in a header; the message never holds the key.
    """
    return Server(
        _checked_url(url or os.environ.get(URL_VARIABLE) or DEFAULT_URL),
        _checked_key(key or os.environ.get(KEY_VARIABLE) or None),
    )


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            f"the server's address holds a user name or password: {parts.scheme}://...",
            hint=f"Client(url, key=...) or the variable {KEY_VARIABLE}",
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(f"not a server's address: {url!r}", hint=f"for example {DEFAULT_URL}")
    return url.rstrip("/")


def _checked_key(key: str | None) -> str | None:
    if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
        raise ConfigError(
            "the key holds a space, a line break or another character that no key has",
            hint="the whole key as `undercut keys create` showed it, and nothing else",
        )
    return key
