"""Answers and suggestions as JSON, for what a tool's own format has no place for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from undercut.build.labels.workers import Answer
from undercut.core.errors import ConfigError, InputError
from undercut.core.money import Money
from undercut.runs.labelling.formats.tasks import Suggestion

OWN_KEY = "undercut"


def answer_record(answer: Answer) -> dict[str, Any]:
    """All of an answer but its item; what it does not have is left out."""
    record: dict[str, Any] = {"worker": answer.worker, "label": answer.label}
    if answer.cost is not None:
        record["cost"] = str(answer.cost)
    if answer.probability is not None:
        record["probability"] = answer.probability
    if answer.seconds is not None:
        record["seconds"] = answer.seconds
    if answer.note:
        record["note"] = answer.note
    if answer.reference:
        record["reference"] = answer.reference
    return record


def answer_from(
    record: Mapping[str, object], item: str, *, file: str, line: int | None = None
) -> Answer:
    """The answer in such a record. Raises InputError naming the value that does not fit."""
    label = record.get("label")
    return Answer(
        item=item,
        worker=str(record.get("worker") or ""),
        label=None if label in (None, "") else str(label),
        cost=money_in(record.get("cost"), file=file, line=line),
        probability=number_in(record.get("probability"), "probability", file=file, line=line),
        seconds=number_in(record.get("seconds"), "seconds", file=file, line=line),
        note=str(record.get("note") or ""),
        reference=str(record.get("reference") or ""),
    )


def suggestion_record(suggestion: Suggestion) -> dict[str, Any]:
    """A suggestion as JSON."""
    record: dict[str, Any] = {"label": suggestion.label, "source": suggestion.source}
    if suggestion.probability is not None:
        record["probability"] = suggestion.probability
    return record


def suggestions_in(value: object, *, file: str, line: int | None = None) -> tuple[Suggestion, ...]:
    """Suggestions from a list of such records."""
    records = value if isinstance(value, list) else []
    return tuple(
        Suggestion(
            label=str(record["label"]),
            probability=number_in(record.get("probability"), "probability", file=file, line=line),
            source=str(record.get("source", "undercut")),
        )
        for record in records
        if isinstance(record, dict) and "label" in record
    )


def number_in(value: object, name: str, *, file: str, line: int | None = None) -> float | None:
    """A number, or text that is one; None for nothing."""
    if value in (None, ""):
        return None
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            pass
    raise InputError(f"{name} must be a number, got {value!r}", file=file, line=line)


def money_in(value: object, *, file: str, line: int | None = None) -> Money | None:
    """Money as `Money.parse` reads it; None for nothing."""
    if value in (None, ""):
        return None
    try:
        return Money.parse(str(value))
    except ConfigError as error:
        raise InputError(error.message, file=file, line=line, hint=error.hint) from error


def new_of(wanted: tuple[Any, ...], old: tuple[Any, ...]) -> list[Any]:
    """Those of `wanted` that do not stand in `old`, each of which counts once."""
    left = list(old)
    added = []
    for one in wanted:
        if one in left:
            left.remove(one)
        else:
            added.append(one)
    return added
