"""What each key does, without a terminal: shown item, answers given, what can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from undercut.runs.labelling.formats import Task
from undercut.runs.labelling.terminal.keys import (
    ACCEPT,
    FIND,
    QUIT,
    SKIP,
    UNDO,
    class_keys,
    matching,
)

_ESCAPE, _BACKSPACES, _END = "\x1b", ("\x7f", "\b"), ("\x03", "\x04")


class Event(Enum):
    """What a key led to."""

    NOTHING = auto()
    ANSWERED = auto()
    UNDONE = auto()
    TYPED = auto()
    QUIT = auto()


@dataclass(slots=True)
class Session:
    """The items one person has before them.

    answered: positions in the order they were answered, those of earlier sittings first; the last
    one is undone first. typed: the part of a class name being typed, None where none is.
    """

    tasks: Sequence[Task]
    classes: Sequence[str]
    answered: list[int] = field(default_factory=list)
    typed: str | None = None
    label: str | None = None
    _again: list[int] = field(default_factory=list)

    @property
    def at(self) -> int | None:
        """The item shown; None where all are done. One that was undone comes back at once."""
        if self._again:
            return self._again[-1]
        done = set(self.answered)
        return next((n for n in range(len(self.tasks)) if n not in done), None)

    @property
    def left(self) -> int:
        """Items without an answer."""
        return len(self.tasks) - len(self.answered)

    @property
    def suggestion(self) -> str | None:
        """The class suggested for the item shown, where it is one of the classes."""
        shown = self.at
        for one in self.tasks[shown].suggestions if shown is not None else ():
            if one.label in self.classes:
                return one.label
        return None

    @property
    def found(self) -> list[str]:
        """Classes that hold what was typed."""
        return matching(self.classes, self.typed or "")

    def press(self, key: str) -> Event:
        """One key. After ANSWERED, `label` is the answer (None: skipped) to `answered[-1]`."""
        if key in _END:
            return Event.QUIT
        return self._choose(key) if self.typed is None else self._find(key)

    def _choose(self, key: str) -> Event:
        label = class_keys(self.classes).get(key)
        if label is not None:
            return self._give(label)
        if key in (ACCEPT, "\n", " ") and self.suggestion is not None:
            return self._give(self.suggestion)
        if key == SKIP:
            return self._give(None)
        if key == UNDO or key in _BACKSPACES:
            return self._undo()
        if key == FIND and self.at is not None:
            self.typed = ""
            return Event.TYPED
        return Event.QUIT if key == QUIT else Event.NOTHING

    def _find(self, key: str) -> Event:
        assert self.typed is not None
        if key == _ESCAPE:
            self.typed = None
        elif key in (ACCEPT, "\n"):
            found = self.found
            if not found:
                return Event.NOTHING
            self.typed = None
            return self._give(found[0])
        elif key in _BACKSPACES:
            self.typed = self.typed[:-1] if self.typed else None
        elif key.isprintable():
            self.typed += key
        else:
            return Event.NOTHING
        return Event.TYPED

    def _give(self, label: str | None) -> Event:
        shown = self.at
        if shown is None:
            return Event.NOTHING
        if self._again:
            self._again.pop()
        self.answered.append(shown)
        self.label = label
        return Event.ANSWERED

    def _undo(self) -> Event:
        if not self.answered:
            return Event.NOTHING
        self._again.append(self.answered.pop())
        return Event.UNDONE
