"""Keys in the books: made, listed, replaced, revoked. Only a hash of the secret is stored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from undercut.core.errors import ConfigError
from undercut.core.money import Money
from undercut.core.requests import Role
from undercut.operate.metering.amounts import attos
from undercut.operate.metering.key_text import PREFIX, digest, make_key
from undercut.operate.metering.rows import microseconds, moment
from undercut.operate.metering.schema import accounts, books, keys

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)
_MOST = 2**62


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What a key may do.

    per_minute: requests. monthly_inputs: texts in a UTC month. budget: own cost in a UTC month.
    None means no such limit.
    """

    per_minute: int | None = None
    monthly_inputs: int | None = None
    budget: Money | None = None
    roles: frozenset[Role] = frozenset({Role.PREDICT})
    expires_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """A key as the books know it. account: id of the first key that it replaces, or its own."""

    key_id: str
    tenant: str
    account: str
    terms: KeyTerms
    created_at: datetime
    revoked_at: datetime | None
    secret_sha256: bytes
    version: int


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made. secret: the whole key, shown once and never stored."""

    key_id: str
    tenant: str
    secret: str


def create_key(connection: Connection, tenant: str, terms: KeyTerms, now: datetime) -> NewKey:
    """Make a key with limits of its own; ConfigError for terms that make no sense."""
    if not _TENANT.fullmatch(tenant):
        raise ConfigError(
            f"a tenant's name is a letter or digit and up to 62 of letters, digits, '.', '_', '-',"
            f" got {tenant!r}"
        )
    _check(terms, now)
    key_id, secret = make_key()
    budget = None if terms.budget is None else str(terms.budget)
    connection.execute(
        insert(accounts).values(
            account=key_id,
            tenant=tenant,
            per_minute=terms.per_minute,
            monthly_inputs=terms.monthly_inputs,
            budget=budget,
        )
    )
    _insert(connection, key_id, secret, tenant, key_id, terms, now)
    return NewKey(key_id, tenant, secret)


def rotate_key(
    connection: Connection, tenant: str, key_id: str, now: datetime, *, old_until: datetime
) -> NewKey:
    """Make a key that takes another's place: the same account, so limits and usage go on.

    old_until: when the old one stops, at most its own expiry. ConfigError for a key that the
    tenant does not have or that does not work any more.
    """
    old = _living(connection, tenant, key_id, now)
    new_id, secret = make_key()
    _insert(connection, new_id, secret, tenant, old.account, old.terms, now)
    ends = old.terms.expires_at
    until = old_until if ends is None else min(ends, old_until)
    _change(connection, tenant, key_id, expires_us=microseconds(max(until, now)))
    return NewKey(new_id, tenant, secret)


def revoke_key(connection: Connection, tenant: str, key_id: str, now: datetime) -> KeyFacts:
    """Stop a key for ever; revoking again changes nothing. ConfigError for an unknown one."""
    found = find_key(connection, tenant, key_id)
    if found.revoked_at is None:
        _change(connection, tenant, found.key_id, revoked_us=microseconds(now))
    return find_key(connection, tenant, found.key_id)


def list_keys(connection: Connection, tenant: str) -> tuple[KeyFacts, ...]:
    """A tenant's keys, oldest first."""
    return _read(connection, keys.c.tenant == tenant)


def list_all_keys(connection: Connection) -> tuple[KeyFacts, ...]:
    """Every tenant's keys, for whoever runs the server."""
    return _read(connection)


def keys_since(connection: Connection, version: int) -> tuple[KeyFacts, ...]:
    """Keys of all tenants that changed after a version, for the cache of a server."""
    return _read(connection, keys.c.version > version)


def key_version(connection: Connection) -> int:
    """Grows with each change of a key."""
    return int(connection.execute(select(books.c.key_version)).scalar_one())


def _insert(
    connection: Connection,
    key_id: str,
    secret: str,
    tenant: str,
    account: str,
    terms: KeyTerms,
    now: datetime,
) -> None:
    connection.execute(
        insert(keys).values(
            key_id=key_id,
            account=account,
            tenant=tenant,
            secret_sha256=digest(secret),
            roles=",".join(sorted(terms.roles)),
            note=terms.note,
            created_us=microseconds(now),
            expires_us=None if terms.expires_at is None else microseconds(terms.expires_at),
            revoked_us=None,
            version=next_version(connection),
        )
    )


def _change(connection: Connection, tenant: str, key_id: str, **values: int) -> None:
    connection.execute(
        update(keys)
        .where(keys.c.tenant == tenant, keys.c.key_id == key_id)
        .values(version=next_version(connection), **values)
    )


def next_version(connection: Connection) -> int:
    """The version of a change of keys that is about to be written."""
    # the row stays locked until the commit, so versions are committed in their order
    connection.execute(update(books).values(key_version=books.c.key_version + 1))
    return key_version(connection)


def find_key(connection: Connection, tenant: str, key_id: str) -> KeyFacts:
    """A tenant's key by its id, with or without its prefix; ConfigError for an unknown one."""
    short = key_id.removeprefix(PREFIX)
    found = _read(connection, keys.c.tenant == tenant, keys.c.key_id == short)
    if not found:
        raise ConfigError(
            f"{tenant} has no key {key_id!r}", hint=f"undercut keys list {tenant} shows the ids"
        )
    return found[0]


def _living(connection: Connection, tenant: str, key_id: str, now: datetime) -> KeyFacts:
    found = find_key(connection, tenant, key_id)
    ends = found.terms.expires_at
    if found.revoked_at is not None or (ends is not None and ends <= now):
        raise ConfigError(
            f"the key {found.key_id} was revoked or has expired, so it cannot be rotated",
            hint=f"undercut keys create {tenant}",
        )
    return found


def _read(connection: Connection, *conditions: object) -> tuple[KeyFacts, ...]:
    rows = connection.execute(
        select(keys, accounts.c.per_minute, accounts.c.monthly_inputs, accounts.c.budget)
        .join(accounts, accounts.c.account == keys.c.account)
        .where(*conditions)  # type: ignore[arg-type]
        .order_by(keys.c.created_us, keys.c.key_id)
    )
    return tuple(
        KeyFacts(
            key_id=row.key_id,
            tenant=row.tenant,
            account=row.account,
            terms=KeyTerms(
                per_minute=row.per_minute,
                monthly_inputs=row.monthly_inputs,
                budget=None if row.budget is None else Money.parse(row.budget),
                roles=frozenset(Role(name) for name in row.roles.split(",")),
                expires_at=None if row.expires_us is None else moment(row.expires_us),
                note=row.note,
            ),
            created_at=moment(row.created_us),
            revoked_at=None if row.revoked_us is None else moment(row.revoked_us),
            secret_sha256=bytes(row.secret_sha256),
            version=row.version,
        )
        for row in rows
    )


def check_limits(per_minute: int | None, monthly_inputs: int | None, budget: Money | None) -> None:
    """ConfigError for a limit that is none."""
    for name, value in (("per minute", per_minute), ("monthly", monthly_inputs)):
        if value is not None and not 0 < value < (2**31 if name == "per minute" else _MOST):
            raise ConfigError(f"a limit {name} must be a number above 0, got {value}")
    if budget is not None and attos(budget) <= 0:
        raise ConfigError(f"a monthly budget must be above 0, got {budget}")


def _check(terms: KeyTerms, now: datetime) -> None:
    check_limits(terms.per_minute, terms.monthly_inputs, terms.budget)
    if not terms.roles:
        raise ConfigError("a key needs a role, predict or admin")
    if terms.expires_at is not None and terms.expires_at <= now:
        raise ConfigError(f"a new key cannot have expired already, at {terms.expires_at}")
