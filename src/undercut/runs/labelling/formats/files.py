"""One way into and out of the files of labelling tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from undercut.build.labels.workers import Answer, Ask
from undercut.core.errors import InputError
from undercut.runs.labelling.formats import delimited, label_studio
from undercut.runs.labelling.formats.tasks import Format, Suggestion, Task, make_tasks


def write_tasks(
    path: Path,
    asks: Sequence[Ask],
    *,
    classes: Sequence[str],
    format: Format | str,
    preannotations: Mapping[str, Suggestion] | None = None,
) -> tuple[Path, ...]:
    """Write what people are asked as their tool imports it; all files written, tasks first.

    preannotations: by item. Raises ConfigError for an unknown format.
    """
    return write_task_list(path, make_tasks(asks, preannotations), classes=classes, format=format)


def write_task_list(
    path: Path, tasks: Sequence[Task], *, classes: Sequence[str], format: Format | str
) -> tuple[Path, ...]:
    """The same with answers and fields that came from another file."""
    match Format(format):
        case Format.LABEL_STUDIO:
            return label_studio.write(path, tasks, classes=classes)
        case _:
            return delimited.write(path, tasks, classes=classes)


def read_tasks(path: Path, *, format: Format | str | None = None) -> list[Task]:
    """Everything a tool's file says, item by item; the format is recognised where None.

    Raises InputError with file and line where the file is not of the format.
    """
    match Format(format) if format is not None else recognise_format(path):
        case Format.LABEL_STUDIO:
            return label_studio.read(path)
        case _:
            return delimited.read(path)


def read_answers(path: Path, *, format: Format | str | None = None) -> list[Answer]:
    """Only the answers, in the order of the file."""
    return [answer for task in read_tasks(path, format=format) for answer in task.answers]


def recognise_format(path: Path) -> Format:
    """Which tool wrote a file, by its ending and its first record."""
    suffix = path.suffix.lower()
    if suffix == ".json":
        return Format.LABEL_STUDIO
    if suffix == ".csv":
        return Format.CSV
    raise InputError("the format is not recognised", file=str(path), hint="name it")
