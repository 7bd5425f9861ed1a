"""What a crawl may do."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

import undercut
from undercut.build.data.web.addresses import Network, parse_networks
from undercut.build.data.web.urls import UrlRules

AGENT = "undercut"


class FetchConfig(BaseModel):
    """Bounds of one request.

    user_agent: its product token is `AGENT`, which robots.txt files can name.
    page_bytes: most bytes of a body, as sent and as unpacked. seconds: from asking to the last
    byte. quiet_seconds: longest wait for the next bytes. redirects: hops from the URL first asked.
    ports: None lets any through. allow_networks: private networks to open on purpose (CIDR).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_agent: str = Field(
        default=f"Mozilla/5.0 (compatible; {AGENT}/{undercut.__version__}; data collection)",
        min_length=1,
        pattern=r"^[\x20-\x7e]+$",
    )
    page_bytes: int = Field(default=8 * 2**20, ge=1)
    seconds: float = Field(default=60.0, gt=0)
    quiet_seconds: float = Field(default=15.0, gt=0)
    redirects: int = Field(default=5, ge=0)
    ports: frozenset[int] | None = frozenset({80, 443})
    allow_networks: tuple[str, ...] = ()

    @property
    def networks(self) -> tuple[Network, ...]:
        """Raises ConfigError for text that is no network."""
        return parse_networks(self.allow_networks)

    @property
    def url_rules(self) -> UrlRules:
        return UrlRules(ports=self.ports)


class CrawlConfig(BaseModel):
    """Bounds of a whole crawl.

    limit: pages kept in the folder, over all its runs. depth: links from a seed. follow: which
    links: none, those to the seeds' own hosts, or any. host_pages: pages kept of one host.
    delay_seconds: pause after each answer of a host, at least; a longer Crawl-delay counts up to
    `longest_delay_seconds`, and a site that asks for more is left alone. at_once: hosts asked at
    the same time, one request each. frontier: most URLs remembered. attempts: tries of a page
    that fails in passing (no connection, 5xx, 429); retry_seconds: the site's rest after the
    first, twice as long after each more, and at least what its Retry-After asks; one that asks for
    more than `longest_rest_seconds` is left alone until then, by later runs of the folder too, and
    for `longest_note_seconds` at most. extract_seconds: longest for one main text. warc: keep
    the pages as they came, too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int = Field(default=1_000, ge=1)
    depth: int = Field(default=3, ge=0)
    follow: Literal["none", "host", "any"] = "host"
    host_pages: int | None = Field(default=None, ge=1)
    delay_seconds: float = Field(default=1.0, ge=0)
    longest_delay_seconds: float = Field(default=60.0, gt=0)
    at_once: int = Field(default=16, ge=1, le=256)
    frontier: int = Field(default=1_000_000, ge=1)
    attempts: int = Field(default=3, ge=1, le=10)
    retry_seconds: float = Field(default=5.0, ge=0)
    longest_rest_seconds: float = Field(default=300.0, ge=0)
    longest_note_seconds: float = Field(default=7 * 24 * 3600.0, ge=0)
    extract_seconds: float = Field(default=20.0, gt=0)
    readers: int | None = Field(default=None, ge=1, le=64)
    warc: bool = True
    fetch: FetchConfig = FetchConfig()
