"""One bounded request, one hop: redirects are for the caller to check and follow."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

import httpcore

from undercut.build.data.web.retry_after import retry_after_seconds
from undercut.build.data.web.urls import BadUrlError, normalise_url
from undercut.runs.sources.crawl.config import FetchConfig
from undercut.runs.sources.crawl.network import (
    CheckedNetwork,
    RefusedAddressError,
    Resolver,
    resolve,
)
from undercut.runs.sources.crawl.unpack import ACCEPTED, UnpackError, read_body

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ASKS_FOR_REST = frozenset({429, 503})
PAGE_TYPES = ("text/html", "application/xhtml+xml", "text/plain")


class FetchError(Exception):
    """A URL that gave nothing to use.

    reason: in words. passing: trying again later may help. rest_seconds: what the site asks to be
    left alone for, None where it asks for nothing.
    """

    def __init__(
        self, reason: str, *, passing: bool = False, rest_seconds: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing
        self.rest_seconds = rest_seconds


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request gave.

    headers: names in lower case, in the order sent. location: where a redirect leads, normalised;
    None for any other answer. body: unpacked; empty for a redirect and for a status of failure.
    """

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    location: str | None = None

    def header(self, name: str) -> str | None:
        """The first header of this name, None where there is none."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def content_type(self) -> str:
        """Type and subtype in lower case; "" where the server names none."""
        return (self.header("content-type") or "").split(";")[0].strip().lower()

    def rest_seconds(self, *, now: datetime) -> float | None:
        """What an answer of 429 or 503 asks to be left alone for, None where it does not.

        Source: RFC 9110, 15.6.4; RFC 6585, 4.
        """
        if self.status not in _ASKS_FOR_REST:
            return None
        return retry_after_seconds(self.header("retry-after"), now=now)


class Fetcher:
    """Asks for URLs over one pool of connections; use as an async context manager."""

    def __init__(
        self, config: FetchConfig, *, resolver: Resolver = resolve, at_once: int = 16
    ) -> None:
        self._config = config
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=at_once,
            max_keepalive_connections=at_once,
            keepalive_expiry=10.0,
            network_backend=CheckedNetwork(allowed=config.networks, resolver=resolver),
        )

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._pool.__aexit__(kind, error, traceback)

    async def get(
        self,
        url: str,
        *,
        types: Sequence[str] | None = PAGE_TYPES,
        most: int | None = None,
        cut: bool = False,
    ) -> Answer:
        """Ask once for a normalised URL.

        types: content types whose body is read, None for any. most: bytes of the body, the
        config's by default; cut: keep the start of a longer one.
        Raises FetchError for a refused address, a failed connection, a body beyond its bounds, of
        another type or damaged, a redirect to nowhere, and time running out.
        """
        try:
            async with asyncio.timeout(self._config.seconds):
                return await self._get(url, types, most or self._config.page_bytes, cut)
        except TimeoutError:
            limit = f"{self._config.seconds:g} seconds"
            raise FetchError(f"not finished within {limit}", passing=True) from None
        except RefusedAddressError as error:
            raise FetchError(f"refused: {error}") from None
        except UnpackError as error:
            raise FetchError(str(error)) from None
        except httpcore.TimeoutException as error:
            quiet = f"no bytes for {self._config.quiet_seconds:g} seconds"
            raise FetchError(str(error) or quiet, passing=True) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
            what = str(error) or type(error).__name__
            raise FetchError(f"the connection failed: {what[:200]}", passing=True) from None

    async def _get(self, url: str, types: Sequence[str] | None, most: int, cut: bool) -> Answer:
        headers = [
            ("User-Agent", self._config.user_agent),
            ("Accept", ", ".join(types) if types else "*/*"),
            ("Accept-Encoding", ACCEPTED),
        ]
        quiet = self._config.quiet_seconds
        waits = {"connect": quiet, "read": quiet, "write": quiet, "pool": self._config.seconds}
        async with self._pool.stream(
            "GET", url, headers=headers, extensions={"timeout": waits}
        ) as response:
            sent = tuple(
                (key.decode("latin-1").lower(), value.decode("latin-1"))
                for key, value in response.headers
            )
            answer = Answer(url=url, status=response.status, headers=sent, body=b"")
            if answer.status in _REDIRECTS:
                return Answer(url, answer.status, sent, b"", _location(answer, self._config))
            if not 200 <= answer.status < 300:
                return answer
            _check_type(answer, types)
            encodings = [value for key, value in sent if key == "content-encoding"]
            body = await read_body(response.aiter_stream(), encodings=encodings, most=most, cut=cut)
            return Answer(url, answer.status, sent, body)


def _location(answer: Answer, config: FetchConfig) -> str:
    target = answer.header("location")
    if not target:
        raise FetchError(f"status {answer.status} without saying where to")
    try:
        # a header is bytes: what is not ASCII is UTF-8 in practice, as browsers read it
        target = target.encode("latin-1").decode("utf-8", errors="replace")
        return normalise_url(target, base=answer.url, rules=config.url_rules)
    except BadUrlError as error:
        raise FetchError(f"redirects to {target[:100]!r}: {error}") from None


def _check_type(answer: Answer, types: Sequence[str] | None) -> None:
    kind = answer.content_type
    if types is not None and kind and kind not in types:
        raise FetchError(f"content type {kind[:60]!r}, expected one of {', '.join(types)}")
