"""Limits of an account, changed while servers run; and how far a change excuses what is beyond.

A change takes the account's leases back in its own transaction, so what was admitted before has to
fit into the new limits when it is recorded, and nobody spends what was leased under the old ones.
What was charged before stays charged, also where a new limit is lower: the change notes how much.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from undercut.core.errors import ConfigError
from undercut.core.money import Money
from undercut.operate.metering.amounts import joined, split
from undercut.operate.metering.key_rows import (
    KeyFacts,
    check_limits,
    find_key,
    list_keys,
    next_version,
)
from undercut.operate.metering.lease_rows import charged, limits_of
from undercut.operate.metering.rows import microseconds, month_of
from undercut.operate.metering.schema import accounts, keys, leases, limit_changes, requests

# servers look four times a second; one that cannot look for ten seconds trusts no key any more
_SEEN_US: Final = 10_000_000


class Kept(Enum):
    """The limit stays as it is; None takes a limit away."""

    KEPT = "kept"


KEPT: Final = Kept.KEPT


@dataclass(frozen=True, slots=True)
class NewLimits:
    """What changes, in the units of `KeyTerms`."""

    per_minute: int | Kept | None = KEPT
    monthly_inputs: int | Kept | None = KEPT
    budget: Money | Kept | None = KEPT


def key_to_change(connection: Connection, tenant: str, key_id: str | None) -> KeyFacts:
    """The key whose account is meant; without an id, the tenant's keys must share one account.

    Raises ConfigError for an unknown key, and where it is not clear which account is meant.
    """
    if key_id is not None:
        return find_key(connection, tenant, key_id)
    found = [key for key in list_keys(connection, tenant) if key.revoked_at is None]
    if not found:
        raise ConfigError(f"{tenant} has no key", hint=f"undercut keys create {tenant}")
    if len({key.account for key in found}) > 1:
        raise ConfigError(
            f"{tenant} has keys with limits of their own, so one has to be named",
            hint=f"undercut keys list {tenant} shows the ids",
        )
    return found[-1]


def set_limits(
    connection: Connection, tenant: str, key_id: str, new: NewLimits, now: datetime
) -> KeyFacts:
    """Change the limits of a key's account: of it, of what it replaced and of what replaces it.

    Call it with the account locked. Returns the key as it is then; ConfigError for an unknown key
    and for a limit that makes no sense.
    """
    key = find_key(connection, tenant, key_id)
    old = key.terms
    per_minute = old.per_minute if isinstance(new.per_minute, Kept) else new.per_minute
    monthly = old.monthly_inputs if isinstance(new.monthly_inputs, Kept) else new.monthly_inputs
    budget = old.budget if isinstance(new.budget, Kept) else new.budget
    check_limits(per_minute, monthly, budget)
    values = {
        "per_minute": per_minute,
        "monthly_inputs": monthly,
        "budget": None if budget is None else str(budget),
    }
    month = month_of(now)
    inputs, attos = charged(connection, key.account, month, budget)
    nano, atto = split(attos)
    change = {"month": month, "inputs": inputs, "nano": nano, "atto": atto, **values}
    connection.execute(
        insert(limit_changes).values(account=key.account, at_us=microseconds(now), **change)
    )
    connection.execute(update(accounts).where(accounts.c.account == key.account).values(**values))
    connection.execute(delete(leases).where(leases.c.account == key.account))
    connection.execute(
        update(keys).where(keys.c.account == key.account).values(version=next_version(connection))
    )
    return find_key(connection, tenant, key.key_id)


def charged_by_then(connection: Connection, account: str, month: str) -> tuple[int, int] | None:
    """(inputs, attos) of a month that the newest change of limits could not undo.

    What was charged before it, and in the seconds until the last server had heard of it. None
    where the limits changed in a later month, so that nobody can tell what held; (0, 0) where they
    did not change since.
    """
    column = limit_changes.c
    change = connection.execute(
        select(limit_changes).where(column.account == account).order_by(column.id.desc()).limit(1)
    ).first()
    if change is None or month > change.month:
        return 0, 0
    if month < change.month:
        return None
    row = requests.c
    late = connection.execute(
        select(row.currency, func.sum(row.inputs), func.sum(row.nano), func.sum(row.atto))
        .where(
            row.account == account,
            row.month == month,
            row.answered_us >= change.at_us,
            row.answered_us < change.at_us + _SEEN_US,
        )
        .group_by(row.currency)
    ).all()
    budget = limits_of(connection, account).budget
    return (
        change.inputs + sum(int(one[1]) for one in late),
        joined(change.nano, change.atto)
        + sum(joined(one[2], one[3]) for one in late if budget and one[0] == budget.currency),
    )
