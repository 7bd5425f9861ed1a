"""What a tenant used in a month: sums of its rows in all, by day, key and plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from undercut.core.errors import ConfigError
from undercut.core.money import Money
from undercut.operate.metering.amounts import joined, money
from undercut.operate.metering.rows import moment
from undercut.operate.metering.schema import requests

DAY_US = 86_400_000_000
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Used:
    """Sums over requests.

    costs: own cost, one amount for each currency; unknown_cost: requests whose cost is not known,
    which are in none of them.
    """

    requests: int
    inputs: int
    tokens: int
    costs: tuple[Money, ...]
    unknown_cost: int


@dataclass(frozen=True, slots=True)
class MonthUsage:
    """One tenant's month. by_day: UTC days of the answers, 'YYYY-MM-DD'."""

    tenant: str
    month: str
    total: Used
    by_day: dict[str, Used]
    by_key: dict[str, Used]
    by_plan: dict[str, Used]


def check_month(month: str) -> str:
    """The month as given; ConfigError for anything but 'YYYY-MM'."""
    if not _MONTH.fullmatch(month):
        raise ConfigError(f"a month is written YYYY-MM, got {month!r}", hint="2026-11")
    return month


def usage(connection: Connection, tenant: str, month: str) -> MonthUsage:
    """The usage of requests admitted in a UTC month; zeros where there were none."""
    column = requests.c
    day = (column.answered_us // DAY_US).label("day")
    rows = connection.execute(
        select(
            day,
            column.key_id,
            column.plan,
            column.currency,
            func.count().label("requests"),
            func.sum(column.inputs).label("inputs"),
            func.sum(column.tokens).label("tokens"),
            func.sum(column.nano).label("nano"),
            func.sum(column.atto).label("atto"),
        )
        .where(column.tenant == tenant, column.month == check_month(month))
        .group_by(day, column.key_id, column.plan, column.currency)
    ).all()
    return MonthUsage(
        tenant,
        month,
        _used(rows),
        _by(rows, lambda row: moment(int(row.day) * DAY_US).date().isoformat()),
        _by(rows, lambda row: str(row.key_id)),
        _by(rows, lambda row: str(row.plan)),
    )


def _by(rows: Iterable[Row[Any]], name: Callable[[Row[Any]], str]) -> dict[str, Used]:
    groups: dict[str, list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault(name(row), []).append(row)
    return {key: _used(groups[key]) for key in sorted(groups)}


def _used(rows: Iterable[Row[Any]]) -> Used:
    rows = list(rows)
    sums: dict[str, int] = {}
    for row in rows:
        if row.currency:
            sums[row.currency] = sums.get(row.currency, 0) + joined(row.nano, row.atto)
    return Used(
        requests=sum(row.requests for row in rows),
        inputs=int(sum(row.inputs for row in rows)),
        tokens=int(sum(row.tokens for row in rows)),
        costs=tuple(money(sums[currency], currency) for currency in sorted(sums)),
        unknown_cost=sum(row.requests for row in rows if not row.currency),
    )
