"""Plain tables of answers: CSV and TSV with a row an answer.

`task,worker,label` in any order and under the usual names is enough. What a table has no column
for stands as JSON in a column `undercut`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from undercut.build.labels.workers import Answer, Ask
from undercut.core.errors import InputError
from undercut.core.tabular import open_writer
from undercut.runs.labelling.formats.carried import (
    OWN_KEY,
    answer_from,
    answer_record,
    new_of,
    suggestion_record,
    suggestions_in,
)
from undercut.runs.labelling.formats.json_files import read_table
from undercut.runs.labelling.formats.names import (
    Roles,
    item_name,
    label_name,
    text_name,
    worker_name,
)
from undercut.runs.labelling.formats.tasks import Format, Origin, Suggestion, Task

_ANSWER = ("probability", "seconds", "cost", "reference", "note")
_PREFIX = "answer_"
_SUGGESTION = "suggestion"
_FIRST = ("task", "text", _SUGGESTION, "worker", "label")


def write(path: Path, tasks: Sequence[Task], *, classes: Sequence[str]) -> tuple[Path, ...]:
    """A row an answer, one with an empty label for a task without; unused columns are left out."""
    known = next((one.origin_in(Format.CSV) for one in tasks if one.origin_in(Format.CSV)), None)
    roles = Roles.of(tuple(known[0])) if known else Roles()
    named = any(task.fields for task in tasks)
    rows = [row for task in tasks for row in _rows(task, roles, named=named)]
    columns = tuple(dict.fromkeys(name for row in rows for name in row)) or _FIRST
    with open_writer(path, columns) as writer:
        for row in rows:
            writer.write([row.get(name, "") for name in columns])
    return (path,)


def read(path: Path) -> list[Task]:
    """Tasks in the order of their first row.

    Raises InputError where no column names the item.
    """
    columns, rows = read_table(path)
    if item_name(columns) is None:
        raise InputError(
            f"no column names the item; columns found: {', '.join(columns)}",
            file=str(path),
            hint="task,worker,label",
        )
    roles = Roles.of(columns)
    tasks: dict[str, Task] = {}
    for line, row in rows:
        task = _task(roles, row, line, str(path))
        known = tasks.get(task.ask.item)
        tasks[task.ask.item] = task if known is None else joined(known, task)
    return list(tasks.values())


def joined(known: Task, more: Task) -> Task:
    """One task from two rows of it."""
    records = (*known.origin.records, *more.origin.records) if known.origin and more.origin else ()
    return replace(
        known,
        suggestions=known.suggestions or more.suggestions,
        answers=known.answers + more.answers,
        origin=replace(known.origin, records=records) if known.origin else None,
    )


def _rows(task: Task, roles: Roles, *, named: bool) -> list[dict[str, Any]]:
    before = [dict(record) for record in task.origin_in(Format.CSV)]
    if not before:
        return [_row(task, answer, roles, named=named) for answer in task.answers or (None,)]
    read_back = [_task(roles, record, 0, "") for record in before]
    old = tuple(answer for one in read_back for answer in one.answers)
    added = new_of(task.answers, old)
    if task.suggestions != read_back[0].suggestions:
        own = {**_own(before[0], 0, ""), "suggestions": _records(task.suggestions)}
        before[0][OWN_KEY] = json.dumps(own, ensure_ascii=False)
    if not added:
        return before
    answered = [row for row, one in zip(before, read_back, strict=True) if one.answers]
    blank = {name: "" for name in before[0] if name.startswith(_PREFIX)}
    return answered + [{**before[0], **blank, **_answer_cells(answer, roles)} for answer in added]


def _row(task: Task, answer: Answer | None, roles: Roles, *, named: bool) -> dict[str, Any]:
    row: dict[str, Any] = {roles.item: task.ask.item, roles.text: task.ask.text}
    if task.suggestions:
        row[_SUGGESTION] = task.suggestions[0].label
    row |= {roles.worker: "", roles.label: ""}
    if answer is not None:
        row |= _answer_cells(answer, roles)
    plain = {k: v for k, v in task.fields.items() if isinstance(v, str) and not _is_own(k)}
    row |= plain
    own: dict[str, Any] = {}
    if named:  # an empty cell may be a field that is empty, or one that is not there
        rest = {key: value for key, value in task.fields.items() if key not in plain}
        own = {"names": list(plain), "fields": rest}
    if task.suggestions and task.suggestions != (Suggestion(task.suggestions[0].label),):
        own["suggestions"] = _records(task.suggestions)
    if own:
        row[OWN_KEY] = json.dumps(own, ensure_ascii=False)
    return row


def _answer_cells(answer: Answer, roles: Roles) -> dict[str, Any]:
    record = answer_record(answer)
    cells = {_PREFIX + name: record[name] for name in _ANSWER if name in record}
    return {roles.worker: answer.worker, roles.label: answer.label or "", **cells}


def _records(suggestions: Sequence[Suggestion]) -> list[dict[str, Any]]:
    return [suggestion_record(one) for one in suggestions]


def _is_own(column: str) -> bool:
    name = column.strip().casefold()
    usual = (item_name, worker_name, label_name, text_name)
    taken = name in (_SUGGESTION, OWN_KEY) or name.startswith(_PREFIX)
    return taken or not column.strip() or any(find((column,)) for find in usual)


def _task(roles: Roles, row: Mapping[str, Any], line: int, file: str) -> Task:
    item = str(row[roles.item])
    own = _own(row, line, file)
    record = {name: row[_PREFIX + name] for name in _ANSWER if row.get(_PREFIX + name)}
    record |= {"worker": row.get(roles.worker, ""), "label": row.get(roles.label, "")}
    answer = answer_from(record, item, file=file, line=line)
    suggestions = suggestions_in(own.get("suggestions"), file=file, line=line)
    if not suggestions and row.get(_SUGGESTION):
        suggestions = (Suggestion(str(row[_SUGGESTION])),)
    known = {roles.item, roles.text, roles.worker, roles.label, _SUGGESTION, OWN_KEY}
    names = own.get("names") or (
        [] if "fields" in own else [n for n in row if n not in known and not n.startswith(_PREFIX)]
    )
    return Task(
        ask=Ask(item, str(row.get(roles.text, ""))),
        suggestions=suggestions,
        answers=() if answer == Answer(item, "", None, None) else (answer,),
        fields={**{name: row[name] for name in names if name in row}, **(own.get("fields") or {})},
        origin=Origin(Format.CSV, (row,)),
    )


def _own(row: Mapping[str, Any], line: int, file: str) -> dict[str, Any]:
    if not row.get(OWN_KEY):
        return {}
    try:
        own = json.loads(row[OWN_KEY])
    except ValueError as error:
        raise InputError(
            f"column {OWN_KEY!r} is not JSON: {error}", file=file, line=line
        ) from error
    return own if isinstance(own, dict) else {}
