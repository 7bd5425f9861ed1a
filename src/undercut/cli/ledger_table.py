"""The ledger as a table: entries by stage, their sums, and what does not add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from undercut.core.ledger_entries import ENDS, Entry, Event, Total, total_of
from undercut.core.usage import Unit, Usage
from undercut.runs.report.formats import UNKNOWN

_HEADS = ("entry", "stage", "event", "CPU s", "wall s", "amount", "paid by")
_STAGE = 1
_WORDS = (1, 2)
LEAST_STAGE = 8
PADDING = 3


def render_ledger(entries: Sequence[Entry], problems: Sequence[str], console: Console) -> None:
    """Print the book; the start of an attempt shows only while it has no end."""
    ended = {entry.attempt_id for entry in entries if entry.event is not Event.STARTED}
    console.print(_table([e for e in entries if _tells(e, ended)], console.width))
    for problem in problems:
        console.print(Text(f"does not add up: {problem}", style="bold red"))
    if not problems:
        console.print(
            Text(
                f"{len(entries)} entries add up. Amounts are rounded here, exact with --json.",
                style="dim",
            )
        )


def _tells(entry: Entry, ended: set[str]) -> bool:
    return entry.event is not Event.STARTED or entry.attempt_id not in ended


def _table(entries: Sequence[Entry], width: int) -> Table:
    # Only stage names may be cut: a number without its end is no number.
    cells = [_entry_cells(entry) for entry in entries]
    cells.append(("", "total", "", *_total_cells(total_of(entries)), ""))
    widths = [max(len(row[i]) for row in [_HEADS, *cells]) for i in range(len(_HEADS))]
    others = sum(widths) - widths[_STAGE] + PADDING * len(widths)
    widths[_STAGE] = max(LEAST_STAGE, min(widths[_STAGE], width - others))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, (head, wide) in enumerate(zip(_HEADS, widths, strict=True)):
        justify: Literal["left", "right"] = "left" if position in _WORDS else "right"
        table.add_column(head, justify=justify, no_wrap=True, min_width=wide, max_width=wide)
    for entry in entries:
        _row(table, _entry_cells(entry), style="dim" if entry.event is Event.REUSED else "")
    table.add_section()
    for stage, total in _by_stage(entries).items():
        _row(table, ("", stage, "", *_total_cells(total), ""))
    table.add_section()
    _row(table, ("", "total", "", *_total_cells(total_of(entries)), ""), style="bold")
    return table


def _entry_cells(entry: Entry) -> tuple[str, ...]:
    event = "open" if entry.event is Event.STARTED else entry.event.value
    amount = UNKNOWN if entry.amount is None else entry.amount.display()
    if entry.event not in ENDS:
        amount = ""
    payer = "" if entry.paid_by is None else f"entry {entry.paid_by}"
    return (str(entry.id), entry.stage, event, *_seconds(entry.usage), amount, payer)


def _total_cells(total: Total) -> tuple[str, ...]:
    amounts = [money.display() for money in total.amounts]
    # an unknown cost is no zero: what is known is a lower bound, and says so
    if total.unpriced:
        amounts.append(f"{total.unpriced} unknown")
    return (*_seconds(total.usage), " + ".join(amounts))


def _by_stage(entries: Iterable[Entry]) -> dict[str, Total]:
    """Sums of the stages that have several ends; those of one end stand in the table."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.event in ENDS:
            groups.setdefault(entry.stage, []).append(entry)
    return {stage: total_of(group) for stage, group in groups.items() if len(group) > 1}


def _seconds(usage: Sequence[Usage]) -> tuple[str, str]:
    known = {part.unit: part.quantity for part in usage}
    cpu, wall = known.get(Unit.CPU_SECONDS), known.get(Unit.WALL_SECONDS)
    return ("" if cpu is None else f"{cpu:,.1f}", "" if wall is None else f"{wall:,.1f}")


def _row(table: Table, cells: Sequence[str], *, style: str = "") -> None:
    table.add_row(*(Text(cell) for cell in cells), style=style)
