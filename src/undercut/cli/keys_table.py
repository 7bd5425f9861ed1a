"""Keys as a table and as JSON; no secret is in either."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from undercut.operate.metering.key_rows import KeyFacts


def render_keys(found: Sequence[KeyFacts], now: datetime, console: Console) -> None:
    """Print one line for each key."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("key", "tenant", "roles", "per minute", "inputs/month", "budget", "state"):
        table.add_column(name, justify="right" if "m" in name[3:] else "left")
    for key in found:
        terms = key.terms
        cells = (
            key.key_id,
            key.tenant,
            ",".join(sorted(terms.roles)),
            _number(terms.per_minute),
            _number(terms.monthly_inputs),
            "" if terms.budget is None else terms.budget.display(),
            state_of(key, now),
        )
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)


def keys_json(found: Sequence[KeyFacts], now: datetime) -> list[dict[str, object]]:
    """Keys with exact limits, unknown or unlimited as null."""
    return [
        {
            "key_id": key.key_id,
            "tenant": key.tenant,
            "account": key.account,
            "roles": sorted(key.terms.roles),
            "per_minute": key.terms.per_minute,
            "monthly_inputs": key.terms.monthly_inputs,
            "budget": None if key.terms.budget is None else str(key.terms.budget),
            "note": key.terms.note,
            "created_at": key.created_at.isoformat(),
            "expires_at": None
            if key.terms.expires_at is None
            else key.terms.expires_at.isoformat(),
            "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(),
            "state": state_of(key, now),
        }
        for key in found
    ]


def state_of(key: KeyFacts, now: datetime) -> str:
    """'active', 'revoked', 'expired', or 'until' and a time for one that will expire."""
    ends = key.terms.expires_at
    if key.revoked_at is not None:
        return "revoked"
    if ends is None:
        return "active"
    return "expired" if ends <= now else f"until {ends:%Y-%m-%d %H:%M}"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
