"""Admission: who asks, and whether they may; from memory wherever that is possible."""

from __future__ import annotations

from threading import Lock

from undercut.core.errors import QuotaExceededError
from undercut.core.money import Money
from undercut.core.requests import AnsweredRequest, Caller, Ticket
from undercut.operate.metering.amounts import attos
from undercut.operate.metering.charging import Need
from undercut.operate.metering.clock import Clock
from undercut.operate.metering.key_cache import KeyCache, KnownKey
from undercut.operate.metering.lease_desk import LeaseDesk
from undercut.operate.metering.local_lease import Reservation
from undercut.operate.metering.rate import TokenBucket
from undercut.operate.metering.refusals import cannot_reserve, too_fast


class KeyGate:
    """Implements `core.requests.Gate`."""

    def __init__(self, keys: KeyCache, desk: LeaseDesk, clock: Clock) -> None:
        self._keys = keys
        self._desk = desk
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}
        self._making = Lock()

    def authenticate(self, secret: str | None) -> Caller:
        """As `Gate.authenticate`: two microseconds, no input or output."""
        return self._keys.authenticate(secret).caller

    async def admit(self, caller: Caller, inputs: int, most: Money | None) -> Ticket:
        """As `Gate.admit`; goes to the books only when what was leased has run dry."""
        month = self._clock.month()
        key = self.known(caller)
        if key is None:
            return Ticket(caller, inputs, most, month)
        if key.per_minute is not None:
            self._within_rate(key.account, key.per_minute)
        if key.limits.none:
            return Ticket(caller, inputs, most, month)
        wanted = self._wanted(key, inputs, most)
        number = await self._desk.reserve(key.account, month, *wanted)
        return Ticket(caller, inputs, most, month, number)

    async def release(self, ticket: Ticket) -> None:
        """As `Gate.release`; a ticket that was released or handed to `record` is left alone."""
        held = self._desk.take(ticket.reservation)
        if held is not None:
            held.close()

    def take(self, ticket: Ticket) -> Reservation | None:
        """What the ticket holds, from now on the recorder's to close."""
        return self._desk.take(ticket.reservation)

    def known(self, caller: Caller) -> KnownKey | None:
        """The caller's key, None for a caller without one (a server that asks for no keys)."""
        key = self._keys.get(caller.key_id)
        return key if key is not None and key.caller.tenant == caller.tenant else None

    def need(
        self,
        key: KnownKey | None,
        held: Reservation | None,
        ticket: Ticket,
        request: AnsweredRequest,
    ) -> Need | None:
        """What recording takes from the key's limits, None where it has none.

        A request of unknown cost takes all that was reserved for it.
        """
        if key is None or (key.limits.none and held is None):
            return None
        paid = request.cost if request.cost is not None else ticket.reserved
        budget = key.limits.budget
        return Need(
            key.account,
            ticket.month or self._clock.month(),
            "" if held is None else held.lease.lease_id,
            0 if key.limits.monthly_inputs is None else request.inputs,
            0 if budget is None or paid is None else attos(paid),
        )

    def _within_rate(self, account: str, per_minute: int) -> None:
        now = self._clock.steady()
        bucket = self._buckets.get(account)
        if bucket is None or bucket.per_minute != per_minute:
            with self._making:
                bucket = self._buckets[account] = TokenBucket(per_minute, now)
        wait = bucket.take(now)
        if wait:
            raise too_fast(per_minute, wait)

    def _wanted(self, key: KnownKey, inputs: int, most: Money | None) -> tuple[int, int]:
        quota, budget = key.limits.monthly_inputs, key.limits.budget
        if quota is not None and inputs > quota:
            raise QuotaExceededError(
                f"the request has {inputs} inputs, the key's monthly quota is {quota}",
                hint="fewer inputs in each request, or a higher quota",
            )
        cost = 0
        if budget is not None:
            if most is None:
                raise cannot_reserve("the plan's cost is unknown")
            if most.currency != budget.currency:
                raise cannot_reserve(f"it is in {budget.currency}, the cost in {most.currency}")
            cost = attos(most)
            if cost > attos(budget):
                raise QuotaExceededError(
                    f"the request may cost {most}, the key's monthly budget is {budget}",
                    hint="fewer inputs in each request, or a higher budget",
                )
        return (0 if quota is None else inputs), cost
