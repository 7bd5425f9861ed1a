"""Label Studio's short export, JSON-MIN: one flat object an annotation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from undercut.build.labels.workers import Answer, Ask
from undercut.core.errors import InputError
from undercut.runs.labelling.formats.carried import number_in
from undercut.runs.labelling.formats.tasks import Task

_TOOL = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time")
_LABELS = ("label", "choice", "sentiment", "intent", "category")


def read_short(path: Path, rows: Sequence[Mapping[str, Any]]) -> list[Task]:
    """Tasks in the order of their first annotation.

    Raises InputError where no column is known to be the label.
    """
    tasks: dict[str, Task] = {}
    for number, row in enumerate(rows, start=1):
        name = next((label for label in _LABELS if label in row), None)
        if name is None or not isinstance(row.get("text"), str):
            raise InputError(
                f"record {number} has no `text` and `label`",
                file=str(path),
                hint="export as JSON, or name text and choices so",
            )
        item = str(row.get("item", row.get("id", number)))
        task = tasks.setdefault(item, Task(Ask(item, row["text"]), fields=_fields(row, name)))
        tasks[item] = replace(
            task, answers=(*task.answers, *_answers(row, item, row[name], str(path)))
        )
    return list(tasks.values())


def _fields(row: Mapping[str, Any], label: str) -> dict[str, Any]:
    known = {*_TOOL, "text", "item", label}
    return {key: value for key, value in row.items() if key not in known}


def _answers(row: Mapping[str, Any], item: str, label: Any, file: str) -> list[Answer]:
    if isinstance(label, dict):
        label = label.get("choices")
    labels = label if isinstance(label, list) else [label]
    seconds = number_in(row.get("lead_time"), "lead_time", file=file)
    return [
        Answer(
            item,
            str(row.get("annotator", "")),
            str(one) if one else None,
            None,
            seconds=seconds,
            reference=str(row.get("annotation_id", "")) + (f"#{at}" if at else ""),
        )
        for at, one in enumerate(labels or [None])
    ]
