"""Plain tables of answers."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from undercut.build.labels.workers import Answer, Ask
from undercut.runs.labelling.formats.tasks import Task


def write(path: Path, tasks: Sequence[Task], *, classes: Sequence[str]) -> tuple[Path, ...]:
    """task,text,worker,label; an empty row where nobody answered."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["task", "text", "worker", "label"])
        for task in tasks:
            for answer in task.answers or [None]:
                worker, label = ("", "") if answer is None else (answer.worker, answer.label or "")
                writer.writerow([task.ask.item, task.ask.text, worker, label])
    return (path,)


def read(path: Path) -> list[Task]:
    """Tasks in the order of their first row."""
    tasks: dict[str, Task] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            item = row["task"]
            task = tasks.setdefault(item, Task(Ask(item, row.get("text") or "")))
            if row.get("label"):
                answer = Answer(item, row.get("worker") or "", row["label"], None)
                tasks[item] = Task(task.ask, answers=(*task.answers, answer))
    return list(tasks.values())
