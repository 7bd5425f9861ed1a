"""The first books: keys, accounts, requests, claims, totals, leases, bookings, deployments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make all tables."""
    _who()
    _what()
    _limits()
    _history()


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def _whole(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null)


def _flag(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _row_number() -> sa.Column[int]:
    return sa.Column("id", _NUMBER, primary_key=True, autoincrement=True)


def _who() -> None:
    op.create_table(
        "books",
        sa.Column("id", sa.Integer, primary_key=True),
        _text("books_id"),
        _whole("key_version"),
    )
    op.create_table(
        "accounts",
        _text("account", key=True),
        _text("tenant"),
        sa.Column("per_minute", sa.Integer),
        _whole("monthly_inputs", null=True),
        _text("budget", null=True),
    )
    op.create_index("ix_accounts_tenant", "accounts", ["tenant"])
    op.create_table(
        "keys",
        _text("key_id", key=True),
        sa.Column("account", sa.Text, sa.ForeignKey("accounts.account"), nullable=False),
        _text("tenant"),
        sa.Column("secret_sha256", sa.LargeBinary, nullable=False),
        _text("roles"),
        _text("note"),
        _whole("created_us"),
        _whole("expires_us", null=True),
        _whole("revoked_us", null=True),
        _whole("version"),
    )
    op.create_index("ix_keys_tenant", "keys", ["tenant"])
    op.create_index("ix_keys_version", "keys", ["version"])


def _what() -> None:
    op.create_table(
        "requests",
        _row_number(),
        *map(_text, ("tenant", "request_id", "key_id", "account", "month")),
        _whole("answered_us"),
        _text("plan"),
        _whole("inputs"),
        _whole("tokens"),
        _text("stages"),
        _text("currency"),
        _whole("nano"),
        _whole("atto"),
        _text("idempotency_key", null=True),
        sa.UniqueConstraint("tenant", "request_id", name="one_row_per_request"),
    )
    op.create_index("requests_by_month", "requests", ["tenant", "month"])
    op.create_table(
        "claims",
        _text("tenant", key=True),
        _text("idempotency_key", key=True),
        _text("request_id"),
        _text("body_sha256"),
        _flag("packed"),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        _whole("token"),
    )


def _limits() -> None:
    op.create_table(
        "month_totals",
        _text("tenant", key=True),
        _text("account", key=True),
        _text("month", key=True),
        _text("currency", key=True),
        *map(_whole, ("requests", "inputs", "tokens", "nano", "atto")),
    )
    op.create_table(
        "leases",
        _text("lease_id", key=True),
        _text("account"),
        _text("month"),
        *map(_whole, ("inputs", "nano", "atto", "expires_us")),
    )
    op.create_index("leases_by_account", "leases", ["account", "month"])


def _history() -> None:
    op.create_table("writers", _text("writer_id", key=True), _whole("last_group"))
    op.create_table(
        "bookings",
        _text("day", key=True),
        _text("plan", key=True),
        _text("currency", key=True),
        sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
        *map(_whole, ("requests", "nano", "atto")),
        _flag("in_ledger"),
    )
    op.create_table(
        "deployments",
        _row_number(),
        _whole("at_us"),
        _text("action"),
        _text("plan_path"),
        _text("plan_digest"),
        _text("canary_share", null=True),
        _flag("shadow"),
        *map(_text, ("actor", "note", "detail_json")),
    )
