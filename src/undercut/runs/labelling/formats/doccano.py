"""doccano's JSONL of text classification in both directions.

Source: its own export and import: `text`, `label` (a list of names), `id`, `Comments`, and every
other key as metadata. Exports of several people are one file a person, named after them; labels
that people share carry no name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from undercut.build.labels.workers import Answer, Ask
from undercut.core.errors import InputError
from undercut.runs.labelling.formats.carried import (
    OWN_KEY,
    answer_from,
    answer_record,
    new_of,
    suggestion_record,
    suggestions_in,
)
from undercut.runs.labelling.formats.json_files import read_objects, write_objects
from undercut.runs.labelling.formats.tasks import Format, Origin, Task

_SHARED = ("all", "admin", "unknown")
_LABELS = ("label", "labels", "cats")
_SUGGESTION = "suggestion"
_TAKEN = ("id", "item", "text", "data", "Comments", OWN_KEY, _SUGGESTION, *_LABELS)


def write(path: Path, tasks: Sequence[Task], *, classes: Sequence[str]) -> tuple[Path, ...]:
    """One object a text; a suggestion is metadata, which doccano shows beside the text.

    It is no label: doccano's export does not tell a label that a person saw from one imported.
    """
    write_objects(path, [_record(task, path) for task in tasks])
    return (path,)


def read(path: Path) -> list[Task]:
    """The texts of one exported file, in its order; its name says whose labels they are."""
    return [_task(record, line, path) for line, record in read_objects(path)]


def _record(task: Task, path: Path) -> dict[str, Any]:
    before = task.origin_in(Format.DOCCANO)
    if before:
        return _with_new(dict(before[0]), task, path)
    labels = [one.label for one in task.answers if one.label is not None]
    own: dict[str, Any] = {
        "item": task.ask.item,
        "labels": labels,
        "answers": [answer_record(one) for one in task.answers],
        "suggestions": [suggestion_record(one) for one in task.suggestions],
    }
    taken = {key: value for key, value in task.fields.items() if key in _TAKEN}
    if taken:
        own["fields"] = taken
    record: dict[str, Any] = {"text": task.ask.text, "label": list(dict.fromkeys(labels))}
    if task.suggestions:
        record[_SUGGESTION] = task.suggestions[0].label
    free = {key: value for key, value in task.fields.items() if key not in _TAKEN}
    return {**record, **free, OWN_KEY: own}


def _with_new(record: dict[str, Any], task: Task, path: Path) -> dict[str, Any]:
    """The record as exported, and in our metadata what has come since."""
    old = _task(record, 0, path)
    answers = [answer_record(one) for one in new_of(task.answers, old.answers)]
    if answers or task.suggestions != old.suggestions:
        own = dict(record.get(OWN_KEY) or {})
        own["answers"] = [*own.get("answers", ()), *answers]
        own["suggestions"] = [suggestion_record(one) for one in task.suggestions]
        record[OWN_KEY] = own
    return record


def _task(record: Mapping[str, Any], line: int, path: Path) -> Task:
    text = record.get("text", record.get("data"))
    if not isinstance(text, str):
        raise InputError("the object has no `text`", file=str(path), line=line)
    own = record.get(OWN_KEY)
    own = own if isinstance(own, dict) else {}
    item = str(own.get("item", record.get("item", record.get("id", line))))
    labels = _labels(record, path, line)
    seen = own.get("labels") or ()  # written by us beside their answers
    given = [
        Answer(item, _person(record, path), label, None, reference=_reference(record, label))
        for label in labels
        if label not in seen
    ]
    carried = [
        answer_from(one, item, file=str(path), line=line)
        for one in own.get("answers") or ()
        if isinstance(one, dict)
    ]
    taken = own.get("fields")
    free = {key: value for key, value in record.items() if key not in _TAKEN}
    return Task(
        ask=Ask(item, text),
        suggestions=suggestions_in(own.get("suggestions"), file=str(path), line=line),
        answers=(*given, *carried),
        fields={**free, **(taken if isinstance(taken, dict) else {})},
        origin=Origin(Format.DOCCANO, (record,)) if "id" in record else None,
    )


def _labels(record: Mapping[str, Any], path: Path, line: int) -> list[str]:
    found: Any = next((record[name] for name in _LABELS if record.get(name) is not None), [])
    found = [found] if isinstance(found, str) else found
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise InputError(
            "`label` must be a list of names",
            file=str(path),
            line=line,
            hint="export a project of text classification as JSONL",
        )
    return [one for one in found if one]


def _person(record: Mapping[str, Any], path: Path) -> str:
    for name in ("annotator", "user", "username"):
        if record.get(name):
            return str(record[name])
    return "" if path.stem in _SHARED else path.stem


def _reference(record: Mapping[str, Any], label: str) -> str:
    return f"{record['id']}#{label}" if "id" in record else ""
