"""What the tables of MTurk and Toloka share: input columns under a prefix."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from undercut.build.labels.workers import Answer, Ask
from undercut.core.errors import InputError
from undercut.runs.labelling.formats.carried import (
    OWN_KEY,
    answer_from,
    answer_record,
    suggestion_record,
    suggestions_in,
)
from undercut.runs.labelling.formats.names import item_name, text_name
from undercut.runs.labelling.formats.tasks import Format, Origin, Task

_SUGGESTION = "suggestion"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A platform's table: how its input columns begin, and our names behind that."""

    format: Format
    prefix: str
    item: str
    text: str


def has_extras(tasks: Sequence[Task]) -> bool:
    """Whether some task has more than item and text: then every row says what it has."""
    return any(task.fields or task.suggestions for task in tasks)


def input_row(task: Task, sheet: Sheet, *, prefix: str, extras: bool) -> dict[str, Any]:
    """Item, text, the first suggestion, plain fields; with `extras`, the rest as JSON."""
    before = task.origin_in(sheet.format)
    if before:
        found = prefix_of(before[0], sheet)
        return {
            prefix + key[len(found) :]: value
            for key, value in before[0].items()
            if key.startswith(found)
        }
    row: dict[str, Any] = {prefix + sheet.item: task.ask.item, prefix + sheet.text: task.ask.text}
    if task.suggestions:
        row[prefix + _SUGGESTION] = task.suggestions[0].label
    taken = (sheet.item, sheet.text, _SUGGESTION, OWN_KEY)
    plain = {
        k: v
        for k, v in task.fields.items()
        if isinstance(v, str) and k.isidentifier() and k not in taken and not _role(k)
    }
    row |= {prefix + key: value for key, value in plain.items()}
    rest = {key: value for key, value in task.fields.items() if key not in plain}
    if extras:  # an empty cell may be a field that is empty, or one that is not there
        own = {
            "names": list(plain),
            "fields": rest,
            "suggestions": [suggestion_record(one) for one in task.suggestions],
        }
        row[prefix + OWN_KEY] = json.dumps(own, ensure_ascii=False)
    return row


def prefix_of(columns: Iterable[str], sheet: Sheet) -> str:
    """How input columns begin here: a file that goes out may have bare names."""
    return sheet.prefix if any(name.startswith(sheet.prefix) for name in columns) else ""


def task_of(row: Mapping[str, str], sheet: Sheet, *, prefix: str, line: int, file: str) -> Task:
    """The task of a row, without answers.

    Raises InputError where no input column holds a text or names the item.
    """
    inputs = {key[len(prefix) :]: value for key, value in row.items() if key.startswith(prefix)}
    own = _own(inputs.get(OWN_KEY, ""), line, file)
    columns = tuple(inputs)
    text = text_name(columns) or (columns[0] if len(columns) == 1 else None)
    item = item_name(columns)
    if text is None and item is None:
        raise InputError(
            f"no input column names the item; found: {', '.join(columns)}",
            file=file,
            line=line,
            hint=f"{sheet.prefix}{sheet.item} and {sheet.prefix}{sheet.text}",
        )
    known = {text, item, OWN_KEY, _SUGGESTION}
    names = own["names"] if "names" in own else [name for name in columns if name not in known]
    suggestions = suggestions_in(own.get("suggestions"), file=file, line=line)
    return Task(
        ask=Ask(inputs[item or text or ""], inputs.get(text or "", "")),
        suggestions=suggestions,
        fields={
            **{name: inputs[name] for name in names if name in inputs},
            **(own.get("fields") or {}),
        },
        origin=Origin(sheet.format, (row,)),
    )


def own_record(answer: Answer) -> str:
    """All of an answer as JSON, for a column of its own."""
    return json.dumps(answer_record(answer), ensure_ascii=False)


def answer_of(text: str, item: str, *, file: str, line: int) -> Answer:
    """The answer in such a column."""
    return answer_from(_own(text, line, file), item, file=file, line=line)


def _role(name: str) -> bool:
    return item_name((name,)) is not None or text_name((name,)) is not None


def _own(text: str, line: int, file: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        own = json.loads(text)
    except ValueError as error:
        raise InputError(f"{OWN_KEY} is not JSON: {error}", file=file, line=line) from error
    return own if isinstance(own, dict) else {}
