"""How a plan is served from this machine."""

from __future__ import annotations

import ipaddress

from pydantic import BaseModel, ConfigDict, Field

from undercut.core.errors import ConfigError
from undercut.operate.serving.http.limits import HttpLimits

HOST = "127.0.0.1"
PORT = 8700


class ServeConfig(BaseModel):
    """One server process and its workers.

    plan: folder, such as out/plan.
    workers: child processes that answer; 0 answers in threads; None chooses by cores and plan.
    books: URL of the books, None as `runs.books.books_url` finds them.
    keys: callers need keys. expose: without keys, and yet to others than this machine.
    follow: orders of `undercut deploy` are followed, those given before the start too.
    log_requests: a line for each request. tracing: OpenTelemetry spans.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: str
    host: str = HOST
    port: int = Field(default=PORT, ge=0, le=65535)
    workers: int | None = Field(default=None, ge=0)
    books: str | None = None
    keys: bool = True
    expose: bool = False
    follow: bool = True
    log_requests: bool = True
    tracing: bool = False
    limits: HttpLimits = HttpLimits()


def check_exposure(config: ServeConfig) -> None:
    """ConfigError for a server that would answer strangers without being told to."""
    if config.keys or config.expose or is_loopback(config.host):
        return
    raise ConfigError(
        f"--no-keys on {config.host} would answer everybody who can reach this machine",
        hint="leave out --no-keys, bind to 127.0.0.1, or say --expose if that is meant",
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
