"""Whether this process wants new requests."""

from __future__ import annotations


class Readiness:
    """Not ready until the engine has started, nor once the server is to stop."""

    def __init__(self) -> None:
        self.started = False
        self.draining = False

    @property
    def ready(self) -> bool:
        """What the ready probe says."""
        return self.started and not self.draining
