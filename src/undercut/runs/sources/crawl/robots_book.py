"""robots.txt of each site: asked for once a day, kept over restarts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from undercut.build.data.web.robots import PARSED_BYTES, RobotsAnswer, RobotsRules
from undercut.runs.sources.crawl.config import AGENT
from undercut.runs.sources.crawl.fetch import Fetcher, FetchError
from undercut.runs.sources.crawl.frontier import Frontier

KEPT_SECONDS = 24 * 3600.0
_REDIRECTS = 5  # "at least five consecutive redirects, even across authorities" (RFC 9309 2.3.1.2)


class RobotsBook:
    """The rules of the sites of one crawl. clock: seconds since the epoch."""

    def __init__(self, frontier: Frontier, fetcher: Fetcher, clock: Callable[[], float]) -> None:
        self._frontier = frontier
        self._fetcher = fetcher
        self._clock = clock
        self._rules: dict[str, tuple[float, RobotsRules]] = {}

    def known(self, origin: str) -> RobotsRules | None:
        """The rules of a site as asked for within a day, None where they must be asked for."""
        oldest = self._clock() - KEPT_SECONDS
        asked_at, rules = self._rules.get(origin, (0.0, None))
        if rules is not None and asked_at >= oldest:
            return rules
        answer = self._frontier.robots_of(origin, since=oldest)
        return None if answer is None else self._noted(origin, answer)

    async def ask(self, origin: str) -> RobotsRules:
        """Fetch a site's robots.txt; what cannot be reached forbids the site.

        Raises FetchError with `passing` where trying again may help.
        """
        try:
            answer = await self._fetch(origin + "/robots.txt")
        except FetchError as error:
            if error.passing:
                raise
            return self.give_up(origin, error.reason)
        self._frontier.note_robots(origin, answer, asked_at=self._clock())
        return self._noted(origin, answer)

    def give_up(self, origin: str, problem: str) -> RobotsRules:
        """Take a robots.txt as out of reach for the rest of this run; not kept over a restart."""
        return self._noted(origin, RobotsAnswer(status=None, problem=problem))

    async def _fetch(self, url: str) -> RobotsAnswer:
        for _ in range(_REDIRECTS + 1):
            got = await self._fetcher.get(url, types=None, most=PARSED_BYTES, cut=True)
            if got.location is None:
                if got.status >= 500 or got.status == 429:
                    rest = got.rest_seconds(now=datetime.fromtimestamp(self._clock(), UTC))
                    raise FetchError(f"status {got.status}", passing=True, rest_seconds=rest)
                return RobotsAnswer(status=got.status, body=got.body)
            url = got.location
        # more hops than a crawler need follow count as "unavailable", which allows (same section)
        return RobotsAnswer(status=404)

    def _noted(self, origin: str, answer: RobotsAnswer) -> RobotsRules:
        rules = RobotsRules(answer, agent=AGENT)
        self._rules[origin] = (self._clock(), rules)
        return rules
