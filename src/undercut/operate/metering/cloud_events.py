"""Usage as CloudEvents 1.0 in JSON, one event a line, for billing systems.

Source: CloudEvents 1.0.2 and its JSON format. `source` and `id` together are unique for ever:
exporting again gives the same events, which a receiver can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import orjson
from sqlalchemy import Connection, Row, select

from undercut.core.money import exact
from undercut.operate.metering.amounts import joined, money
from undercut.operate.metering.rows import moment
from undercut.operate.metering.schema import requests
from undercut.operate.metering.usage import check_month

EVENT_TYPE = "dev.undercut.request.answered.v1"
_AT_ONCE = 1000


def cloud_events(connection: Connection, books_id: str, tenant: str, month: str) -> Iterator[bytes]:
    """A tenant's answered requests of a month, one JSON object with a line end each, as booked."""
    source = f"urn:undercut:{books_id}:{quote(tenant, safe='')}"
    last = 0
    # page by page: an export of millions of rows neither fills the memory nor holds a snapshot
    while True:
        rows = connection.execute(
            select(requests)
            .where(
                requests.c.tenant == tenant,
                requests.c.month == check_month(month),
                requests.c.id > last,
            )
            .order_by(requests.c.id)
            .limit(_AT_ONCE)
        ).all()
        for row in rows:
            yield orjson.dumps(_event(row, source), option=orjson.OPT_APPEND_NEWLINE)
        if len(rows) < _AT_ONCE:
            return
        last = rows[-1].id


def _event(row: Row[Any], source: str) -> dict[str, object]:
    cost = money(joined(row.nano, row.atto), row.currency) if row.currency else None
    return {
        "specversion": "1.0",
        "type": EVENT_TYPE,
        "source": source,
        "id": row.request_id,
        "time": moment(row.answered_us).isoformat().replace("+00:00", "Z"),
        "subject": row.tenant,
        "datacontenttype": "application/json",
        "data": {
            "key_id": row.key_id,
            "month": row.month,
            "plan": row.plan,
            "inputs": row.inputs,
            "tokens": row.tokens,
            "stages": orjson.loads(row.stages),
            "own_cost": None
            if cost is None
            else {"amount": exact(cost.amount), "currency": cost.currency},
        },
    }
