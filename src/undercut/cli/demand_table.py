"""Estimates of demand as a table, their cautions, and lines for the market file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from undercut.runs.selling.demand_findings import Findings


def render_findings(found: Findings, console: Console) -> None:
    """Print what was found."""
    console.print(Text(f"{found.method}, {found.rows:,} rows of {found.source}", style="bold"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for name in ("estimate", "low", "high"):
        table.add_column(name, justify="right")
    for each in found.estimates:
        table.add_row(
            *(Text(c) for c in (each.name, *map(_shown, (each.value, each.low, each.high))))
        )
    console.print(table)
    for name, value in found.facts:
        console.print(Text(f"{name}: {_shown(value)}"))
    for note in found.notes:
        console.print(Text(f"! {note.caution.value}: {note.text}", style="yellow"))
    if found.for_market_file:
        console.print(Text("\nfor market.yaml:"))
        for line in found.for_market_file:
            console.print(Text(f"  {line}"))


def _shown(value: float) -> str:
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "no bound"
    return f"{value:.4g}"
