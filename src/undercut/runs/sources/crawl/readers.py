"""A few reading processes for many requests at once."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from undercut.build.data.web.page import Page
from undercut.runs.sources.page_reader import PageReader


class Readers:
    """Lends a `PageReader` to each page in turn; use as an async context manager."""

    def __init__(self, *, processes: int, seconds: float) -> None:
        self._all = [PageReader(seconds=seconds) for _ in range(processes)]
        self._free: asyncio.LifoQueue[PageReader] = asyncio.LifoQueue()
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="read-page")

    async def __aenter__(self) -> Self:
        for reader in self._all:
            self._free.put_nowait(reader)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for reader in self._all:
            reader.end()  # a page being read is given up at once
        self._threads.shutdown(wait=True)
        for reader in self._all:
            reader.close()

    async def read(
        self,
        body: bytes,
        *,
        url: str,
        charset: str | None,
        robots_tag: str | None,
        plain: bool,
        ports: frozenset[int] | None,
    ) -> Page:
        """As `PageReader.read`."""
        reader = await self._free.get()
        loop = asyncio.get_running_loop()

        def read() -> Page:
            try:
                return reader.read(
                    body, url=url, charset=charset, robots_tag=robots_tag, plain=plain, ports=ports
                )
            finally:
                # by the thread that had it: whoever waits may be cancelled long before, and a
                # reader that two pages share gives one the other's text
                with contextlib.suppress(RuntimeError):  # the loop is closed, nobody waits
                    loop.call_soon_threadsafe(self._free.put_nowait, reader)

        try:
            work = self._threads.submit(read)
        except RuntimeError:
            self._free.put_nowait(reader)
            raise
        return await asyncio.wrap_future(work)
