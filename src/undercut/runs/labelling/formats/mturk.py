"""Amazon Mechanical Turk: the CSV a batch is made from, and the results CSV of a batch.

Source: the requester guide and published batch results. An input file has a column a variable of
the page; results have `Input.*` and `Answer.*` beside WorkerId, AssignmentId, AssignmentStatus and
WorkTimeInSeconds. The rewards in the file leave out MTurk's fee, so answers carry no cost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from undercut.build.labels.workers import Answer
from undercut.core.errors import InputError
from undercut.core.files import write_atomic
from undercut.core.tabular import open_writer
from undercut.runs.labelling.formats.carried import OWN_KEY, new_of, number_in
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

_INPUT, _ANSWER = "Input.", "Answer."
_SHEET = Sheet(Format.MTURK, _INPUT, item="item", text="text")
_LABEL = "Answer.label.label"
_LABELS = ("label", "category", "answer", "choice", "sentiment", "intent", "class")


def write(path: Path, tasks: Sequence[Task], *, classes: Sequence[str]) -> tuple[Path, ...]:
    """A batch's input file and the page for it; a results file where there are answers."""
    results = any(task.answers for task in tasks)
    extras = has_extras(tasks)
    rows = (
        _results(tasks, extras)
        if results
        else [input_row(task, _SHEET, prefix="", extras=extras) for task in tasks]
    )
    columns = tuple(dict.fromkeys(name for row in rows for name in row)) or ("item", "text")
    with open_writer(path, columns) as writer:
        for row in rows:
            writer.write([row.get(name, "") for name in columns])
    if results:
        return (path,)
    page = path.with_suffix(".layout.html")
    write_atomic(page, layout(classes).encode())
    return path, page


def read(path: Path) -> list[Task]:
    """Tasks in the order of their first row; a rejected assignment is an abstention.

    Raises InputError where it is not clear which `Answer.` column is the label.
    """
    columns, rows = read_table(path)
    prefix = prefix_of(columns, _SHEET)
    tasks: dict[str, Task] = {}
    for line, row in rows:
        task = task_of(row, _SHEET, prefix=prefix, line=line, file=str(path))
        answers = _answers(columns, row, task.ask.item, line, str(path))
        task = Task(task.ask, task.suggestions, answers, task.fields, task.origin)
        known = tasks.get(task.ask.item)
        tasks[task.ask.item] = task if known is None else joined(known, task)
    return list(tasks.values())


def layout(classes: Sequence[str]) -> str:
    """The page of the batch, for the editor of the requester site."""
    names = escape(json.dumps(list(classes), ensure_ascii=False), quote=True)
    return (
        '<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>\n'
        "<crowd-form>\n"
        f'  <crowd-classifier name="label" categories="{names}"\n'
        '      header="Choose the one that fits">\n'
        "    <classification-target>${text}</classification-target>\n"
        '    <full-instructions header="What to do">Choose the one that fits.</full-instructions>\n'
        "    <short-instructions>Choose the one that fits.</short-instructions>\n"
        "  </crowd-classifier>\n</crowd-form>\n"
    )


def _results(tasks: Sequence[Task], extras: bool) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for task in tasks:
        old = [
            (dict(row), _answers(tuple(row), row, task.ask.item, 0, ""))
            for row in task.origin_in(Format.MTURK)
        ]
        added = new_of(task.answers, tuple(answer for _, one in old for answer in one))
        written = [row for row, answers in old if answers]
        written += [_result(task, answer, extras) for answer in added]
        rows += written or [input_row(task, _SHEET, prefix=_INPUT, extras=extras)]
    return rows


def _result(task: Task, answer: Answer, extras: bool) -> dict[str, Any]:
    return {
        **input_row(task, _SHEET, prefix=_INPUT, extras=extras),
        "AssignmentId": answer.reference,
        "WorkerId": answer.worker,
        "AssignmentStatus": "Submitted",
        "WorkTimeInSeconds": "" if answer.seconds is None else repr(answer.seconds),
        _LABEL: answer.label or "",
        _ANSWER + OWN_KEY: own_record(answer),
    }


def _answers(
    columns: Sequence[str], row: Mapping[str, Any], item: str, line: int, file: str
) -> tuple[Answer, ...]:
    if not row.get("WorkerId"):
        return ()
    if row.get(_ANSWER + OWN_KEY):
        return (answer_of(row[_ANSWER + OWN_KEY], item, file=file, line=line),)
    status = row.get("AssignmentStatus", "")
    label = None if status == "Rejected" else _label(columns, row, line, file)
    return (
        Answer(
            item,
            row["WorkerId"],
            label,
            None,
            seconds=number_in(row.get("WorkTimeInSeconds"), "WorkTimeInSeconds", file=file),
            note="rejected" if status == "Rejected" else "",
            reference=row.get("AssignmentId", ""),
        ),
    )


def _label(columns: Sequence[str], row: Mapping[str, str], line: int, file: str) -> str | None:
    """From one answer column, from a group of yes/no columns, or from the answers as JSON."""
    names = [name for name in columns if name.startswith(_ANSWER)]
    if row.get("Answer.taskAnswers"):
        return _from_json(row["Answer.taskAnswers"], line, file)
    plain = [name for name in names if _is_label(name)]
    if len(plain) != 1 and len(names) == 1:
        plain = names
    if len(plain) == 1:
        return row[plain[0]] or None
    flags = [name for name in names if row[name].lower() in ("true", "false")]
    if flags and len({name.split(".")[1] for name in flags}) == 1:
        chosen = [name.split(".", 2)[-1] for name in flags if row[name].lower() == "true"]
        return chosen[0].removesuffix(".on") if len(chosen) == 1 else None
    raise InputError(
        f"cannot tell which answer is the label; columns found: {', '.join(names)}",
        file=file,
        line=line,
        hint="rename that column to Answer.label",
    )


def _is_label(name: str) -> bool:
    parts = name.removeprefix(_ANSWER).casefold().split(".")
    return (len(parts) == 1 or (len(parts) == 2 and parts[1] == "label")) and parts[0] in _LABELS


def _from_json(text: str, line: int, file: str) -> str | None:
    """`[{"label": {"label": "refund"}}]`, as newer exports have it."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InputError(
            f"Answer.taskAnswers is not JSON: {error}", file=file, line=line
        ) from error
    first = value[0] if isinstance(value, list) and value else value
    for name in (*_LABELS, *(first if isinstance(first, dict) else ())):
        found = first.get(name) if isinstance(first, dict) else None
        found = found.get("label") if isinstance(found, dict) else found
        if isinstance(found, str):
            return found or None
    return None
