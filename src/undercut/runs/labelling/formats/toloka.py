"""Toloka's TSV files: tasks for a pool, and the assignments that come back.

Source: the requester's guide ("Receiving responses") and toloka-kit. Columns are `INPUT:`,
`OUTPUT:`, `GOLDEN:`, `HINT:` and `ASSIGNMENT:` fields; a page of tasks is one assignment, so its
time is shared among them. The reward in the file is a page's, without fee: answers carry no cost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from undercut.build.labels.workers import Answer
from undercut.core.errors import InputError
from undercut.core.tabular import open_writer
from undercut.runs.labelling.formats.carried import OWN_KEY, new_of
from undercut.runs.labelling.formats.json_files import read_table
from undercut.runs.labelling.formats.platform_rows import (
    Sheet,
    answer_of,
    has_extras,
    input_row,
    own_record,
    prefix_of,
    task_of,
)
from undercut.runs.labelling.formats.table import joined
from undercut.runs.labelling.formats.tasks import Format, Task

_INPUT, _OUTPUT, _ASSIGNMENT = "INPUT:", "OUTPUT:", "ASSIGNMENT:"
_SHEET = Sheet(Format.TOLOKA, _INPUT, item="item", text="text")
_LABELS = ("label", "result", "answer", "category", "class", "choice")
_GIVEN = ("", "SUBMITTED", "APPROVED", "ACCEPTED")


def write(path: Path, tasks: Sequence[Task], *, classes: Sequence[str]) -> tuple[Path, ...]:
    """A pool's tasks; assignments as well where there are answers. `path` should end in .tsv."""
    if any(task.answers for task in tasks):
        rows = _assignments(tasks)
    else:
        extras = has_extras(tasks)
        rows = [row for task in tasks for row in _untouched(task, extras)]
    columns = tuple(dict.fromkeys(name for row in rows for name in row)) or ("INPUT:item",)
    with open_writer(path, columns) as writer:
        for row in rows:
            writer.write([row.get(name, "") for name in columns])
    return (path,)


def read(path: Path) -> list[Task]:
    """Tasks in the order of their first row; only given answers count, others are abstentions.

    Raises InputError where it is not clear which `OUTPUT:` column is the label.
    """
    columns, rows = read_table(path)
    output = _output(columns, str(path))
    pages = Counter(_page(row) for _, row in rows)
    prefix = prefix_of(columns, _SHEET)
    tasks: dict[str, Task] = {}
    for line, row in rows:
        if not any(row.values()):
            continue  # an empty line ends a page of tasks in files that go in
        task = task_of(row, _SHEET, prefix=prefix, line=line, file=str(path))
        answers = _answers(row, output, task.ask.item, pages[_page(row)], line, str(path))
        task = Task(task.ask, task.suggestions, answers, task.fields, task.origin)
        known = tasks.get(task.ask.item)
        tasks[task.ask.item] = task if known is None else joined(known, task)
    return list(tasks.values())


def _untouched(task: Task, extras: bool) -> list[dict[str, Any]]:
    before = [dict(row) for row in task.origin_in(Format.TOLOKA)]
    return before or [input_row(task, _SHEET, prefix=_INPUT, extras=extras)]


def _assignments(tasks: Sequence[Task]) -> list[dict[str, Any]]:
    origins = [row for task in tasks for row in task.origin_in(Format.TOLOKA)]
    output = _output(tuple(dict.fromkeys(name for row in origins for name in row)), "")
    pages = Counter(_page(row) for row in origins)
    extras = has_extras(tasks)
    rows: list[dict[str, Any]] = []
    for task in tasks:
        before = task.origin_in(Format.TOLOKA)
        old = [
            answer
            for row in before
            for answer in _answers(row, output, task.ask.item, pages[_page(row)], 0, "")
        ]
        kept = [dict(row) for row in before if row.get("ASSIGNMENT:worker_id")]
        added = [_row(task, one, output, extras) for one in new_of(task.answers, tuple(old))]
        rows += kept + added or _untouched(task, extras)
    return rows


def _row(task: Task, answer: Answer, output: str | None, extras: bool) -> dict[str, Any]:
    return {
        **input_row(task, _SHEET, prefix=_INPUT, extras=extras),
        output or "OUTPUT:label": answer.label or "",
        "ASSIGNMENT:assignment_id": answer.reference,
        "ASSIGNMENT:worker_id": answer.worker,
        "ASSIGNMENT:status": "SUBMITTED",
        _OUTPUT + OWN_KEY: own_record(answer),
    }


def _answers(
    row: Mapping[str, Any], output: str | None, item: str, on_page: int, line: int, file: str
) -> tuple[Answer, ...]:
    if row.get(_OUTPUT + OWN_KEY):
        return (answer_of(row[_OUTPUT + OWN_KEY], item, file=file, line=line),)
    worker = row.get("ASSIGNMENT:worker_id")
    if not worker:
        return ()
    status = str(row.get("ASSIGNMENT:status", "")).upper()
    label = row.get(output or "") if status in _GIVEN else None
    page = _page(row)
    return (
        Answer(
            item,
            worker,
            label or None,
            None,
            seconds=_seconds(row, on_page),
            note="" if status in _GIVEN else status.lower(),
            reference=f"{page}:{item}" if page else "",
        ),
    )


def _page(row: Mapping[str, Any]) -> str:
    return str(row.get("ASSIGNMENT:assignment_id", ""))


def _seconds(row: Mapping[str, Any], tasks: int) -> float | None:
    """A page's time, shared among its tasks; None where it is not known."""
    try:
        start, end = (
            datetime.fromisoformat(str(row[_ASSIGNMENT + name]))
            for name in ("started", "submitted")
        )
        return max((end - start).total_seconds(), 0.0) / max(tasks, 1)
    except (KeyError, ValueError, TypeError):
        return None


def _output(columns: Sequence[str], file: str) -> str | None:
    names = [n for n in columns if n.startswith(_OUTPUT) and n != _OUTPUT + OWN_KEY]
    usual = [_OUTPUT + label for label in _LABELS if _OUTPUT + label in names]
    if len(names) > 1 and not usual:
        raise InputError(
            f"cannot tell which output is the label; found: {', '.join(names)}",
            file=file,
            hint="rename that column to OUTPUT:label",
        )
    return usual[0] if usual else (names[0] if names else None)
