"""What must hold of the books, as a list of checks; each gives its problems as sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select

from undercut.operate.metering.amounts import attos, joined, money
from undercut.operate.metering.lease_rows import limits_of, room
from undercut.operate.metering.limit_rows import charged_by_then
from undercut.operate.metering.own_cost import answered_by_day, booked_so_far
from undercut.operate.metering.schema import (
    accounts,
    claims,
    leases,
    month_totals,
    requests,
    writers,
)

Check = Callable[[Connection], Iterator[str]]
_KEY = ("tenant", "account", "month", "currency")


def check_books(connection: Connection) -> tuple[str, ...]:
    """What does not add up, in plain sentences; empty when all does.

    Reads every row. While servers write, give it a connection that sees one moment.
    """
    return tuple(problem for check in CHECKS for problem in check(connection))


def totals_are_sums(connection: Connection) -> Iterator[str]:
    """The totals of each account, month and currency are the sums of its rows."""
    rows = requests.c
    names = [rows[name] for name in _KEY]
    summed = connection.execute(
        select(
            *names,
            func.count(),
            *(func.sum(rows[name]) for name in ("inputs", "tokens", "nano", "atto")),
        ).group_by(*names)
    )
    kept = connection.execute(
        select(
            *(month_totals.c[name] for name in _KEY),
            *(month_totals.c[name] for name in ("requests", "inputs", "tokens", "nano", "atto")),
        )
    )
    expected = {tuple(row[:4]): _sums(row) for row in summed}
    found = {tuple(row[:4]): _sums(row) for row in kept}
    for key in sorted(expected.keys() | found.keys()):
        # a line that undone rows left behind is all zeros
        if expected.get(key, (0, 0, 0, 0)) != found.get(key, (0, 0, 0, 0)):
            where = f"{key[0]}, account {key[1]}, {key[2]}, {key[3] or 'unknown cost'}"
            yield f"{where}: totals {found.get(key)}, sums of rows {expected.get(key)}"


def claims_have_rows(connection: Connection) -> Iterator[str]:
    """Each claimed key has the row of the request that claimed it, and the other way round."""
    same = and_(
        claims.c.tenant == requests.c.tenant,
        claims.c.idempotency_key == requests.c.idempotency_key,
        claims.c.request_id == requests.c.request_id,
    )
    orphans = select(claims.c.tenant, claims.c.request_id).outerjoin(requests, same)
    for row in connection.execute(orphans.where(requests.c.id.is_(None)).limit(10)):
        yield f"{row[0]}: request {row[1]} claimed a key and has no row"
    loose = select(requests.c.tenant, requests.c.request_id).outerjoin(claims, same)
    loose = loose.where(requests.c.idempotency_key.is_not(None), claims.c.request_id.is_(None))
    for row in connection.execute(loose.limit(10)):
        yield f"{row[0]}: request {row[1]} has an idempotency key that it does not claim"


def limits_are_kept(connection: Connection) -> Iterator[str]:
    """What is charged and leased exceeds no quota and no budget."""
    spent = select(month_totals.c.account, month_totals.c.month)
    promised = select(leases.c.account, leases.c.month)
    for row in sorted(connection.execute(spent.union(promised)).all()):
        account, month = str(row[0]), str(row[1])
        limits = limits_of(connection, account)
        left = room(connection, account, month, limits)
        if (left.inputs or 0) >= 0 and (left.attos or 0) >= 0:
            continue
        before = charged_by_then(connection, account, month)
        if before is None:
            continue
        where = f"account {account}, {month}"
        inputs = _beyond(left.inputs, limits.monthly_inputs, before[0])
        if inputs > 0:
            yield f"{where}: {inputs} inputs beyond the quota of {limits.monthly_inputs}"
        budget = limits.budget
        cost = 0 if budget is None else _beyond(left.attos, attos(budget), before[1])
        if budget is not None and cost > 0:
            yield f"{where}: {money(cost, budget.currency)} beyond the budget of {budget}"


def _beyond(left: int | None, limit: int | None, before: int) -> int:
    """By how much charged and leased exceed a limit, and what no limit could undo any more."""
    if left is None or limit is None:
        return 0
    return limit - left - max(limit, before)


def leases_are_promises(connection: Connection) -> Iterator[str]:
    """No lease is below zero, and each belongs to an account."""
    lease = leases.c
    below = or_(lease.inputs < 0, lease.nano < 0, lease.atto < 0)
    for row in connection.execute(select(lease.lease_id, lease.account).where(below).limit(10)):
        yield f"account {row[1]}: the lease {row[0]} holds less than nothing"
    known = select(lease.lease_id, lease.account).outerjoin(
        accounts, accounts.c.account == lease.account
    )
    for row in connection.execute(known.where(accounts.c.account.is_(None)).limit(10)):
        yield f"account {row[1]}: the lease {row[0]} is of an account that is not in the books"


def marks_count_up(connection: Connection) -> Iterator[str]:
    """A writer's mark is the number of its last group; the first one's is 1."""
    wrong = select(writers.c.writer_id).where(writers.c.last_group < 1).limit(10)
    for row in connection.execute(wrong):
        yield f"writer {row[0]}: its mark is no number of a group"


def keys_have_their_tenant(connection: Connection) -> Iterator[str]:
    """No row counts for an account of another tenant."""
    foreign = (
        select(requests.c.tenant, requests.c.request_id, accounts.c.tenant)
        .join(accounts, accounts.c.account == requests.c.account)
        .where(accounts.c.tenant != requests.c.tenant)
        .limit(10)
    )
    for row in connection.execute(foreign):
        yield f"{row[0]}: request {row[1]} counts for an account of {row[2]}"


def bookings_have_rows(connection: Connection) -> Iterator[str]:
    """No day's cost was booked for more requests, or at another sum, than were answered."""
    booked, _ = booked_so_far(connection)
    answered = answered_by_day(connection)
    for key in sorted(booked):
        count, cost = booked[key]
        rows, sums = answered.get(key, (0, 0))
        where = f"{key[0]}, plan {key[1]}, {key[2] or 'unknown cost'}"
        if count > rows:
            yield f"{where}: {count} requests booked, {rows} answered"
        elif count == rows and cost != sums:
            yield f"{where}: {cost} attos booked, {sums} answered"


def _sums(row: Row[*tuple[Any, ...]]) -> tuple[int, int, int, int]:
    count, inputs, tokens, nano, atto = row[4:]
    # what a budget paid for unknown costs stands in the totals only
    cost = joined(nano, atto) if row[3] else 0
    return int(count), int(inputs), int(tokens), cost


CHECKS: tuple[Check, ...] = (
    totals_are_sums,
    claims_have_rows,
    limits_are_kept,
    leases_are_promises,
    marks_count_up,
    keys_have_their_tenant,
    bookings_have_rows,
)
