"""A group of plain requests as one statement: what the database does between two looks at Python.

Every call into a database driver gives the interpreter's lock away and has to win it back from a
busy event loop, which may take milliseconds. So where nothing has to be read or decided on the
way, a whole group (mark, totals, claims, rows) is one statement that is its own transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from undercut.operate.metering.rows import Row

# what a signed 64-bit column holds; larger sums are refused one by one, on the ordinary way
_MOST = 2**63


@dataclass(frozen=True, slots=True)
class Group:
    """What one statement writes.

    writer_id, number: the writer's mark. totals, claims, rows: as `totals`, `claiming` and `rows`
    order their columns; all of it new, or the statement fails and nothing of it stands.
    """

    writer_id: str
    number: int
    totals: Sequence[Row]
    claims: Sequence[Row]
    rows: Sequence[Row]


def fits(totals: Sequence[Row], *, first_sum: int) -> bool:
    """Whether every sum, and so every summand, fits into its column."""
    return all(value < _MOST for line in totals for value in line[first_sum:])  # type: ignore[operator]
