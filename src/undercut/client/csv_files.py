"""A CSV file of texts answered into another, row by row: the columns of a server's CSV answers."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from undercut.client.answers import Answer
from undercut.core.errors import InputError
from undercut.core.money import exact

_TEXT, _ID = "text", "id"
_COLUMNS = ("position", "id", "label", "confidence", "stage", "cost", "currency", "plan")


class CsvJob:
    """Rows on their way: read ahead by as many as a client asks at once, written in their order.

    rows: how many are written.
    """

    def __init__(self, source: TextIO, target: TextIO, text_column: str | None, top_k: int) -> None:
        self._reader = csv.reader(source)
        self._writer = csv.writer(target)
        self._column = text_column
        self._top_k = top_k
        self._ids: deque[str] = deque()
        self.rows = 0

    def texts(self) -> Iterator[str]:
        """The texts of the file; InputError for a header without them or a row that is torn."""
        header = [name.strip().removeprefix("\ufeff") for name in next(self._reader, [])]
        text_at, id_at = _places(header, self._column)
        more = [f"{name}_{n}" for n in range(2, self._top_k + 1) for name in _COLUMNS[2:4]]
        self._writer.writerow([*_COLUMNS, *more])
        for cells in self._reader:
            if not cells:
                continue
            if len(cells) != len(header):
                line = self._reader.line_num
                raise InputError(f"line {line} has {len(cells)} fields, the header {len(header)}")
            self._ids.append("" if id_at is None else cells[id_at])
            yield cells[text_at]

    def write(self, answer: Answer) -> None:
        """The answer to the next text, in the order of the texts."""
        cost = answer.cost
        money = ("", "") if cost is None else (exact(cost.amount), cost.currency)
        ranked: list[object] = []
        for one in answer.top[1 : self._top_k]:
            ranked += [one.label, one.confidence]
        ranked += [""] * (2 * (self._top_k - 1) - len(ranked))
        facts = (answer.label, answer.confidence, answer.stage, *money, answer.plan)
        self._writer.writerow([self.rows, self._ids.popleft(), *facts, *ranked])
        self.rows += 1


@contextmanager
def csv_job(
    source: Path | str, target: Path | str, *, text_column: str | None, top_k: int
) -> Iterator[CsvJob]:
    """Open both files; the target appears when it is whole.

    text_column: 'text', or the only column, where not given. A column `id` goes along.
    """
    target = Path(target)
    part = target.with_name(target.name + ".part")
    try:
        with (
            Path(source).open(encoding="utf-8", newline="") as reading,
            part.open("w", encoding="utf-8", newline="") as writing,
        ):
            yield CsvJob(reading, writing, text_column, top_k)
        part.replace(target)
    except UnicodeDecodeError as error:
        raise InputError(f"{source} is not UTF-8: {error.reason}") from error
    except csv.Error as error:
        raise InputError(f"{source} cannot be read as CSV: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def _places(header: list[str], text_column: str | None) -> tuple[int, int | None]:
    wanted = text_column or (header[0] if len(header) == 1 else _TEXT)
    if header.count(wanted) != 1:
        raise InputError(
            f"the header has {header.count(wanted)} columns named {wanted!r}: {', '.join(header)}",
            hint="text_column= names the column of the texts",
        )
    with_id = _ID in header and wanted != _ID
    return header.index(wanted), header.index(_ID) if with_id else None
