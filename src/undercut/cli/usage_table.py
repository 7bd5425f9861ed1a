"""Usage as a table and as JSON: exact amounts as strings, unknown costs counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from undercut.core.money import exact

if TYPE_CHECKING:
    from undercut.operate.metering.usage import MonthUsage, Used

_SHORT = 12


def render_usage(found: MonthUsage, console: Console) -> None:
    """Print the month by day, key and plan, and in all."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(f"{found.tenant} {found.month}")
    for name in ("requests", "inputs", "tokens", "own cost"):
        table.add_column(name, justify="right")
    for kind, lines in (("", found.by_day), ("key ", found.by_key), ("plan ", found.by_plan)):
        for name, used in lines.items():
            _row(table, kind + (name if kind != "plan " else name[:_SHORT]), used)
        table.add_section()
    _row(table, "total", found.total, style="bold")
    console.print(table)


def usage_json(found: MonthUsage) -> dict[str, object]:
    """The month with exact sums."""
    return {
        "tenant": found.tenant,
        "month": found.month,
        "total": _used(found.total),
        "by_day": {name: _used(used) for name, used in found.by_day.items()},
        "by_key": {name: _used(used) for name, used in found.by_key.items()},
        "by_plan": {name: _used(used) for name, used in found.by_plan.items()},
    }


def _used(used: Used) -> dict[str, object]:
    return {
        "requests": used.requests,
        "inputs": used.inputs,
        "tokens": used.tokens,
        "own_cost": {money.currency: exact(money.amount) for money in used.costs},
        "unknown_cost": used.unknown_cost,
    }


def _row(table: Table, name: str, used: Used, *, style: str = "") -> None:
    costs = [money.display() for money in used.costs]
    # an unknown cost is no zero: what is known is a lower bound, and says so
    if used.unknown_cost:
        costs.append(f"{used.unknown_cost:,} unknown")
    cells = (name, f"{used.requests:,}", f"{used.inputs:,}", f"{used.tokens:,}", " + ".join(costs))
    table.add_row(*(Text(cell) for cell in cells), style=style)
