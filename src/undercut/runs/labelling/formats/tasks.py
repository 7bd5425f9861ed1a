"""What every format of labelling tools is read into and written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from undercut.build.labels.workers import Answer, Ask
from undercut.core.errors import ConfigError, InputError


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
class Origin:
    """The records of one task as its tool wrote them, for writing the same format again."""

    format: Format
    records: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class Task:
    """One item in a tool's file.

    suggestions: labels shown beforehand. answers: what came back, in the file's order. fields:
    what else the file says of the item, by the file's own names; every format carries them.
    origin: everything as it stood, ids and dates of the tool among it; only the same format
    carries it.
    """

    ask: Ask
    suggestions: tuple[Suggestion, ...] = ()
    answers: tuple[Answer, ...] = ()
    fields: Mapping[str, object] = field(default_factory=dict)
    origin: Origin | None = None

    def origin_in(self, format: Format) -> tuple[Mapping[str, object], ...]:
        """The records that this format wrote; none where another did."""
        return self.origin.records if self.origin and self.origin.format == format else ()


def make_tasks(
    asks: Sequence[Ask], preannotations: Mapping[str, Suggestion] | None = None
) -> list[Task]:
    """Tasks without answers; preannotations: by item."""
    known = preannotations or {}
    return [Task(ask, (known[ask.item],) if ask.item in known else ()) for ask in asks]


def format_named(name: Format | str) -> Format:
    """The format of that name; ConfigError listing them for another."""
    try:
        return Format(name)
    except ValueError:
        known = ", ".join(Format)
        raise ConfigError(
            f"unknown format {str(name)!r}; the formats are: {known}", hint="label_studio"
        ) from None


def refuse_repeated(tasks: Sequence[Task]) -> None:
    """Raise InputError where two tasks name one item: their answers could not be told apart."""
    seen: set[str] = set()
    for task in tasks:
        if task.ask.item in seen:
            raise InputError(f"the item {task.ask.item!r} stands in two tasks")
        seen.add(task.ask.item)
