"""Token buckets: so many requests a minute, with a minute's worth at once after a pause."""

from __future__ import annotations

from threading import Lock


class TokenBucket:
    """A bucket of `per_minute` tokens that fills evenly; in this process only."""

    __slots__ = ("_at", "_lock", "_tokens", "per_minute")

    def __init__(self, per_minute: int, now: float) -> None:
        self.per_minute = per_minute
        self._tokens = float(per_minute)
        self._at = now
        self._lock = Lock()

    def take(self, now: float) -> float:
        """Take a token at `now` (steady seconds); returns 0, or the seconds until there is one."""
        with self._lock:
            grown = self._tokens + max(0.0, now - self._at) * self.per_minute / 60
            self._tokens = min(float(self.per_minute), grown)
            self._at = max(self._at, now)
            if self._tokens >= 1:
                self._tokens -= 1
                return 0.0
            return (1 - self._tokens) * 60 / self.per_minute
