"""All leases of this process: fills them when they run dry, renews them, returns what is idle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from threading import Lock
from typing import Any

from sqlalchemy import Connection

from undercut.core.errors import BooksUnavailableError, QuotaExceededError
from undercut.operate.metering.clock import Clock
from undercut.operate.metering.granting import (
    Granted,
    Wanted,
    end_leases,
    give_back,
    grant,
    renew_leases,
)
from undercut.operate.metering.jobs import TaskJob
from undercut.operate.metering.local_lease import LocalLease, Reservation
from undercut.operate.metering.refusals import too_little
from undercut.operate.metering.rows import microseconds

LEASE_SECONDS = 60.0
# a refusal is remembered this long, so that a caller who is used up costs no trip each time
_REFUSED_SECONDS = 0.5

Slot = tuple[str, str]


class LeaseDesk:
    """Reserves for tickets. submit: hands a task to the writer."""

    def __init__(
        self, submit: Callable[[TaskJob], None], clock: Clock, *, lease_seconds: float
    ) -> None:
        self._submit = submit
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._leases: dict[Slot, LocalLease] = {}
        self._making = Lock()
        self._filling: dict[tuple[Slot, int], asyncio.Task[Granted]] = {}
        self._waiting: dict[Slot, tuple[int, int]] = {}
        self._refused: dict[Slot, tuple[float, int, int, QuotaExceededError]] = {}
        self._tickets: dict[int, Reservation] = {}
        self._ids = count(1)

    def try_reserve(self, account: str, month: str, inputs: int, attos: int) -> int | None:
        """The number of a reservation from what is leased already, None for too little."""
        lease = self._leases.get((account, month))
        if lease is None or not lease.reserve(inputs, attos, self._clock.steady()):
            return None
        number = next(self._ids)
        self._tickets[number] = Reservation(lease, inputs, attos)
        return number

    async def reserve(self, account: str, month: str, inputs: int, attos: int) -> int:
        """Like `try_reserve`, leasing more; QuotaExceededError where the limits leave none."""
        slot = (account, month)
        while True:
            number = self.try_reserve(account, month, inputs, attos)
            if number is not None:
                return number
            self._raise_if_refused(slot, inputs, attos)
            self._wait_for(slot, inputs, attos)
            try:
                granted, mine = await self._fill(slot, inputs, attos)
            finally:
                self._wait_for(slot, -inputs, -attos)
            # a refusal of somebody else's larger wish says nothing about this one
            if mine and not granted.ok:
                error = too_little(granted.left, self._clock)
                until = self._clock.steady() + _REFUSED_SECONDS
                self._refused[slot] = (until, inputs, attos, error)
                raise error

    def take(self, number: int) -> Reservation | None:
        """What a ticket holds, for one taker only; None where it holds nothing or was taken."""
        return self._tickets.pop(number, None)

    def tick(self) -> None:
        """Renew, and give back what lay idle since the last tick; about once a second."""
        leases = [(slot, lease) for slot, lease in list(self._leases.items())]
        for slot, lease in leases:
            inputs, attos = lease.surplus()
            if inputs or attos:
                work = partial(give_back, lease=lease.lease_id, inputs=inputs, attos=attos)
                self._background(slot, [lease], work)
        half = self._clock.steady() + self._lease_seconds / 2
        due = [(slot, lease) for slot, lease in leases if lease.granted and lease.ends < half]
        for slot, lease in due:
            if lease.month != self._clock.month() and not lease.open:
                self._forget(slot, lease)
                work = partial(end_leases, lease_ids=[lease.lease_id])
            else:
                work = partial(self._renew, slot=slot, lease=lease)
            self._background(slot, [lease], work)

    def renounce(self, accounts: Collection[str]) -> None:
        """Give back what was leased under limits that stand no more; what is in flight is
        settled one by one when recorded."""
        for slot, lease in list(self._leases.items()):
            if slot[0] in accounts:
                self._forget(slot, lease)
                self._background(slot, [lease], partial(end_leases, lease_ids=[lease.lease_id]))

    def close_all(self) -> TaskJob | None:
        """Give every lease back; returns the task that does, None where there is none."""
        leases = list(self._leases.values())
        self._leases.clear()
        if not leases:
            return None
        for lease in leases:
            lease.die()
        ids = [lease.lease_id for lease in leases]
        job = TaskJob(partial(end_leases, lease_ids=ids), locks=[one.account for one in leases])
        self._submit(job)
        return job

    async def _fill(self, slot: Slot, inputs: int, attos: int) -> tuple[Granted, bool]:
        """Lease more; those who wait for the same account share the trip: (outcome, own trip)."""
        loop = asyncio.get_running_loop()
        trip = (slot, id(loop))
        filling = self._filling.get(trip)
        # one that is done and not yet taken away would be awaited without a pause: whoever finds
        # nothing in it would ask for it again at once and for ever, and the loop would stand still
        if filling is not None and not filling.done():
            return await asyncio.shield(filling), False
        filling = loop.create_task(self._lease(slot, inputs, attos))
        self._filling[trip] = filling
        filling.add_done_callback(lambda done: self._filled(trip, done))
        return await asyncio.shield(filling), True

    def _filled(self, trip: tuple[Slot, int], done: asyncio.Task[Granted]) -> None:
        if self._filling.get(trip) is done:
            del self._filling[trip]
        if not done.cancelled():
            # looked at here, so that asyncio does not complain where every waiter has gone
            done.exception()

    async def _lease(self, slot: Slot, inputs: int, attos: int) -> Granted:
        lease = self._living(slot)
        now, steady = self._clock.now(), self._clock.steady()
        wanted = Wanted(
            lease.lease_id,
            *slot,
            lease.short(inputs, attos),
            self._waiting.get(slot, (inputs, attos)),
            lease.next_times(steady),
            microseconds(now),
            microseconds(now + timedelta(seconds=self._lease_seconds)),
        )
        job = TaskJob(
            partial(grant, wanted=wanted), locks=[slot[0]], loop=asyncio.get_running_loop()
        )
        self._submit(job)
        try:
            granted: Granted = await job.future
        except BaseException:
            # nobody knows what the row holds now: it expires by itself
            self._forget(slot, lease)
            raise
        if granted.ok:
            lease.add(granted.inputs, granted.attos, steady + self._lease_seconds)
        return granted

    def _living(self, slot: Slot) -> LocalLease:
        with self._making:
            lease = self._leases.get(slot)
            if lease is None or lease.dead or lease.over(self._clock.steady()):
                lease = self._leases[slot] = LocalLease(*slot)
            return lease

    def _wait_for(self, slot: Slot, inputs: int, attos: int) -> None:
        with self._making:
            before = self._waiting.get(slot, (0, 0))
            self._waiting[slot] = (before[0] + inputs, before[1] + attos)
            if self._waiting[slot] == (0, 0):
                del self._waiting[slot]

    def _raise_if_refused(self, slot: Slot, inputs: int, attos: int) -> None:
        refused = self._refused.get(slot)
        if refused is None:
            return
        until, least_inputs, least_attos, error = refused
        if self._clock.steady() >= until:
            del self._refused[slot]
        elif inputs >= least_inputs and attos >= least_attos:
            raise QuotaExceededError(
                error.message, hint=error.hint, retry_after_seconds=error.retry_after_seconds
            )

    def _renew(self, connection: Connection, slot: Slot, lease: LocalLease) -> None:
        steady, now = self._clock.steady(), self._clock.now()
        expires = microseconds(now + timedelta(seconds=self._lease_seconds))
        if renew_leases(connection, [lease.lease_id], expires):
            lease.extend(steady + self._lease_seconds)
        else:
            # somebody took it back; what is in flight is settled one by one when recorded
            self._forget(slot, lease)

    def _forget(self, slot: Slot, lease: LocalLease) -> None:
        lease.die()
        if self._leases.get(slot) is lease:
            del self._leases[slot]

    def _background(
        self, slot: Slot, leases: Sequence[LocalLease], work: Callable[..., Any]
    ) -> None:
        job = _Background(self, slot, leases, work)
        try:
            self._submit(job)
        except BooksUnavailableError:
            # closing: `close_all` has given everything back
            return


class _Background(TaskJob):
    """A task nobody waits for. If it fails, nobody knows what the row holds: let it expire."""

    __slots__ = ("_desk", "_lost", "_slot")

    def __init__(
        self,
        desk: LeaseDesk,
        slot: Slot,
        leases: Sequence[LocalLease],
        work: Callable[[Connection], object],
    ) -> None:
        super().__init__(work, locks=[slot[0]])
        self._desk = desk
        self._slot = slot
        self._lost = leases

    def ended(self) -> None:
        if self.error is not None:
            for lease in self._lost:
                self._desk._forget(self._slot, lease)
