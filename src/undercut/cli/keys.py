"""`undercut keys`: makes, lists, limits, replaces and revokes the keys that callers send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from undercut.cli.options import AsJson, BooksUrl, Tenant

if TYPE_CHECKING:
    from undercut.operate.metering.key_rows import KeyFacts, NewKey

KeyId = Annotated[str, typer.Argument(metavar="KEY", help="Id of the key.", show_default=False)]


class RoleChoice(StrEnum):
    """Values of --role; `core.requests.Role` has the same."""

    PREDICT = "predict"
    ADMIN = "admin"


keys = typer.Typer(name="keys", rich_markup_mode=None, no_args_is_help=False)


@keys.callback()
def _keys() -> None:
    """Make, list, limit, replace and revoke the API keys of tenants."""


@keys.command()
def create(
    tenant: Tenant,
    per_minute: Annotated[
        int | None, typer.Option(metavar="N", help="Most requests in a minute.")
    ] = None,
    monthly: Annotated[
        int | None, typer.Option(metavar="N", help="Most inputs in a UTC month.")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="MONEY", help="Most own cost in a UTC month, as 50usd."),
    ] = None,
    role: Annotated[
        list[RoleChoice] | None,
        typer.Option(help="What the key may do; several times for several.  [default: predict]"),
    ] = None,
    expires_days: Annotated[
        float | None, typer.Option(metavar="DAYS", help="Days until it stops by itself.")
    ] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="What the key is for.")] = "",
    books: BooksUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make a key for a tenant and print it, this once: only a hash of it is stored."""
    from undercut.core.money import Money
    from undercut.core.requests import Role
    from undercut.operate.metering.key_rows import KeyTerms, create_key
    from undercut.runs.books import open_books_here

    now = datetime.now(UTC)
    terms = KeyTerms(
        per_minute=per_minute,
        monthly_inputs=monthly,
        budget=None if budget is None else Money.parse(budget),
        roles=frozenset(Role(one.value) for one in role or [RoleChoice.PREDICT]),
        expires_at=None if expires_days is None else now + timedelta(days=expires_days),
        note=note,
    )
    with open_books_here(books) as opened:
        made = opened.write(lambda connection: create_key(connection, tenant, terms, now))
    _show(made, as_json=as_json)


@keys.command("list")
def list_(
    tenant: Annotated[
        str | None, typer.Argument(metavar="[TENANT]", help="All tenants by default.")
    ] = None,
    books: BooksUrl = None,
    as_json: AsJson = False,
) -> None:
    """List keys with their limits and state; secrets are never shown again."""
    from undercut.cli.keys_table import keys_json, render_keys
    from undercut.operate.metering.key_rows import list_all_keys, list_keys
    from undercut.runs.books import open_books_here

    with open_books_here(books) as opened:
        found: tuple[KeyFacts, ...] = opened.read(
            lambda connection: (
                list_all_keys(connection) if tenant is None else list_keys(connection, tenant)
            )
        )
    now = datetime.now(UTC)
    if as_json:
        from undercut.cli.streams import print_json

        print_json(keys_json(found, now))
    else:
        from undercut.cli.consoles import data_console

        render_keys(found, now, data_console())


@keys.command()
def rotate(
    tenant: Tenant,
    key: KeyId,
    overlap_hours: Annotated[
        float, typer.Option(metavar="HOURS", min=0, help="How long the old key still works.")
    ] = 24.0,
    books: BooksUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make a key that takes another's place, with its limits and what it has used of them."""
    from undercut.operate.metering.key_rows import rotate_key
    from undercut.runs.books import open_books_here

    now = datetime.now(UTC)
    until = now + timedelta(hours=overlap_hours)
    with open_books_here(books) as opened:
        made = opened.write(
            lambda connection: rotate_key(connection, tenant, key, now, old_until=until)
        )
    _show(made, as_json=as_json)


@keys.command("set")
def set_(
    tenant: Tenant,
    key: Annotated[
        str | None,
        typer.Argument(metavar="[KEY]", help="Id of a key; needed where limits differ by key."),
    ] = None,
    per_minute: Annotated[
        str | None, typer.Option(metavar="N|none", help="Most requests in a minute.")
    ] = None,
    monthly: Annotated[
        str | None, typer.Option(metavar="N|none", help="Most inputs in a UTC month.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="MONEY|none", help="Most own cost in a UTC month.")
    ] = None,
    books: BooksUrl = None,
    as_json: AsJson = False,
) -> None:
    """Change a key's limits; running servers obey within a second.

    Keys that replaced each other share their limits. What is used of a month stays used: below
    that, a lower limit stops the key until the next month.
    """
    from undercut.cli.keys_table import keys_json, render_keys
    from undercut.runs.key_limits import change_limits

    changed = change_limits(
        books, tenant, key, per_minute=per_minute, monthly=monthly, budget=budget
    )
    if as_json:
        from undercut.cli.streams import print_json

        print_json(keys_json([changed], datetime.now(UTC))[0])
    else:
        from undercut.cli.consoles import data_console

        render_keys([changed], datetime.now(UTC), data_console())


@keys.command()
def revoke(tenant: Tenant, key: KeyId, books: BooksUrl = None) -> None:
    """Stop a key for ever; running servers refuse it within a second."""
    from undercut.cli.consoles import remark_console
    from undercut.operate.metering.key_rows import revoke_key
    from undercut.runs.books import open_books_here

    now = datetime.now(UTC)
    with open_books_here(books) as opened:
        gone = opened.write(lambda connection: revoke_key(connection, tenant, key, now))
    remark_console().print(f"revoked {gone.key_id} of {tenant}", markup=False)


def _show(made: NewKey, *, as_json: bool) -> None:
    from undercut.cli.consoles import remark_console
    from undercut.cli.streams import print_json, write_data

    if as_json:
        print_json({"key_id": made.key_id, "tenant": made.tenant, "key": made.secret})
        return
    write_data(made.secret + "\n")
    remark_console().print(
        f"key {made.key_id} of {made.tenant}; keep it now, it is not shown again", markup=False
    )
