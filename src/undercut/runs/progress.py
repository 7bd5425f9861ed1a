"""How long work tells where it stands; the command line draws it, Python callers may ignore it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told about stages as they pass."""

    def start(self, stage: str, description: str) -> None:
        """A stage begins."""

    def update(self, fraction: float | None, detail: str, seconds_left: float | None) -> None:
        """The running stage has come this far (fraction in [0, 1], None where unknown)."""

    def finish(self, stage: str, *, reused: bool, seconds: float) -> None:
        """A stage ended."""

    def note(self, message: str) -> None:
        """Something the reader should know."""


class Silence:
    """Says nothing."""

    def start(self, stage: str, description: str) -> None:
        pass

    def update(self, fraction: float | None, detail: str, seconds_left: float | None) -> None:
        pass

    def finish(self, stage: str, *, reused: bool, seconds: float) -> None:
        pass

    def note(self, message: str) -> None:
        pass
