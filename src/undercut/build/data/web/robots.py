"""What a site's robots.txt lets a crawler do.

Source: RFC 9309 (2.3.1: redirects, unavailable, unreachable; 2.5: at least 500 KiB parsed);
crawl-delay is older custom, kept because sites mean it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from protego import Protego

PARSED_BYTES = 500 * 1024


@dataclass(frozen=True, slots=True)
class RobotsAnswer:
    """What asking for robots.txt gave.

    status: of the last hop; None where no answer came, then `problem` says why. body: at most
    `PARSED_BYTES` are used.
    """

    status: int | None
    body: bytes = b""
    problem: str = ""


class RobotsRules:
    """One site's rules for one crawler.

    agent: product token, such as "undercut". Of a robots.txt that cannot be reached, nothing is
    allowed; of one that does not exist (4xx), everything.
    """

    def __init__(self, answer: RobotsAnswer, *, agent: str) -> None:
        self._agent = agent
        self._parsed: Protego | None = None
        self._reason: str | None = None
        status = answer.status
        # 429 is a site that asks for rest: reading it as "no rules" would be the rudest answer
        if status is None or status >= 500 or status == 429:
            why = answer.problem or f"status {status}"
            self._reason = f"robots.txt cannot be reached ({why}), which forbids the site"
        elif 200 <= status < 300:
            self._parsed = _parse(answer.body)

    def refusal_of(self, url: str) -> str | None:
        """Why the URL must not be asked for, None where it may."""
        if self._reason is not None:
            return self._reason
        if self._parsed is None or self._parsed.can_fetch(url, self._agent):
            return None
        return "robots.txt disallows it"

    @property
    def delay_seconds(self) -> float | None:
        """The pause between requests that the site asks for, None where it asks for none."""
        if self._parsed is None:
            return None
        delay = self._parsed.crawl_delay(self._agent)
        rate = self._parsed.request_rate(self._agent)
        spread = rate.seconds / rate.requests if rate is not None and rate.requests else None
        asked = [d for d in (delay, spread) if d is not None and d > 0]
        return max(asked) if asked else None


def _parse(body: bytes) -> Protego:
    from protego import Protego

    cut = body[:PARSED_BYTES]
    if len(body) > PARSED_BYTES:  # not through the middle of a rule
        cut = cut[: cut.rfind(b"\n") + 1]
    return Protego.parse(cut.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace"))
