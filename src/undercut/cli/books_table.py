"""The state of books and what was booked, as tables and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from undercut.core.money import exact
from undercut.runs.report.formats import UNKNOWN

if TYPE_CHECKING:
    from undercut.operate.metering.own_cost import Booking
    from undercut.runs.books import BooksCheck

_DIGEST = 12


def render_check(found: BooksCheck, console: Console) -> None:
    """Print what is in the books, and whether it adds up."""
    held = found.summary
    console.print(Text(f"books at {found.name}"))
    for line in (
        f"{held.requests:,} requests with {held.inputs:,} inputs, {held.tenants:,} tenants,"
        f" {held.keys:,} keys, {held.answers_kept:,} answers kept for repeats",
        f"{held.leases:,} leases ({held.expired_leases:,} expired),"
        f" {held.marks:,} marks of servers that run or were killed",
        f"own cost of {held.booked:,} requests is booked, of {held.unbooked:,} not yet",
    ):
        console.print(Text(f"  {line}"))
    for problem in found.problems:
        console.print(Text(f"does not add up: {problem}", style="bold red"))
    if not found.problems:
        console.print(Text("everything adds up"))


def check_json(found: BooksCheck) -> dict[str, object]:
    """The same for programs."""
    return {
        "books": found.name,
        "adds_up": not found.problems,
        "problems": list(found.problems),
        **asdict(found.summary),
    }


def render_booked(done: Sequence[Booking], console: Console) -> None:
    """Print one line for each entry."""
    if not done:
        console.print(Text("nothing to book: all is in the ledger"))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("day", "plan", "requests", "own cost"):
        table.add_column(name, justify="right" if name in ("requests", "own cost") else "left")
    for one in done:
        cost = UNKNOWN if one.cost is None else one.cost.display()
        cells = (one.day, one.plan[:_DIGEST], f"{one.requests:,}", cost)
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)


def booked_json(done: Sequence[Booking]) -> list[dict[str, object]]:
    """The entries with exact amounts, an unknown one as null."""
    return [
        {
            "day": one.day,
            "plan": one.plan,
            "part": one.part,
            "requests": one.requests,
            "own_cost": None if one.cost is None else exact(one.cost.amount),
            "currency": one.currency or None,
        }
        for one in done
    ]
