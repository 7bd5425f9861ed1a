"""What both clients do with httpx: settings of a connection, and what its failures mean."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from undercut.client.refusals import Failure
from undercut.client.settings import ClientConfig, Server
from undercut.core.errors import ConfigError, ConnectionFailedError, MissingExtraError

try:
    # Both clients take httpx from here, so that its absence is told in one way.
    import httpx as httpx
except ModuleNotFoundError as error:
    raise MissingExtraError("httpx", "client", "undercut.Client") from error

# Far above any answer to a request of the usual size; a stranger cannot fill the memory.
MOST_REPLY_BYTES: Final = 64 * 1024 * 1024
_CONNECT_SECONDS: Final = 5.0


def headers_of(server: Server) -> dict[str, str]:
    """Sent with every request. The answer stays uncompressed: its size is bounded as it comes."""
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"undercut-client/{_version()}",
    }
    if server.key is not None:
        headers["Authorization"] = f"Bearer {server.key}"
    return headers


def limits_of(config: ClientConfig) -> httpx.Limits:
    """As many connections as requests can be under way, and some for other threads' calls."""
    return httpx.Limits(max_connections=max(100, config.concurrency), max_keepalive_connections=100)


def timeout_of(seconds: float) -> httpx.Timeout:
    """For one attempt; connecting takes milliseconds or does not succeed."""
    return httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds))


def lower(headers: httpx.Headers) -> Mapping[str, str]:
    """Header names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


def broken(error: httpx.RequestError, server: Server) -> Failure:
    """What a failed attempt means: whether to try again, whether it may have been answered."""
    unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    certificate = _certificate_error(error)
    if certificate is not None:
        return Failure(
            ConnectionFailedError(
                f"{server.url} shows a certificate that cannot be trusted: {certificate}",
                hint="SSL_CERT_FILE names a file with your own authority's certificate",
            ),
            again=False,
            unanswered=True,
        )
    if unsent:
        what, hint = "cannot be reached", "is the server running, and is this its address?"
    elif isinstance(error, httpx.TimeoutException):
        what, hint = "did not answer in time", "a longer timeout_seconds or smaller requests"
    else:
        what, hint = "broke the connection before the answer was whole", None
    reason = str(error) or type(error).__name__
    return Failure(
        ConnectionFailedError(f"{server.url} {what}: {reason}", hint=hint),
        again=True,
        unanswered=unsent,
    )


def late(server: Server, seconds: float) -> Failure:
    """An answer that dripped in too slowly."""
    return Failure(
        ConnectionFailedError(
            f"{server.url} did not answer in time: {seconds:.3g} s",
            hint="a longer timeout_seconds or smaller requests",
        ),
        again=True,
    )


def too_long(server: Server) -> Failure:
    """An answer beyond all bounds."""
    return Failure(
        ConnectionFailedError(
            f"{server.url} sent more than {MOST_REPLY_BYTES:,} bytes in one answer",
            hint="smaller requests, or a smaller top_k",
        ),
        again=False,
    )


def closed() -> ConfigError:
    """The error of using a client after its end."""
    return ConfigError("this client is closed", hint="make a new one, or use it inside `with`")


def _version() -> str:
    try:
        return version("undercut")
    except PackageNotFoundError:
        return "source"  # run from a checkout that is not installed


def _certificate_error(error: BaseException) -> str | None:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return str(seen.verify_message or seen)
        seen = seen.__cause__ or seen.__context__
    return None
