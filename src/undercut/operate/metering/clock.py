"""Time as the room asks for it: passed in, so that tests can turn months over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from undercut.operate.metering.rows import month_of


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Clock:
    """now: the time in UTC. steady: seconds that never go back, for rates and lease ends."""

    now: Callable[[], datetime] = _now
    steady: Callable[[], float] = time.monotonic
    _month: str = field(default="", init=False)
    _until: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)

    def month(self) -> str:
        """The UTC month now; worked out again only when it is over."""
        now = self.now()
        if now >= self._until:
            self._month, self._until = month_of(now), month_end(now)
        return self._month

    def seconds_to_next_month(self) -> float:
        """Until quotas and budgets are fresh again."""
        now = self.now()
        return (month_end(now) - now).total_seconds()


def month_end(at: datetime) -> datetime:
    """The first moment of the next UTC month."""
    at = at.astimezone(UTC)
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
    return datetime(year, month, 1, tzinfo=UTC)
