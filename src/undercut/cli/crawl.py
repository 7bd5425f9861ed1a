"""`undercut crawl`: pages of the web into a folder, politely."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from undercut.cli.options import AsJson, Quiet

if TYPE_CHECKING:
    from undercut.runs.sources.crawl.summary import CrawlSummary

SHOWN_REASONS = 8


class FollowChoice(StrEnum):
    """Values of --follow; `CrawlConfig.follow` has the same."""

    NONE = "none"
    HOST = "host"
    ANY = "any"


def crawl(
    seeds: Annotated[
        Path,
        typer.Argument(metavar="SEEDS", help="File with one URL a line.", show_default=False),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder for the pages; a crawl that is in it is gone on with.",
            show_default=False,
        ),
    ],
    limit: Annotated[int, typer.Option(min=1, help="Pages to keep in the folder.")] = 1_000,
    depth: Annotated[int, typer.Option(min=0, help="Links to follow from a seed.")] = 3,
    follow: Annotated[
        FollowChoice,
        typer.Option(help="Which links: none, those to the seeds' own hosts, or any."),
    ] = FollowChoice.HOST,
    host_pages: Annotated[
        int | None,
        typer.Option(min=1, help="Most pages to keep of one site.", show_default=False),
    ] = None,
    delay: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="Pause between requests to a site, at least."),
    ] = 1.0,
    warc: Annotated[bool, typer.Option(help="Keep the pages as they came, too.")] = True,
    allow_network: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CIDR",
            help="A private network that may be asked, on any port, such as 10.1.0.0/16.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fetch pages and their main text from seeds, by robots.txt, resumably.

    One request at a time for each site. Ctrl-C keeps what is there; the same
    command goes on. Texts are in pages.jsonl, what failed in problems.jsonl.
    """
    from undercut.cli.stage_display import stage_display
    from undercut.runs.sources.crawl.config import CrawlConfig, FetchConfig
    from undercut.runs.sources.crawl.run import crawl as run_crawl
    from undercut.runs.sources.crawl.run import read_seeds

    fetch = FetchConfig()
    if allow_network:
        fetch = FetchConfig(allow_networks=tuple(allow_network), ports=None)
    config = CrawlConfig(
        limit=limit,
        depth=depth,
        follow=follow.value,
        host_pages=host_pages,
        delay_seconds=delay,
        warc=warc,
        fetch=fetch,
    )
    with stage_display(quiet=quiet) as progress:
        summary = run_crawl(read_seeds(seeds), out, config, progress=progress)
    _render(summary, as_json=as_json)


def _render(summary: CrawlSummary, *, as_json: bool) -> None:
    from undercut.cli.streams import print_json

    if as_json:
        print_json(summary.as_dict())
        return
    sys.stdout.write("".join(line + "\n" for line in summary_lines(summary)))


def summary_lines(summary: CrawlSummary) -> list[str]:
    """What became of a crawl, for people."""
    from undercut.runs.report.formats import count, duration

    lines = [
        f"{count(summary.kept)} pages in {summary.folder}"
        f" ({count(summary.requests)} requests in {duration(summary.seconds)} this time)"
    ]
    if summary.waiting:
        why = "the page limit is reached" if summary.limit_reached else "stopped"
        if summary.resting and not summary.limit_reached:
            why = "their sites ask for a rest; the same command goes on after it"
        lines.append(f"{count(summary.waiting)} URLs still wait ({why})")
    for site, urls, until in summary.resting[:SHOWN_REASONS]:
        lines.append(f"  {count(urls):>6}  {site} asks to be left alone until {until:%F %T} UTC")
    if summary.failed or summary.refused:
        lines.append(
            f"{count(summary.failed)} URLs failed, {count(summary.refused)} were not asked for:"
        )
        lines += [f"  {count(n):>6}  {why}" for why, n in summary.reasons[:SHOWN_REASONS]]
        if len(summary.reasons) > SHOWN_REASONS:
            lines.append(f"          and others; all are in {summary.folder / 'problems.jsonl'}")
    return lines
