"""The clocks and the dice of the real world."""

from __future__ import annotations

import asyncio
import random
import threading
import time

from undercut.client.exchange import Timing


class SyncTiming(Timing):
    """Time for threads."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def uniform(self) -> float:
        """A random number in [0, 1): no secret hangs on it."""
        return random.random()

    def sleep(self, seconds: float, stop: threading.Event) -> None:
        """Wait, or until stopped."""
        stop.wait(seconds)


class AsyncTiming(Timing):
    """Time for an event loop."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def uniform(self) -> float:
        """A random number in [0, 1): no secret hangs on it."""
        return random.random()

    async def sleep(self, seconds: float) -> None:
        """Let others run meanwhile."""
        await asyncio.sleep(seconds)
