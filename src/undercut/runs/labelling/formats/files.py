"""One way into and out of the files of labelling tools."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

from undercut.build.labels.workers import Answer, Ask
from undercut.core.errors import InputError
from undercut.core.tabular import open_rows
from undercut.runs.labelling.formats import (
    doccano,
    json_lines,
    label_studio,
    mturk,
    table,
    toloka,
)
from undercut.runs.labelling.formats.carried import OWN_KEY
from undercut.runs.labelling.formats.tasks import (
    Format,
    Suggestion,
    Task,
    format_named,
    make_tasks,
    refuse_repeated,
)

_MODULES: Mapping[Format, ModuleType] = {
    Format.LABEL_STUDIO: label_studio,
    Format.DOCCANO: doccano,
    Format.CSV: table,
    Format.JSONL: json_lines,
    Format.MTURK: mturk,
    Format.TOLOKA: toloka,
}
SUFFIXES: Mapping[Format, str] = {
    Format.LABEL_STUDIO: ".json",
    Format.DOCCANO: ".jsonl",
    Format.CSV: ".csv",
    Format.JSONL: ".jsonl",
    Format.MTURK: ".csv",
    Format.TOLOKA: ".tsv",
}


def write_tasks(
    path: Path,
    asks: Sequence[Ask],
    *,
    classes: Sequence[str],
    format: Format | str,
    preannotations: Mapping[str, Suggestion] | None = None,
) -> tuple[Path, ...]:
    """Write what people are asked as their tool imports it; all files written, tasks first.

    preannotations: by item. Raises ConfigError for an unknown format, InputError for an item that
    is asked twice.
    """
    return write_task_list(path, make_tasks(asks, preannotations), classes=classes, format=format)


def write_task_list(
    path: Path, tasks: Sequence[Task], *, classes: Sequence[str], format: Format | str
) -> tuple[Path, ...]:
    """The same with answers and fields that came from another file; nothing of them is lost."""
    refuse_repeated(tasks)
    written: tuple[Path, ...] = _MODULES[format_named(format)].write(path, tasks, classes=classes)
    return written


def read_tasks(path: Path, *, format: Format | str | None = None) -> list[Task]:
    """Everything a tool's file says, item by item; the format is recognised where None.

    Raises InputError with file and line where the file is not of the format.
    """
    known = format_named(format) if format is not None else recognise_format(path)
    tasks: list[Task] = _MODULES[known].read(path)
    return tasks


def read_answers(path: Path, *, format: Format | str | None = None) -> list[Answer]:
    """Only the answers, item by item in the order of the file; abstentions have no label."""
    return [answer for task in read_tasks(path, format=format) for answer in task.answers]


def recognise_format(path: Path) -> Format:
    """Which tool wrote a file, by its ending and what stands first in it.

    Raises InputError where it is none of them.
    """
    ending = path.suffix.lower()
    if ending in (".json", ".jsonl", ".ndjson"):
        return _json_format(path)
    columns = open_rows(path).columns
    if any(name.startswith(("INPUT:", "OUTPUT:", "ASSIGNMENT:")) for name in columns):
        return Format.TOLOKA
    if "HITId" in columns or any(name.startswith(("Input.", "Answer.")) for name in columns):
        return Format.MTURK
    return Format.CSV


def _json_format(path: Path) -> Format:
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = next((line for line in file if line.strip()), "")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot be read: {getattr(error, 'strerror', None) or error}",
            file=str(path),
            hint="check the name",
        ) from error
    try:
        record = json.loads(first)
    except ValueError:
        record = None  # a document over several lines
    if isinstance(record, dict) and "data" not in record:
        if "answers" in record:
            return Format.JSONL
        label = record.get("label", record.get("labels"))
        doccano_like = isinstance(label, list) or OWN_KEY in record
        return Format.DOCCANO if doccano_like else Format.JSONL
    return Format.LABEL_STUDIO
