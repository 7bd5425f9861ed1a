"""The tables of the books; `migrations/` makes them, a test compares the two.

Times are whole microseconds since 1970 in UTC, months 'YYYY-MM', costs two integers (`amounts`).
Nothing is ever deleted but leases, which are promises, and rows whose commit was in doubt.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()
# SQLite numbers rows by itself only where the type is called INTEGER
Number = BigInteger().with_variant(Integer, "sqlite")

books = Table(
    "books",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("books_id", Text, nullable=False),
    # counts changes of keys, so that servers see with one read that there was one
    Column("key_version", BigInteger, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    # the id of the first key; keys that replace it stay in its account, and so do the limits
    Column("account", Text, primary_key=True),
    Column("tenant", Text, nullable=False, index=True),
    Column("per_minute", Integer),
    Column("monthly_inputs", BigInteger),
    Column("budget", Text),
)

limit_changes = Table(
    "limit_changes",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False, index=True),
    Column("at_us", BigInteger, nullable=False),
    # the limits from then on
    Column("per_minute", Integer),
    Column("monthly_inputs", BigInteger),
    Column("budget", Text),
    # what was charged in that month before: a lower limit cannot undo it
    Column("month", Text, nullable=False),
    Column("inputs", BigInteger, nullable=False),
    Column("nano", BigInteger, nullable=False),
    Column("atto", BigInteger, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.account"), nullable=False),
    Column("tenant", Text, nullable=False, index=True),
    Column("secret_sha256", LargeBinary, nullable=False),
    Column("roles", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger),
    Column("revoked_us", BigInteger),
    Column("version", BigInteger, nullable=False, index=True),
)

requests = Table(
    "requests",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("tenant", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("month", Text, nullable=False),
    Column("answered_us", BigInteger, nullable=False),
    Column("plan", Text, nullable=False),
    Column("inputs", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("stages", Text, nullable=False),
    # no currency: the cost is unknown
    Column("currency", Text, nullable=False),
    Column("nano", BigInteger, nullable=False),
    Column("atto", BigInteger, nullable=False),
    Column("idempotency_key", Text),
    UniqueConstraint("tenant", "request_id", name="one_row_per_request"),
    Index("requests_by_month", "tenant", "month"),
)

claims = Table(
    "claims",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("idempotency_key", Text, primary_key=True),
    Column("request_id", Text, nullable=False),
    Column("body_sha256", Text, nullable=False),
    Column("packed", Integer, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    # of the attempt that claimed: a request id alone may be used again by a retrying caller
    Column("token", BigInteger, nullable=False),
)

month_totals = Table(
    "month_totals",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("month", Text, primary_key=True),
    # '' collects the requests of unknown cost; its amount is what a budget paid for them
    Column("currency", Text, primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("inputs", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("nano", BigInteger, nullable=False),
    Column("atto", BigInteger, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("lease_id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("month", Text, nullable=False),
    Column("inputs", BigInteger, nullable=False),
    Column("nano", BigInteger, nullable=False),
    Column("atto", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Index("leases_by_account", "account", "month"),
)

writers = Table(
    "writers",
    metadata,
    Column("writer_id", Text, primary_key=True),
    # written in every transaction: tells whether one whose commit went unanswered stands
    Column("last_group", BigInteger, nullable=False),
)

bookings = Table(
    "bookings",
    metadata,
    Column("day", Text, primary_key=True),
    Column("plan", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    # a day is booked again for the requests that came after its last booking
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("requests", BigInteger, nullable=False),
    Column("nano", BigInteger, nullable=False),
    Column("atto", BigInteger, nullable=False),
    Column("in_ledger", Integer, nullable=False),
)

deployments = Table(
    "deployments",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("at_us", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("plan_path", Text, nullable=False),
    Column("plan_digest", Text, nullable=False),
    Column("canary_share", Text),
    Column("shadow", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("detail_json", Text, nullable=False),
)
