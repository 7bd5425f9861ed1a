"""Leases in the database: what a process may spend without asking again.

For every account and month: what is charged plus what is leased never exceeds the limits. A
request that is recorded moves from the lease to the charged in the transaction of its row.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from undercut.core.money import Money
from undercut.operate.metering.amounts import attos, joined, split
from undercut.operate.metering.hot_sql import hot
from undercut.operate.metering.schema import accounts, leases, month_totals


@dataclass(frozen=True, slots=True)
class Limits:
    """Of an account and a month; None without that limit. budget: of own cost."""

    monthly_inputs: int | None
    budget: Money | None

    @property
    def none(self) -> bool:
        """Whether there is nothing to keep."""
        return self.monthly_inputs is None and self.budget is None


@dataclass(frozen=True, slots=True)
class Room:
    """What is left; None without that limit. held: something is leased to others."""

    inputs: int | None
    attos: int | None
    held: bool

    def fits(self, inputs: int, cost: int) -> bool:
        """Whether so much is left."""
        return (self.inputs is None or inputs <= self.inputs) and (
            self.attos is None or cost <= self.attos
        )


def limits_of(connection: Connection, account: str) -> Limits:
    """The limits that stand now; none for an account that is not in the books."""
    row = connection.execute(
        select(accounts.c.monthly_inputs, accounts.c.budget).where(accounts.c.account == account)
    ).first()
    if row is None:
        return Limits(None, None)
    return Limits(row[0], None if row[1] is None else Money.parse(row[1]))


def room(
    connection: Connection, account: str, month: str, limits: Limits, *, except_lease: str = ""
) -> Room:
    """What is neither charged nor leased; call it with the account locked."""
    inputs, cost = charged(connection, account, month, limits.budget)
    held_inputs, held_cost, held = _leased(connection, account, month, except_lease)
    return Room(
        None if limits.monthly_inputs is None else limits.monthly_inputs - inputs - held_inputs,
        None if limits.budget is None else attos(limits.budget) - cost - held_cost,
        held,
    )


def charged(
    connection: Connection, account: str, month: str, budget: Money | None
) -> tuple[int, int]:
    """(inputs, attos of the budget's currency) that an account has used in a month."""
    totals = month_totals.c
    rows = connection.execute(
        select(totals.currency, totals.inputs, totals.nano, totals.atto).where(
            totals.account == account, totals.month == month
        )
    ).all()
    paid = ("", budget.currency) if budget is not None else ()
    return (
        sum(row.inputs for row in rows),
        sum(joined(row.nano, row.atto) for row in rows if row.currency in paid),
    )


def _leased(connection: Connection, account: str, month: str, but: str) -> tuple[int, int, bool]:
    row = connection.execute(
        select(func.sum(leases.c.inputs), func.sum(leases.c.nano), func.sum(leases.c.atto)).where(
            leases.c.account == account, leases.c.month == month, leases.c.lease_id != but
        )
    ).one()
    inputs, cost = int(row[0] or 0), joined(row[1], row[2])
    return inputs, cost, bool(inputs or cost)


def drop_expired(connection: Connection, account: str, now_us: int) -> None:
    """Take back what processes leased that did not renew in time: they died or were stopped."""
    connection.execute(
        delete(leases).where(leases.c.account == account, leases.c.expires_us < now_us)
    )


_HELD = "SELECT inputs, nano, atto FROM leases WHERE lease_id = ?"
_KEEP = "UPDATE leases SET inputs = ?, nano = ?, atto = ? WHERE lease_id = ?"


def held(connection: Connection, lease_id: str) -> tuple[int, int] | None:
    """(inputs, attos) left in a lease; None for one that expired and was taken back."""
    row = hot(connection, _HELD, (lease_id,)).first()
    return None if row is None else (int(row[0]), joined(row[1], row[2]))


def keep(connection: Connection, lease_id: str, inputs: int, attos: int) -> bool:
    """Write what a lease holds now; False where it was taken back."""
    return hot(connection, _KEEP, (inputs, *split(attos), lease_id)).rowcount > 0


def put(
    connection: Connection,
    lease_id: str,
    account: str,
    month: str,
    amounts: tuple[int, int],
    expires_us: int,
) -> None:
    """Make a lease, or fill one that stands and keep it for longer."""
    if keep(connection, lease_id, *amounts):
        renew(connection, [lease_id], expires_us)
        return
    nano, atto = split(amounts[1])
    connection.execute(
        insert(leases).values(
            lease_id=lease_id,
            account=account,
            month=month,
            inputs=amounts[0],
            nano=nano,
            atto=atto,
            expires_us=expires_us,
        )
    )


def renew(connection: Connection, lease_ids: list[str], expires_us: int) -> set[str]:
    """Keep leases for longer; returns those that still stand."""
    connection.execute(
        update(leases).where(leases.c.lease_id.in_(lease_ids)).values(expires_us=expires_us)
    )
    found = connection.execute(select(leases.c.lease_id).where(leases.c.lease_id.in_(lease_ids)))
    return set(found.scalars())
