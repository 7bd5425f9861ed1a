"""Label Studio's JSON in both directions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from undercut.build.labels.workers import Answer, Ask
from undercut.runs.labelling.formats.tasks import Task


def write(path: Path, tasks: Sequence[Task], *, classes: Sequence[str]) -> tuple[Path, ...]:
    """Tasks as Label Studio imports them."""
    rows: list[dict[str, Any]] = []
    for task in tasks:
        row: dict[str, Any] = {"data": {"item": task.ask.item, "text": task.ask.text}}
        row["predictions"] = [
            {"model_version": s.source, "score": s.probability, "result": [_choice(s.label)]}
            for s in task.suggestions
        ]
        rows.append(row)
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    return (path,)


def read(path: Path) -> list[Task]:
    """Tasks with their annotations."""
    tasks = []
    for row in json.loads(path.read_text(encoding="utf-8")):
        item = str(row["data"].get("item", row.get("id")))
        answers = tuple(_answer(item, found) for found in row.get("annotations", ()))
        tasks.append(Task(Ask(item, row["data"].get("text", "")), answers=answers))
    return tasks


def _choice(label: str) -> dict[str, Any]:
    return {
        "from_name": "label",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": [label]},
    }


def _answer(item: str, found: dict[str, Any]) -> Answer:
    choices = [c for r in found["result"] for c in r["value"].get("choices", ())]
    label = choices[0] if choices and not found.get("was_cancelled") else None
    return Answer(
        item, str(found.get("completed_by", "")), label, None, seconds=found.get("lead_time")
    )
