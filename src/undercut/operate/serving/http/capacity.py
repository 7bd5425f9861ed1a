"""What the server takes on at once: requests and bytes, counted before a body is read."""

from __future__ import annotations

from time import monotonic

from undercut.operate.serving.http.limits import HttpLimits
from undercut.operate.serving.http.refusal import Refusal

_TRY_AGAIN_SECONDS = 1.0
# a backlog is estimated again after so long: it cannot shrink by more than this meanwhile
_BEHIND_SECONDS = 0.02


class Place:
    """A request's place in the server; leave it exactly once (leaving again does nothing)."""

    __slots__ = ("_batch", "_capacity", "_left", "_tenant", "held_bytes")

    def __init__(self, capacity: Capacity, tenant: str, held_bytes: int, *, batch: bool) -> None:
        self._capacity = capacity
        self._tenant = tenant
        self._batch = batch
        self._left = False
        self.held_bytes = held_bytes

    def grow(self, held_bytes: int) -> None:
        """A body without a length turned out to be this large; Refusal 503 where it is too much."""
        self._capacity.hold(held_bytes - self.held_bytes)
        self.held_bytes = held_bytes

    def leave(self) -> None:
        """The request has ended, however it did."""
        if not self._left:
            self._left = True
            self._capacity.give_back(self._tenant, self.held_bytes, batch=self._batch)


class Capacity:
    """Counts requests and bytes at work; only the event loop touches it."""

    def __init__(self, limits: HttpLimits) -> None:
        self._limits = limits
        self._tenants: dict[str, int] = {}
        self.requests = 0
        self.batches = 0
        self.held_bytes = 0
        # until when (`time.monotonic`) the server counts as behind without being asked again
        self.behind_until = 0.0
        self.behind_seconds = 0.0

    def expect_in_time(self, backlog_seconds: float) -> None:
        """Refusal 503 where what is accepted takes longer to answer than it may."""
        if self.is_behind(backlog_seconds):
            raise self.behind(backlog_seconds, self._limits.backlog_seconds)

    def is_behind(self, backlog_seconds: float) -> bool:
        """Whether it takes longer; for a while that holds without being asked again."""
        if backlog_seconds <= self._limits.backlog_seconds:
            self.behind_until = 0.0
            return False
        self.behind_until = monotonic() + _BEHIND_SECONDS
        self.behind_seconds = backlog_seconds
        return True

    def behind(self, backlog_seconds: float, limit: float) -> Refusal:
        """What is said then."""
        return overloaded(
            f"what is accepted will take {backlog_seconds:.1f} s to answer, "
            f"the limit is {limit:g} s",
            retry_after_seconds=backlog_seconds,
        )

    def enter(self, tenant: str, held_bytes: int, *, batch: bool = False) -> Place:
        """Take a place; Refusal 429 for the tenant's share, 503 for the server's limit."""
        limits = self._limits
        if self.requests >= limits.concurrent_requests:
            raise overloaded(f"the server answers {self.requests} requests at once, its limit")
        if batch and self.batches >= limits.concurrent_batches:
            raise overloaded(f"the server answers {self.batches} batches at once, its limit")
        mine = self._tenants.get(tenant, 0)
        if limits.tenant_requests is not None and mine >= limits.tenant_requests:
            raise Refusal(
                429,
                "too_many_requests",
                f"{mine} requests of this tenant are being answered, its limit",
                hint="wait for answers before sending more",
                retry_after_seconds=_TRY_AGAIN_SECONDS,
            )
        self.hold(held_bytes)
        self.requests += 1
        self.batches += batch
        self._tenants[tenant] = mine + 1
        return Place(self, tenant, held_bytes, batch=batch)

    def hold(self, more_bytes: int) -> None:
        """Count bytes of bodies; Refusal 503 where they would be too many."""
        if self.held_bytes + more_bytes > self._limits.queued_bytes:
            raise overloaded("the server holds as many bytes of requests as it allows itself")
        self.held_bytes += more_bytes

    def give_back(self, tenant: str, held_bytes: int, *, batch: bool) -> None:
        """A place is left."""
        self.requests -= 1
        self.batches -= batch
        self.held_bytes -= held_bytes
        left = self._tenants[tenant] - 1
        if left:
            self._tenants[tenant] = left
        else:
            del self._tenants[tenant]


def overloaded(message: str, *, retry_after_seconds: float = _TRY_AGAIN_SECONDS) -> Refusal:
    """The server's own limit: 503."""
    return Refusal(
        503,
        "overloaded",
        message,
        hint="try again after the time in Retry-After",
        retry_after_seconds=retry_after_seconds,
    )
