"""The bytes of a snapshot that the user named: a file, or a URL asked within bounds."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from undercut.core.errors import ConnectionFailedError, InputError, MissingExtraError
from undercut.runs.selling.market_snapshots import MOST_PACKED_BYTES

if TYPE_CHECKING:
    from undercut.runs.sources.crawl.config import FetchConfig
    from undercut.runs.sources.crawl.network import Resolver


def read_address(
    address: str, *, fetch: FetchConfig | None = None, resolver: Resolver | None = None
) -> bytes:
    """What stands at a path, or at an http(s) URL of the public internet.

    Raises InputError for a file that is not there, another scheme and a URL that must not be
    asked for, ConnectionFailedError where the server gives nothing, MissingExtraError.
    """
    scheme, _, rest = address.partition("://")
    if not rest:
        return _from_file(Path(address))
    if scheme.lower() not in ("http", "https"):
        raise InputError(f"cannot refresh from {scheme}://", hint="a file, or https://...")
    if find_spec("httpcore") is None:
        raise MissingExtraError("httpcore", "data", "refreshing the market from a URL")
    return _from_web(address, fetch, resolver)


def _from_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_PACKED_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror or error}", file=str(path), hint="a file or https://"
        ) from error


def _from_web(address: str, fetch: FetchConfig | None, resolver: Resolver | None) -> bytes:
    from undercut.build.data.web.urls import BadUrlError, normalise_url
    from undercut.runs.sources.addresses import shown
    from undercut.runs.sources.crawl.config import FetchConfig
    from undercut.runs.sources.crawl.fetch import FetchError
    from undercut.runs.sources.crawl.network import resolve

    config = fetch or FetchConfig(page_bytes=MOST_PACKED_BYTES)
    try:
        url = normalise_url(address, rules=config.url_rules)
        return asyncio.run(_asked(url, config, resolver or resolve))
    except BadUrlError as error:
        raise InputError(f"{shown(address)}: {error}", hint="https://...") from None
    except FetchError as error:
        problem = f"{shown(address)}: {error.reason}; the old snapshot is kept"
        if error.passing:
            raise ConnectionFailedError(problem, hint="the same command again, later") from None
        raise InputError(problem, hint="download the file and refresh from it") from None


async def _asked(url: str, config: FetchConfig, resolver: Resolver) -> bytes:
    from undercut.runs.sources.crawl.fetch import Fetcher, FetchError

    async with Fetcher(config, resolver=resolver, at_once=1) as fetcher:
        secure = url.startswith("https://")
        for _ in range(config.redirects + 1):
            answer = await fetcher.get(url, types=None)
            if answer.location is None:
                if not 200 <= answer.status < 300:
                    raise FetchError(f"status {answer.status}", passing=answer.status >= 500)
                return answer.body
            url = answer.location
            if secure and not url.startswith("https://"):
                raise FetchError("redirects from https to http")
    raise FetchError(f"redirects more than {config.redirects} times")
