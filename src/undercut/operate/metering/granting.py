"""Tasks of the writer: lease more, renew, give back."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete

from undercut.operate.metering.lease_rows import (
    Room,
    drop_expired,
    held,
    keep,
    limits_of,
    put,
    renew,
    room,
)
from undercut.operate.metering.schema import leases

# never more than an eighth of what is left: little is stranded near the end
_SHARE = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """A lease to make or fill: at least `least` (inputs, attos), or nothing.

    waiting: what all that wait for it need together. times: how many times `least` is wished for.
    """

    lease: str
    account: str
    month: str
    least: tuple[int, int]
    waiting: tuple[int, int]
    times: int
    now_us: int
    expires_us: int


@dataclass(frozen=True, slots=True)
class Granted:
    """What was added to a lease; `left` is what nobody had leased before."""

    inputs: int
    attos: int
    ok: bool
    left: Room


def grant(connection: Connection, wanted: Wanted) -> Granted:
    """Lease what is wanted or more, if enough is left; nothing where that is too little."""
    drop_expired(connection, wanted.account, wanted.now_us)
    limits = limits_of(connection, wanted.account)
    left = room(connection, wanted.account, wanted.month, limits)
    if not left.fits(*wanted.least):
        return Granted(0, 0, ok=False, left=left)
    rooms = (left.inputs, left.attos)
    inputs, attos = (
        _block(least, waiting, wanted.times, space)
        for least, waiting, space in zip(wanted.least, wanted.waiting, rooms, strict=True)
    )
    before = held(connection, wanted.lease) or (0, 0)
    put(
        connection,
        wanted.lease,
        wanted.account,
        wanted.month,
        (before[0] + inputs, before[1] + attos),
        wanted.expires_us,
    )
    return Granted(inputs, attos, ok=True, left=left)


def _block(least: int, waiting: int, times: int, left: int | None) -> int:
    if left is None:
        return least
    return max(least, min(waiting, left), min(least * times, left // _SHARE))


def give_back(connection: Connection, lease: str, inputs: int, attos: int) -> None:
    """Lessen a lease; one that was taken back has nothing to lessen."""
    before = held(connection, lease)
    if before is not None:
        keep(connection, lease, max(0, before[0] - inputs), max(0, before[1] - attos))


def end_leases(connection: Connection, lease_ids: list[str]) -> None:
    """Give whole leases back."""
    connection.execute(delete(leases).where(leases.c.lease_id.in_(lease_ids)))


def renew_leases(connection: Connection, lease_ids: list[str], expires_us: int) -> set[str]:
    """Keep leases; returns those that still stand."""
    return renew(connection, lease_ids, expires_us)
