"""The crawl itself: site by site in turn, one request at a time for each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from undercut.build.data.web.html_text import charset_of
from undercut.build.data.web.page import Page
from undercut.build.data.web.urls import host_of, origin_of
from undercut.runs.sources.crawl.config import CrawlConfig
from undercut.runs.sources.crawl.fetch import Answer, Fetcher, FetchError
from undercut.runs.sources.crawl.frontier import Entry, Frontier, State
from undercut.runs.sources.crawl.page_files import KeptPage, PageFiles
from undercut.runs.sources.crawl.readers import Readers
from undercut.runs.sources.crawl.robots_book import RobotsBook
from undercut.runs.sources.crawl.schedule import Schedule
from undercut.runs.sources.page_reader import PageError

_RETRY_STATUS = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(slots=True)
class Tally:
    """Counts of one run. pending: pages asked for and not settled yet."""

    kept: int = 0
    requests: int = 0
    bytes: int = 0
    pending: int = 0
    kept_of: dict[str, int] = field(default_factory=dict)
    robots_attempts: dict[str, int] = field(default_factory=dict)


class Crawler:
    """Works a frontier off. told: called after each settled URL."""

    def __init__(
        self,
        config: CrawlConfig,
        *,
        frontier: Frontier,
        files: PageFiles,
        fetcher: Fetcher,
        readers: Readers,
        told: Callable[[Tally], None],
    ) -> None:
        self._config = config
        self._frontier = frontier
        self._files = files
        self._fetcher = fetcher
        self._readers = readers
        self._told = told
        self._robots = RobotsBook(frontier, fetcher, time.time)
        self._schedule = Schedule()
        self._scope = frontier.scope()
        self._known = frontier.size()
        self._change = asyncio.Condition()
        self.tally = Tally(kept=frontier.counts()[State.KEPT])

    async def run(self) -> None:
        """Crawl until the limit is reached or nothing is left; cancelling it is safe."""
        for origin in self._frontier.waiting_origins():
            self._schedule.offer(origin, at=0.0)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._config.at_once):
                    group.create_task(self._work())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None  # one failure ends all; it is the one to tell

    async def _work(self) -> None:
        while (origin := await self._turn()) is not None:
            pause: float | None = 0.0
            try:
                pause = await self._visit(origin)
            finally:
                self.tally.pending -= 1
                again = None if pause is None else time.monotonic() + pause
                self._schedule.give_back(origin, at=again)
            self._told(self.tally)
            async with self._change:
                self._change.notify_all()

    async def _turn(self) -> str | None:
        """A site to ask something of, once its pause is over; None when the crawl is over."""
        async with self._change:
            while True:
                wait: float | None = None
                if self.tally.kept >= self._config.limit:
                    return None
                if self.tally.kept + self.tally.pending < self._config.limit:
                    now = time.monotonic()
                    origin = self._schedule.take(now)
                    if origin is not None:
                        self.tally.pending += 1
                        return origin
                    ready_at = self._schedule.ready_at()
                    if ready_at is None and self.tally.pending == 0:
                        return None
                    wait = None if ready_at is None else max(0.001, ready_at - now)
                try:
                    async with asyncio.timeout(wait):
                        await self._change.wait()
                except TimeoutError:
                    continue

    async def _visit(self, origin: str) -> float | None:
        """One request of a site; the seconds to pause after it, None where nothing is left."""
        entry = self._frontier.next_of(origin)
        if entry is None:
            return None
        rest = self._frontier.rests_until(origin) - time.time()
        if rest > 0:
            return rest if rest <= self._config.longest_rest_seconds else None
        most = self._config.host_pages
        if most is not None and self._kept_of(origin) >= most:
            self._frontier.refuse_rest(origin, f"{most} pages of this site are kept already")
            return None
        rules = self._robots.known(origin)
        if rules is None:
            return await self._ask_robots(origin)
        pause = max(self._config.delay_seconds, rules.delay_seconds or 0.0)
        if pause > max(self._config.longest_delay_seconds, self._config.delay_seconds):
            asked = f"robots.txt asks for {pause:g} seconds between requests"
            self._frontier.refuse_rest(origin, f"{asked}, which is too slow")
            return None
        refusal = rules.refusal_of(entry.url)
        if refusal is not None:
            self._frontier.finish(entry, State.REFUSED, refusal)
            return 0.0  # nothing was asked for, so nothing to rest from
        return await self._ask_page(entry, pause)

    async def _ask_robots(self, origin: str) -> float:
        self.tally.requests += 1
        try:
            await self._robots.ask(origin)
        except FetchError as error:
            attempts = self.tally.robots_attempts.get(origin, 0) + 1
            self.tally.robots_attempts[origin] = attempts
            self._note_rest(origin, error)
            if attempts < self._config.attempts:
                return self._backoff(attempts)
            self._robots.give_up(origin, error.reason)
        return self._config.delay_seconds

    async def _ask_page(self, entry: Entry, pause: float) -> float:
        self.tally.requests += 1
        try:
            answer = await self._fetcher.get(entry.url)
            self._check_status(answer)
            if answer.location is not None:
                self._follow(entry, answer.location)
            else:
                await self._keep(entry, answer)
        except FetchError as error:
            self._note_rest(origin_of(entry.url), error)
            if error.passing and entry.attempts + 1 < self._config.attempts:
                self._frontier.try_again(entry)
                return max(pause, self._backoff(entry.attempts + 1))
            self._frontier.finish(entry, State.FAILED, error.reason)
        return pause

    def _note_rest(self, origin: str, error: FetchError) -> None:
        """Note the rest that a site asks for, if it does; `_visit` keeps it."""
        if error.rest_seconds:
            seconds = min(error.rest_seconds, self._config.longest_note_seconds)
            self._frontier.note_rest(origin, until=time.time() + seconds)

    def _check_status(self, answer: Answer) -> None:
        if answer.location is None and not 200 <= answer.status < 300:
            raise FetchError(
                f"status {answer.status}",
                passing=answer.status in _RETRY_STATUS,
                rest_seconds=answer.rest_seconds(now=datetime.now(UTC)),
            )

    def _follow(self, entry: Entry, target: str) -> None:
        """Note where a redirect leads; it is asked for in its own turn, by its own site's rules."""
        if self._frontier.in_chain(entry, target):
            raise FetchError("redirects in a circle")
        if entry.hops >= self._config.fetch.redirects:
            raise FetchError(f"redirects more than {self._config.fetch.redirects} times")
        if entry.depth == 0 and host_of(target) not in self._scope:
            self._frontier.widen(target)  # a seed moved to another host, such as www
            self._scope.add(host_of(target))
        if not self._in_scope(target):
            raise FetchError(f"redirects to another host: {host_of(target)}")
        known = self._frontier.knows(target)
        note = "redirects to a page known already" if known else f"redirects to {target}"
        self._frontier.finish(entry, State.REDIRECTED, note, redirect=target)
        self._noticed([target])

    async def _keep(self, entry: Entry, answer: Answer) -> None:
        page = await self._read(entry, answer)
        if not page.index:
            self._frontier.finish(entry, State.FAILED, "the page asks not to be kept (noindex)")
            return
        links = self._links(entry, page)
        kept = KeptPage(url=entry.url, answer=answer, page=page, fetched=datetime.now(UTC))
        lengths = self._files.append(kept)
        self._frontier.finish(entry, State.KEPT, links=links, files=lengths)
        self.tally.kept += 1
        self.tally.bytes += len(answer.body)
        origin = origin_of(entry.url)
        self.tally.kept_of[origin] = self._kept_of(origin) + 1
        self._noticed(links)

    async def _read(self, entry: Entry, answer: Answer) -> Page:
        try:
            return await self._readers.read(
                answer.body,
                url=entry.url,
                charset=charset_of(answer.header("content-type")),
                robots_tag=answer.header("x-robots-tag"),
                plain=answer.content_type == "text/plain",
                ports=self._config.fetch.ports,
            )
        except PageError as error:
            raise FetchError(str(error)) from None

    def _links(self, entry: Entry, page: Page) -> list[str]:
        if self._config.follow == "none" or entry.depth >= self._config.depth:
            return []
        room = max(0, self._config.frontier - self._known)
        wanted = [url for url in page.links if self._in_scope(url)][:room]
        self._known += len(wanted)
        return wanted

    def _in_scope(self, url: str) -> bool:
        return self._config.follow == "any" or host_of(url) in self._scope

    def _noticed(self, urls: list[str]) -> None:
        for origin in {origin_of(url): None for url in urls}:
            self._schedule.offer(origin, at=0.0)

    def _kept_of(self, origin: str) -> int:
        if origin not in self.tally.kept_of:
            self.tally.kept_of[origin] = self._frontier.kept_of(origin)
        return self.tally.kept_of[origin]

    def _backoff(self, attempts: int) -> float:
        longest = self._config.longest_delay_seconds
        return float(min(longest, self._config.retry_seconds * 2 ** (attempts - 1)))
