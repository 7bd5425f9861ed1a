"""Limits that change while servers run, and what was charged before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the history of limits."""
    op.create_table(
        "limit_changes",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("per_minute", sa.Integer),
        sa.Column("monthly_inputs", sa.BigInteger),
        sa.Column("budget", sa.Text),
        sa.Column("month", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("inputs", "nano", "atto")),
    )
    op.create_index("ix_limit_changes_account", "limit_changes", ["account"])
