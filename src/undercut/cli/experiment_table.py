"""A price test as a table."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from undercut.core.money import Money

_UNKNOWN = "–"


def render_standing(found: dict[str, Any], console: Console) -> None:
    """Print how a running test stands."""
    said = f"{found['name']}: {found['verdict']}"
    if found["price_from_now_on"] is not None:
        said += f"; charge {found['price_from_now_on']} from now on"
    console.print(Text(said, style="bold"))
    floor = Money.parse(found["floor"]).display()
    console.print(
        Text(
            f"expected to have cost {found['loss_so_far']:.2f} of at most {found['loss_bound']}; "
            f"{found['open']} outcomes open; floor {floor} ({found['floor_source']})"
        )
    )
    if found["analysis"] is None:
        console.print(Text("no outcome is known yet"))
    else:
        render_analysis(found["analysis"], console)


def render_analysis(found: dict[str, Any], console: Console) -> None:
    """Print profit a visitor at each price, and what is proven."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("price")
    for name in ("visitors", "bought", "revenue", "profit", "at every moment", "gain", "best"):
        table.add_column(name, justify="right")
    for each in found["prices"]:
        low, high = each["profit_interval_at_every_moment"]
        cells = (
            each["price"] + (" *" if each["price"] == found["control"] else ""),
            f"{each['visitors']:,}",
            _UNKNOWN if each["bought"] is None else f"{each['bought']:.1%}",
            _money(each["revenue_a_visitor"]),
            _money(each["profit_a_visitor"]),
            f"{low:.3g} to {high:.3g}",
            "" if each["gain"] is None else f"{each['gain'][0]:+.3g}",
            f"{each['chance_best']:.0%}",
        )
        style = "bold" if each["price"] == found["best"] else ""
        table.add_row(*(Text(cell, style=style) for cell in cells))
    console.print(table)
    proven = "proven at every moment" if found["proven"] else "not proven yet"
    share = f"{found['confidence']:.0%}"
    console.print(
        Text(
            f"* today's price. Money a visitor, {share} intervals. {found['best']} leads: {proven}"
        )
    )
    for note in found["notes"]:
        console.print(Text(f"{note['caution']}: {note['text']}"))


def _money(amount: float | None) -> str:
    return _UNKNOWN if amount is None else f"{amount:.3g}"
