"""Books with a scribe beside them, within an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from undercut.operate.metering.books import OpenBooks
from undercut.operate.metering.scribe_link import ScribeLink

START_SECONDS = 20.0


@asynccontextmanager
async def helped(books: OpenBooks) -> AsyncIterator[asyncio.Task[None]]:
    """The scribe is at work within; afterwards it has ended."""
    watching = asyncio.create_task(books.be_helped())
    await scribe_of(books)
    try:
        yield watching
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def scribe_of(books: OpenBooks, *, other_than: int = 0) -> ScribeLink:
    """The link of the scribe at work, once there is one (with another process id)."""
    until = asyncio.get_running_loop().time() + START_SECONDS
    while True:
        link = books._writer.helpers.get(asyncio.get_running_loop())
        if isinstance(link, ScribeLink) and link.process.pid != other_than:
            return link
        assert asyncio.get_running_loop().time() < until, "no scribe came"
        await asyncio.sleep(0.01)
