"""Cells of a row as parts of a document, the same for files and databases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from undercut.build.data.documents import Document, Origin, Record, Unreadable
from undercut.build.data.picked import PICKED, picked_cell, picked_column
from undercut.build.data.web.licences import named_licence
from undercut.runs.sources.config import SourceConfig


@dataclass(frozen=True, slots=True)
class Roles:
    """Which columns mean what; `names` is the order in which the cells come.

    picked: holds how a text came to be labelled (`build.data.picked`): passed on unasked, so that
    texts which were chosen are not taken for a sample later.
    """

    text: str
    label: str | None
    date: str | None
    licence: str | None
    extra: tuple[str, ...]
    picked: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Each column once."""
        wanted = (self.text, self.label, self.date, self.licence, *self.extra, self.picked)
        return tuple(dict.fromkeys(name for name in wanted if name is not None))


def roles_of(text: str, label: str | None, config: SourceConfig, columns: Sequence[str]) -> Roles:
    """The roles for a table of these columns, of which text and label are settled."""
    picked = picked_column(columns, used=(text, label))
    return Roles(
        text, label, config.date_column, config.licence_column, config.extra_columns, picked
    )


def document_of(
    cells: Sequence[object], roles: Roles, *, source: str, place: str, config: SourceConfig
) -> Record:
    """A row as a document; Unreadable where a cell is of the wrong kind."""
    row = dict(zip(roles.names, cells, strict=True))
    text, label = row[roles.text], row[roles.label] if roles.label else None
    stated = row[roles.licence] if roles.licence else None
    licence = named_licence(str(stated)) if stated not in (None, "") else config.licence
    day = _day(row[roles.date]) if roles.date else None
    origin = Origin(source=source, place=place, date=day, licence=licence)
    if text is None:
        text = ""
    if not isinstance(text, str):
        kind = type(text).__name__
        return Unreadable(origin, f"{roles.text!r} holds a {kind}, expected a string")
    if "\0" in text:
        return Unreadable(origin, "holds a NUL character")
    if len(text) > config.record_characters:
        return Unreadable(origin, f"a text longer than {config.record_characters} characters")
    if label is not None and not isinstance(label, str | int | float | Decimal):
        return Unreadable(origin, f"the label is a {type(label).__name__}")
    extra = {name: written(row[name]) for name in roles.extra if row[name] is not None}
    if roles.picked is not None:
        picked = picked_cell(row[roles.picked], column=roles.picked)
        extra |= {} if picked is None else {PICKED: picked}
    return Document(text, None if label is None else written(label), origin, extra)


def written(cell: object) -> str:
    """A cell as text: ISO dates, true and false, JSON for lists and objects."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, dict | list):
        return json.dumps(cell, ensure_ascii=False, default=str)
    return cell.decode("utf-8", errors="replace") if isinstance(cell, bytes) else str(cell)


def _day(cell: object) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    try:
        return date.fromisoformat(cell.strip()[:10]) if isinstance(cell, str) else None
    except ValueError:
        return None  # a date that cannot be read is an unknown one; the text is still good
