"""What every format of labelling tools is read into and written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from undercut.build.labels.workers import Answer, Ask


class Format(StrEnum):
    """The tools whose files are understood."""

    LABEL_STUDIO = "label_studio"
    DOCCANO = "doccano"
    CSV = "csv"
    JSONL = "jsonl"
    MTURK = "mturk"
    TOLOKA = "toloka"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A label shown to people before they answer.

    probability: the source's own, in [0, 1]. source: who suggests it, a worker's name.
    """

    label: str
    probability: float | None = None
    source: str = "undercut"


@dataclass(frozen=True, slots=True)
class Task:
    """One item in a tool's file.

    suggestions: labels shown beforehand. answers: what came back, oldest first. fields: all else
    the file said of the item, by the file's own names, for writing it back.
    """

    ask: Ask
    suggestions: tuple[Suggestion, ...] = ()
    answers: tuple[Answer, ...] = ()
    fields: Mapping[str, object] = field(default_factory=dict)


def make_tasks(
    asks: Sequence[Ask], preannotations: Mapping[str, Suggestion] | None = None
) -> list[Task]:
    """Tasks without answers; preannotations: by item."""
    known = preannotations or {}
    return [Task(ask, (known[ask.item],) if ask.item in known else ()) for ask in asks]
