"""A feed or a page by its address on the web, fetched within the crawler's bounds."""

from __future__ import annotations

import asyncio

from undercut.build.data.web.feeds import looks_like_feed
from undercut.build.data.web.html_text import charset_of
from undercut.build.data.web.urls import BadUrlError, normalise_url
from undercut.core.errors import InputError
from undercut.runs.sources.batching import RecordReader
from undercut.runs.sources.config import SourceConfig
from undercut.runs.sources.crawl.config import FetchConfig
from undercut.runs.sources.crawl.fetch import PAGE_TYPES, Answer, Fetcher, FetchError
from undercut.runs.sources.crawl.network import Resolver, resolve
from undercut.runs.sources.texts import FeedReader, FetchedPageReader

_FEED_TYPES = (
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/xml",
    "text/xml",
)


def open_web(
    address: str, *, source: str, config: SourceConfig, resolver: Resolver = resolve
) -> RecordReader:
    """Fetch a feed or a page that the user named: one request, which robots.txt is not asked for.

    Raises InputError where the address gives nothing.
    """
    try:
        url = normalise_url(address, rules=config.fetch.url_rules)
        answer = asyncio.run(_got(url, config.fetch, resolver))
    except (BadUrlError, FetchError) as error:
        raise InputError(f"cannot be fetched: {error}", file=source) from None
    if answer.content_type in _FEED_TYPES or looks_like_feed(answer.body):
        return FeedReader(body=answer.body, source=source, inside="", config=config)
    return FetchedPageReader(
        body=answer.body,
        url=answer.url,
        charset=charset_of(answer.header("content-type")),
        plain=answer.content_type == "text/plain",
        source=source,
        config=config,
    )


async def _got(url: str, config: FetchConfig, resolver: Resolver) -> Answer:
    async with Fetcher(config, resolver=resolver, at_once=1) as fetcher:
        for _ in range(config.redirects + 1):
            answer = await fetcher.get(url, types=(*PAGE_TYPES, *_FEED_TYPES))
            if answer.location is None:
                if not 200 <= answer.status < 300:
                    raise FetchError(f"status {answer.status}")
                return answer
            url = answer.location
    raise FetchError(f"redirects more than {config.redirects} times")
