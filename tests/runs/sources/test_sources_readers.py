"""Reading processes are lent to one page at a time, whoever gives up waiting."""

from __future__ import annotations

import asyncio
import threading

import pytest

from undercut.build.data.web.page import Page
from undercut.runs.sources.crawl.readers import Readers
from undercut.runs.sources.page_reader import PageReader


def test_a_reader_is_free_only_when_its_page_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    may_end, busy, most = threading.Event(), [0], [0]

    def slow(self: PageReader, body: bytes, **_: object) -> Page:
        busy[0] += 1
        most[0] = max(most[0], busy[0])
        may_end.wait(10)
        busy[0] -= 1
        return Page(text=body.decode())

    monkeypatch.setattr(PageReader, "read", slow)

    async def ask(readers: Readers, body: bytes) -> Page:
        return await readers.read(
            body, url="http://a.com/", charset=None, robots_tag=None, plain=True, ports=None
        )

    async def run() -> str:
        async with Readers(processes=2, seconds=10) as readers:
            first = asyncio.create_task(ask(readers, b"first"))
            other = asyncio.create_task(ask(readers, b"other"))
            await asyncio.sleep(0.1)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            assert readers._free.empty(), "the reader of a cancelled page is still at work"
            second = asyncio.create_task(ask(readers, b"second"))
            await asyncio.sleep(0.1)
            may_end.set()
            await other
            return (await second).text

    assert asyncio.run(run()) == "second"
    assert most[0] == 2
