"""Label Studio's JSON in both directions.

Source: labelstud.io/guide/task_format and /guide/predictions. Out go `data` and `predictions`,
back come `annotations` with `completed_by`, `lead_time` and `was_cancelled`; the short export
(JSON-MIN), one object an annotation, is read as well.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from undercut.build.labels.workers import Answer, Ask
from undercut.core.errors import InputError
from undercut.core.files import write_atomic
from undercut.runs.labelling.formats.carried import (
    OWN_KEY,
    answer_from,
    answer_record,
    new_of,
    number_in,
)
from undercut.runs.labelling.formats.json_files import read_json, read_text, write_json
from undercut.runs.labelling.formats.label_studio_short import read_short
from undercut.runs.labelling.formats.tasks import Format, Origin, Suggestion, Task

CONTROL = "label"
_TEXT = "text"
_ITEM = "item"
_HOTKEYS = "123456789qwertyuiop"
_MOST_BUTTONS = 20


def write(path: Path, tasks: Sequence[Task], *, classes: Sequence[str]) -> tuple[Path, ...]:
    """The tasks as Label Studio imports them, and beside them the labelling interface."""
    records = [record for task in tasks for record in task.origin_in(Format.LABEL_STUDIO)]
    control = _control(records, str(path))
    write_json(path, [_row(task, control) for task in tasks])
    interface = path.with_suffix(".config.xml")
    write_atomic(interface, labelling_config(classes).encode())
    return path, interface


def read(path: Path) -> list[Task]:
    """The tasks of an export (JSON or JSON-MIN), or of a file that `write` made."""
    rows = read_json(path)
    if isinstance(rows, dict):
        rows = [rows]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError("expected a list of tasks", file=str(path), hint="export as JSON")
    if rows and not any("data" in row for row in rows):
        return read_short(path, rows)
    control = _control(rows, str(path))
    return [_task(row, number, control, str(path)) for number, row in enumerate(rows, start=1)]


def labelling_config(classes: Sequence[str]) -> str:
    """The interface to paste into the project: one choice, with keys for the first ones."""
    layout = ' layout="select"' if len(classes) > _MOST_BUTTONS else ' showInLine="true"'
    choices = "".join(
        f"    <Choice value={quoteattr(name)}"
        + (f' hotkey="{_HOTKEYS[at]}"' if at < len(_HOTKEYS) else "")
        + "/>\n"
        for at, name in enumerate(classes)
    )
    return (
        f'<View>\n  <Text name="{_TEXT}" value="${_TEXT}"/>\n'
        f'  <Choices name="{CONTROL}" toName="{_TEXT}" choice="single"{layout}>\n'
        f"{choices}  </Choices>\n</View>\n"
    )


def classes_of_config(path: Path) -> tuple[str, ...]:
    """The choices of a labelling interface, in its order; InputError where it is no XML."""
    try:
        root = ElementTree.fromstring(read_text(path))
    except ElementTree.ParseError as error:
        raise InputError(f"not valid XML: {error}", file=str(path)) from error
    return tuple(name for one in root.iter("Choice") if (name := one.get("value")))


def _row(task: Task, control: str) -> dict[str, Any]:
    before = task.origin_in(Format.LABEL_STUDIO)
    row: dict[str, Any] = copy.deepcopy(dict(before[0])) if before else {}
    old = _task(row, 1, control, "") if before else Task(task.ask)
    if not before:
        row["data"] = {**task.fields, _ITEM: task.ask.item, _TEXT: task.ask.text}
    suggestions = [_prediction(new, control) for new in new_of(task.suggestions, old.suggestions)]
    if suggestions:
        row["predictions"] = [*row.get("predictions", ()), *suggestions]
    answers = [_annotation(new, control) for new in new_of(task.answers, old.answers)]
    if answers:
        row["annotations"] = [*row.get("annotations", ()), *answers]
    return row


def _prediction(suggestion: Suggestion, control: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "model_version": suggestion.source,
        "result": [_choice(suggestion.label, control)],
    }
    if suggestion.probability is not None:
        made["score"] = suggestion.probability
    return made


def _annotation(answer: Answer, control: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "result": [] if answer.label is None else [_choice(answer.label, control)],
        "was_cancelled": answer.label is None,
        OWN_KEY: answer_record(answer),
    }
    if answer.worker.isdecimal():
        made["completed_by"] = int(answer.worker)
    elif "@" in answer.worker:
        made["completed_by"] = {"email": answer.worker}
    if answer.seconds is not None:
        made["lead_time"] = answer.seconds
    return made


def _choice(label: str, control: str) -> dict[str, Any]:
    return {
        "from_name": control,
        "to_name": _TEXT,
        "type": "choices",
        "value": {"choices": [label]},
    }


def _task(row: Mapping[str, Any], number: int, control: str, file: str) -> Task:
    data = row.get("data")
    if not isinstance(data, dict):
        raise InputError(f"task {number} has no `data`", file=file, hint="export as JSON")
    name = _text_name(data, number, file)
    item = str(data[_ITEM] if _ITEM in data else row.get("id", number))
    found = [_answer(one, item, control, file) for one in row.get("annotations") or ()]
    return Task(
        ask=Ask(item, str(data[name])),
        suggestions=tuple(
            Suggestion(
                label,
                number_in(one.get("score"), "score", file=file),
                str(one.get("model_version") or "undercut"),
            )
            for one in row.get("predictions") or ()
            if isinstance(one, dict)
            for label in _labels(one, control)
        ),
        answers=tuple(answer for answers in found for answer in answers),
        fields={key: value for key, value in data.items() if key not in (_ITEM, name)},
        origin=Origin(Format.LABEL_STUDIO, (row,)),
    )


def _text_name(data: Mapping[str, Any], number: int, file: str) -> str:
    if isinstance(data.get(_TEXT), str):
        return _TEXT
    names = [key for key, value in data.items() if isinstance(value, str) and key != _ITEM]
    if len(names) == 1:
        return names[0]
    raise InputError(
        f"task {number}: cannot tell which of `data` is the text; found: {', '.join(names)}",
        file=file,
        hint="call it `text`",
    )


def _answer(one: Any, item: str, control: str, file: str) -> list[Answer]:
    if not isinstance(one, dict):
        raise InputError(f"item {item}: an annotation must be an object", file=file)
    if isinstance(one.get(OWN_KEY), dict):
        return [answer_from(one[OWN_KEY], item, file=file)]
    seconds = number_in(one.get("lead_time"), "lead_time", file=file)
    who, reference = _person(one.get("completed_by")), str(one.get("id") or "")
    labels: list[str | None] = [*_labels(one, control)]
    note = ""
    if one.get("was_cancelled") or one.get("skipped"):
        labels, note = [None], "skipped"
    elif not labels:
        labels, note = [None], "submitted without a choice"
    return [
        Answer(
            item,
            who,
            label,
            None,
            seconds=seconds,
            note=note,
            reference=f"{reference}#{at}" if at and reference else reference,
        )
        for at, label in enumerate(labels)
    ]


def _person(value: object) -> str:
    """`completed_by` is an id, or an object where the export holds user details."""
    if isinstance(value, dict):
        value = value.get("email") or value.get("username") or value.get("id")
    return "" if value is None else str(value)


def _labels(one: Mapping[str, Any], control: str) -> list[str]:
    return [
        str(choice)
        for result in one.get("result") or ()
        if isinstance(result, dict) and result.get("from_name", control) == control
        for choice in _choices(result)
    ]


def _choices(result: Mapping[str, Any]) -> list[Any]:
    value = result.get("value")
    choices = value.get("choices") if isinstance(value, dict) else None
    return choices if isinstance(choices, list) else []


def _control(rows: Sequence[Mapping[str, Any]], file: str) -> str:
    """The name of the one control that holds choices; ours where it is among several."""
    names = {
        str(result.get("from_name", CONTROL))
        for row in rows
        for one in (*(row.get("annotations") or ()), *(row.get("predictions") or ()))
        if isinstance(one, dict)
        for result in one.get("result") or ()
        if isinstance(result, dict) and _choices(result)
    }
    if len(names) > 1 and CONTROL not in names:
        raise InputError(
            f"answers to several questions: {', '.join(sorted(names))}",
            file=file,
            hint=f"name the control that is the label `{CONTROL}`",
        )
    return CONTROL if CONTROL in names or not names else names.pop()
