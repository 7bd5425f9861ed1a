"""The column by which a labelling job says which of its texts are a random sample.

Texts that were chosen for what they teach are harder than texts as they come: they may train, and a
model that is judged on them is judged on no traffic there is. The column goes with the labels
wherever they go: into tables of any format, and through `undercut clean`, which carries it in
`extra`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError

PICKED, RANDOM, CHOSEN = "picked", "random", "chosen"
# Where `undercut clean` keeps cells that it does not read, as JSON.
EXTRA = "extra"


@dataclass(frozen=True, slots=True)
class Picks:
    """What the column says. judges: (rows,) whether each is of the random sample; None where all
    are, or where the column is another's. foreign: a value that no labelling job writes.
    """

    judges: NDArray[np.bool_] | None
    foreign: str | None = None


def picks_of(picked: Sequence[str | None] | None, lines: Sequence[int], source: str) -> Picks:
    """The sample among rows, by the values of their column `picked`.

    picked: (rows,) as read, None where there is no such column. lines: (rows,) for messages.
    The column counts where every value is exactly 'random' or 'chosen', or empty: an empty one is
    a row of which nothing is known, so it trains and judges nothing. With any other value it is a
    column of the user's own and says nothing. Raises InputError where it holds both words and
    others beside them, and where no row is of the sample.
    """
    values = {value for value in picked or () if value}
    if picked is None or not values:
        return Picks(None)
    foreign = values - {RANDOM, CHOSEN}
    if foreign:
        at, value = next((n, value) for n, value in enumerate(picked) if value in foreign)
        if values >= {RANDOM, CHOSEN}:
            raise InputError(
                f"column {PICKED!r} holds {value!r} beside {RANDOM!r} and {CHOSEN!r}, which say "
                "which rows may judge a model",
                file=source,
                line=int(lines[at]),
                hint=f"expected {RANDOM!r}, {CHOSEN!r} or nothing; rename a column of your own",
            )
        return Picks(None, value)
    judges = np.array([value == RANDOM for value in picked], dtype=bool)
    if not judges.any():
        raise InputError(
            f"column {PICKED!r} calls no row {RANDOM!r}: texts that were chosen for what they "
            "teach may train, and judge no model",
            file=source,
            hint="use the whole of the labelling job's table; rename a column of your own",
        )
    return Picks(None if judges.all() else judges)


def picked_cell(cell: object, *, column: str) -> str | None:
    """The value in a cell of `picked`, or of `extra` as `undercut clean` writes it."""
    if column == EXTRA:
        if not isinstance(cell, str) or f'"{PICKED}"' not in cell:
            return None
        try:
            content = json.loads(cell)
        except ValueError:
            return None
        cell = content.get(PICKED) if isinstance(content, dict) else None
    return None if cell is None or cell == "" else str(cell)


def picked_column(columns: Sequence[str], *, used: Sequence[str | None]) -> str | None:
    """Which of a table's columns holds it; None where there is none. used: text and label."""
    return next((name for name in (PICKED, EXTRA) if name in columns and name not in used), None)
