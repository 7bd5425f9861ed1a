"""A crawl from seeds to a folder, started or gone on with."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from undercut.build.data.web.urls import BadUrlError, normalise_url
from undercut.core.errors import InputError, MissingExtraError
from undercut.core.files import write_atomic
from undercut.core.locks import RunLock
from undercut.runs.progress import Progress, Silence
from undercut.runs.sources.crawl.config import CrawlConfig
from undercut.runs.sources.crawl.crawler import Crawler, Tally
from undercut.runs.sources.crawl.fetch import Fetcher
from undercut.runs.sources.crawl.frontier import Frontier, State
from undercut.runs.sources.crawl.network import Resolver, resolve
from undercut.runs.sources.crawl.page_files import TEXTS_FILE, WARC_FILE, PageFiles
from undercut.runs.sources.crawl.readers import Readers
from undercut.runs.sources.crawl.summary import CrawlSummary, counted

PROBLEMS_FILE = "problems.jsonl"
_SEED_CHARACTERS = 10_000
_STAGE = "crawl"


def read_seeds(path: str | Path) -> list[str]:
    """The URLs of a seeds file, one a line; blank lines and those that begin with # say nothing.

    Raises InputError where the file cannot be read or holds no line with a seed.
    """
    path = Path(path)
    seeds = []
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if len(line) > _SEED_CHARACTERS:
                    raise InputError("the line is too long", file=str(path), line=number)
                if line.strip() and not line.lstrip().startswith("#"):
                    seeds.append(line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", file=str(path)) from error
    if not seeds:
        raise InputError("holds no URL", file=str(path), hint="write one URL a line")
    return seeds


def crawl(
    seeds: Sequence[str],
    folder: str | Path,
    config: CrawlConfig | None = None,
    *,
    progress: Progress | None = None,
    resolver: Resolver = resolve,
) -> CrawlSummary:
    """Crawl from the seeds into a folder; a folder with a crawl in it is gone on with.

    Each URL is asked for in its turn until it is settled, so no page is kept twice and none is
    lost, however the process ended before. What a URL has against it is in `problems.jsonl`.
    Raises ConfigError where another crawl writes there, ArtefactError where the folder cannot be
    written, InputError where no seed is a URL that may be asked for, MissingExtraError without
    trafilatura. KeyboardInterrupt leaves the folder whole.
    """
    config = config or CrawlConfig()
    _check_extra()
    folder = Path(folder)
    with RunLock(folder):
        frontier = Frontier(folder)
        try:
            _sow(seeds, frontier, config)
            started = time.monotonic()
            told = progress or Silence()
            told.start(_STAGE, f"crawl from {len(seeds)} seed{'s' * (len(seeds) != 1)}")
            tally = asyncio.run(_crawl(folder, frontier, config, told, resolver))
            seconds = time.monotonic() - started
            told.finish(_STAGE, reused=False, seconds=seconds)
            return _sum_up(folder, frontier, tally, config, seconds)
        finally:
            frontier.close()


def _check_extra() -> None:
    # found, not imported: the reading processes import it, and say so where that fails
    if importlib.util.find_spec("trafilatura") is None:
        raise MissingExtraError("trafilatura", "data", "crawling")


def _sow(seeds: Sequence[str], frontier: Frontier, config: CrawlConfig) -> None:
    good, first_problem = 0, ""
    for seed in seeds:
        try:
            full = seed if "://" in seed else f"https://{seed}"
            url = normalise_url(full, rules=config.fetch.url_rules)
        except BadUrlError as error:
            frontier.note_refused(seed, f"the seed is {error}")
            first_problem = first_problem or f"{seed[:100]!r}: {error}"
            continue
        good += 1
        frontier.add([url], depth=0)
        frontier.widen(url)
    if not good:
        raise InputError(
            f"no seed is a URL that may be asked for; the first: {first_problem}",
            hint="e.g. https://example.com/",
        )


async def _crawl(
    folder: Path, frontier: Frontier, config: CrawlConfig, progress: Progress, resolver: Resolver
) -> Tally:
    def told(tally: Tally) -> None:
        progress.update(
            min(1.0, tally.kept / config.limit),
            f"{tally.kept} pages, {tally.requests} requests",
            None,
        )

    lengths = {name: frontier.file_bytes(name) for name in (TEXTS_FILE, WARC_FILE)}
    files = PageFiles(folder, lengths, warc=config.warc)
    processes = config.readers or max(1, min(4, os.cpu_count() or 1))
    try:
        async with (
            Fetcher(config.fetch, resolver=resolver, at_once=config.at_once) as fetcher,
            Readers(processes=processes, seconds=config.extract_seconds) as readers,
        ):
            crawler = Crawler(
                config,
                frontier=frontier,
                files=files,
                fetcher=fetcher,
                readers=readers,
                told=told,
            )
            await crawler.run()
            return crawler.tally
    finally:
        files.close()


def _sum_up(
    folder: Path, frontier: Frontier, tally: Tally, config: CrawlConfig, seconds: float
) -> CrawlSummary:
    counts = frontier.counts()
    reasons: Counter[str] = Counter()
    lines = []
    for url, state, reason in frontier.unanswered():
        reasons[reason] += 1
        lines.append(json.dumps({"url": url, "what": state, "reason": reason}, ensure_ascii=False))
    text = "".join(line + "\n" for line in lines)
    write_atomic(folder / PROBLEMS_FILE, text.encode("utf-8", errors="replace"))
    return CrawlSummary(
        folder=folder,
        kept=counts[State.KEPT],
        redirected=counts[State.REDIRECTED],
        failed=counts[State.FAILED],
        refused=counts[State.REFUSED],
        waiting=counts[State.WAITING],
        reasons=counted(reasons),
        requests=tally.requests,
        bytes=tally.bytes,
        seconds=seconds,
        limit_reached=counts[State.KEPT] >= config.limit,
        resting=tuple(
            (origin, urls, datetime.fromtimestamp(until, UTC))
            for origin, urls, until in frontier.resting(now=time.time())
        ),
    )
