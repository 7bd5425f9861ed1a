"""A lease in this process: reserved from at admission, given back, spent by recording."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from threading import Lock

_NEVER = float("-inf")
# a lease is made for so many requests like the one that needs it, and for twice as many each time
# it lasted less than a second: a busy server goes to the books about once a second, and one that
# crashes strands about a second of its own use
_FIRST = 16
_MOST = 1 << 20
_SOON_SECONDS = 1.0


@dataclass(slots=True)
class LocalLease:
    """What this process may still spend of an account's month.

    inputs, attos: not reserved yet. open: reservations. ends: steady seconds after which nothing
    more is reserved from it. times, filled: see `next_times`. used: something was reserved since
    the last tick. dead: abandoned; the row in the books, if any, is not renewed and expires.
    """

    account: str
    month: str
    lease_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    inputs: int = 0
    attos: int = 0
    open: int = 0
    ends: float = _NEVER
    times: int = _FIRST
    filled: float = _NEVER
    used: bool = False
    dead: bool = False
    _lock: Lock = field(default_factory=Lock)

    @property
    def granted(self) -> bool:
        """Whether the books have ever granted it anything."""
        return self.ends != _NEVER

    def over(self, now: float) -> bool:
        """Whether it was granted and has ended."""
        return self.granted and now >= self.ends

    def reserve(self, inputs: int, attos: int, now: float) -> bool:
        """Set aside; False where too little is left or the lease is over."""
        with self._lock:
            if self.dead or now >= self.ends or inputs > self.inputs or attos > self.attos:
                return False
            self.inputs -= inputs
            self.attos -= attos
            self.open += 1
            self.used = True
            return True

    def short(self, inputs: int, attos: int) -> tuple[int, int]:
        """How much has to be leased before so much can be reserved."""
        with self._lock:
            return max(0, inputs - self.inputs), max(0, attos - self.attos)

    def unreserve(self, inputs: int, attos: int) -> None:
        """What a closed reservation did not spend; negative where it spent more."""
        with self._lock:
            self.open -= 1
            self.inputs += inputs
            self.attos += attos

    def next_times(self, now: float) -> int:
        """How many requests' worth to lease now."""
        with self._lock:
            soon = now - self.filled < _SOON_SECONDS
            self.times = min(_MOST, self.times * 2) if soon else _FIRST
            self.filled = now
            return self.times

    def add(self, inputs: int, attos: int, ends: float) -> None:
        """The books granted more."""
        with self._lock:
            self.inputs += inputs
            self.attos += attos
            self.ends = ends
            self.used = True

    def extend(self, ends: float) -> None:
        """The books renewed it."""
        with self._lock:
            self.ends = max(self.ends, ends)

    def surplus(self) -> tuple[int, int]:
        """Take out all that lies idle since the last tick, to give it back to the books."""
        with self._lock:
            idle, self.used = not self.used, False
            if not idle or (self.inputs <= 0 and self.attos <= 0):
                return 0, 0
            taken = (max(0, self.inputs), max(0, self.attos))
            self.inputs -= taken[0]
            self.attos -= taken[1]
            return taken

    def die(self) -> None:
        """Reserve nothing more from it."""
        with self._lock:
            self.dead = True
            self.inputs = self.attos = 0


@dataclass(slots=True)
class Reservation:
    """A ticket's share of a lease."""

    lease: LocalLease
    inputs: int
    attos: int

    def close(self, spent_inputs: int = 0, spent_attos: int = 0) -> None:
        """What was not spent can be reserved again; call it once."""
        self.lease.unreserve(self.inputs - spent_inputs, self.attos - spent_attos)
