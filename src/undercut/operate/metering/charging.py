"""Charging limited accounts inside the transaction: the last word on quota and budget.

Admission reserves from a lease. Here the lease pays; where it was taken back meanwhile (its
process slept longer than the lease lasts) or does not suffice, the request has to fit into what
is left for all, or is refused. So no crash, pause or wrong clock can overshoot a limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from undercut.core.errors import QuotaExceededError
from undercut.operate.metering.lease_rows import Room, held, keep, limits_of, room

if TYPE_CHECKING:
    from undercut.operate.metering.recording import RecordJob


@dataclass(frozen=True, slots=True)
class Need:
    """What a request takes from its account's limits in a month.

    inputs, attos: 0 where there is no such limit. lease: id of the lease that pays first.
    """

    account: str
    month: str
    lease: str
    inputs: int
    attos: int


def settle(connection: Connection, jobs: Sequence[RecordJob]) -> None:
    """Charge each job's need, in order; a job that does not fit gets a QuotaExceededError."""
    purse = _Purse(connection)
    for job in jobs:
        need = job.need
        if need is not None and not purse.pay(need):
            job.error = QuotaExceededError(
                "the key's quota or budget was used up while the request was answered",
                hint="wait for the next month (UTC), or ask for a higher limit",
            )
    purse.write()


class _Purse:
    """Leases and rooms as they stand in this transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._leases: dict[str, tuple[int, int] | None] = {}
        self._rooms: dict[tuple[str, str], Room] = {}

    def pay(self, need: Need) -> bool:
        if need.lease not in self._leases:
            self._leases[need.lease] = held(self._connection, need.lease)
        inputs, cost = self._leases[need.lease] or (0, 0)
        short = (max(0, need.inputs - inputs), max(0, need.attos - cost))
        if short != (0, 0) and not self._take(need, *short):
            return False
        if self._leases[need.lease] is not None:
            left = (max(0, inputs - need.inputs), max(0, cost - need.attos))
            self._leases[need.lease] = left
        return True

    def write(self) -> None:
        for lease, amounts in self._leases.items():
            if amounts is not None:
                keep(self._connection, lease, *amounts)

    def _take(self, need: Need, inputs: int, cost: int) -> bool:
        key = (need.account, need.month)
        if key not in self._rooms:
            limits = limits_of(self._connection, need.account)
            self._rooms[key] = room(self._connection, need.account, need.month, limits)
        left = self._rooms[key]
        if not left.fits(inputs, cost):
            return False
        self._rooms[key] = Room(
            None if left.inputs is None else left.inputs - inputs,
            None if left.attos is None else left.attos - cost,
            left.held,
        )
        return True
