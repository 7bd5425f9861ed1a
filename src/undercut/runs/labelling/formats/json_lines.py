"""JSON lines: one object a task with its answers inside, or one flat object an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from undercut.build.labels.workers import Answer, Ask
from undercut.core.errors import InputError
from undercut.runs.labelling.formats.carried import (
    answer_from,
    answer_record,
    suggestion_record,
    suggestions_in,
)
from undercut.runs.labelling.formats.json_files import read_objects, write_objects
from undercut.runs.labelling.formats.names import item_name, label_name, worker_name
from undercut.runs.labelling.formats.tasks import Task

_OWN = ("item", "text", "suggestions", "answers", "fields")
_ANSWER = ("worker", "label", "cost", "probability", "seconds", "note", "reference")


def write(path: Path, tasks: Sequence[Task], *, classes: Sequence[str]) -> tuple[Path, ...]:
    """One object a task; fields whose names are taken stand in `fields`."""
    write_objects(path, [_record(task) for task in tasks])
    return (path,)


def read(path: Path) -> list[Task]:
    """Tasks in the order of their first line."""
    tasks: dict[str, Task] = {}
    for line, record in read_objects(path):
        task = (
            _nested(record, line, str(path))
            if "answers" in record or "suggestions" in record
            else _flat(record, line, str(path))
        )
        item = task.ask.item
        known = tasks.get(item)
        tasks[item] = (
            task
            if known is None
            else replace(
                known,
                answers=known.answers + task.answers,
                suggestions=known.suggestions + task.suggestions,
                fields={**known.fields, **task.fields},
            )
        )
    return list(tasks.values())


def _record(task: Task) -> dict[str, Any]:
    free = {key: value for key, value in task.fields.items() if key not in _OWN}
    taken = {key: value for key, value in task.fields.items() if key in _OWN}
    record: dict[str, Any] = {"item": task.ask.item, "text": task.ask.text, **free}
    if taken:
        record["fields"] = taken
    record["suggestions"] = [suggestion_record(one) for one in task.suggestions]
    record["answers"] = [answer_record(one) for one in task.answers]
    return record


def _nested(record: Mapping[str, Any], line: int, file: str) -> Task:
    item = str(_need(record, "item", line, file))
    answers = record.get("answers") or []
    if not isinstance(answers, list) or not all(isinstance(one, dict) for one in answers):
        raise InputError("`answers` must be a list of objects", file=file, line=line)
    taken = record.get("fields")
    return Task(
        ask=Ask(item, str(record.get("text") or "")),
        suggestions=suggestions_in(record.get("suggestions"), file=file, line=line),
        answers=tuple(answer_from(one, item, file=file, line=line) for one in answers),
        fields={
            **{key: value for key, value in record.items() if key not in _OWN},
            **(taken if isinstance(taken, dict) else {}),
        },
    )


def _flat(record: Mapping[str, Any], line: int, file: str) -> Task:
    names = tuple(record)
    item = item_name(names)
    if item is None:
        raise InputError("the object names no item", file=file, line=line, hint="call it `item`")
    worker, label = worker_name(names), label_name(names)
    known = {item, worker, label, "text", *_ANSWER}
    one = {**record, "worker": record.get(worker or ""), "label": record.get(label or "")}
    name = str(record[item])
    answer: tuple[Answer, ...] = ()
    if worker is not None or label is not None:
        answer = (answer_from(one, name, file=file, line=line),)
    return Task(
        ask=Ask(name, str(record.get("text") or "")),
        answers=answer,
        fields={key: value for key, value in record.items() if key not in known},
    )


def _need(record: Mapping[str, Any], name: str, line: int, file: str) -> Any:
    if record.get(name) is None:
        raise InputError(f"the object has no `{name}`", file=file, line=line)
    return record[name]
