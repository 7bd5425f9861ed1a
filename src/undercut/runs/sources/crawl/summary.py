"""What became of a crawl."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlSummary:
    """A crawl folder after a run.

    kept: pages in it, over all runs. redirected, failed, refused, waiting: URLs by what became
    of them; refused ones were never asked for. reasons: why URLs failed or were refused, the
    commonest first. requests, bytes, seconds: of this run; bytes are of page bodies, unpacked.
    limit_reached: whether the page limit, and not the lack of pages, ended it. resting: sites that
    ask to be left alone beyond this run: origin, URLs of theirs that wait, until when.
    """

    folder: Path
    kept: int
    redirected: int
    failed: int
    refused: int
    waiting: int
    reasons: tuple[tuple[str, int], ...]
    requests: int
    bytes: int
    seconds: float
    limit_reached: bool
    resting: tuple[tuple[str, int, datetime], ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Plain JSON."""
        return {
            "folder": str(self.folder),
            "kept": self.kept,
            "redirected": self.redirected,
            "failed": self.failed,
            "refused": self.refused,
            "waiting": self.waiting,
            "reasons": [{"reason": reason, "urls": urls} for reason, urls in self.reasons],
            "requests": self.requests,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
            "limit_reached": self.limit_reached,
            "resting": [
                {"site": site, "urls": urls, "until": until.isoformat(timespec="seconds")}
                for site, urls, until in self.resting
            ],
        }


def counted(reasons: Counter[str]) -> tuple[tuple[str, int], ...]:
    """Reasons, the commonest first, ties by name."""
    return tuple(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))
