"""What a person sees: the text, the classes with their keys, where they are."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, chop_cells

from undercut.runs.labelling.terminal.keys import class_keys
from undercut.runs.labelling.terminal.session import Session
from undercut.runs.report.words import Words

CLEAR = "\x1b[2J\x1b[H"
_BOLD, _DIM, _MARK, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[7m", "\x1b[0m"
_MOST_FOUND = 9


def draw(session: Session, words: Words, *, width: int, height: int) -> str:
    """One whole screen, lines ending in "\\r\\n" as a raw terminal needs them."""
    shown = session.at
    if shown is None:
        lines = [words("all_done", count=len(session.tasks)), words("keys_done")]
        return CLEAR + "\r\n".join(lines) + "\r\n"
    head = words("progress", at=len(session.answered) + 1, of=len(session.tasks))
    foot = _classes(session, words, width)
    room = max(height - len(foot) - 5, 3)
    text = _wrapped(printable(session.tasks[shown].ask.text), width)
    if len(text) > room:
        text = [*text[: room - 1], words("cut", lines=len(text) - room + 1)]
    keys = words("keys_find") if session.typed is not None else words("keys")
    lines = [f"{_DIM}{head}{_PLAIN}", "", *text, "", *foot, f"{_DIM}{keys}{_PLAIN}"]
    return CLEAR + "\r\n".join(lines) + "\r\n"


def printable(text: str) -> str:
    """A text whose control characters cannot move the cursor or ring the bell."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def _wrapped(text: str, width: int) -> list[str]:
    return [part for line in text.split("\n") for part in (chop_cells(line, width) or [""])]


def _classes(session: Session, words: Words, width: int) -> list[str]:
    if session.typed is not None:
        found = session.found[:_MOST_FOUND]
        names = [
            f"{_MARK}{printable(one)}{_PLAIN}" if at == 0 else one for at, one in enumerate(found)
        ]
        return [words("find", typed=printable(session.typed)), *names]
    keys = class_keys(session.classes)
    cells = [(f"{key} {printable(name)}", name == session.suggestion) for key, name in keys.items()]
    lines = _columns(cells, width)
    if len(keys) < len(session.classes):
        lines.append(words("more", count=len(session.classes) - len(keys)))
    if session.suggestion is not None:
        lines.append(words("suggested", label=printable(session.suggestion)))
    return lines


def _columns(cells: Sequence[tuple[str, bool]], width: int) -> list[str]:
    """Cells side by side, as many as fit, the suggested one marked."""
    widest = min(max((cell_len(text) for text, _ in cells), default=1) + 2, width)
    each = max(width // widest, 1)
    lines = []
    for start in range(0, len(cells), each):
        row = cells[start : start + each]
        lines.append(
            "".join(
                (f"{_MARK}{text}{_PLAIN}" if marked else f"{_BOLD}{text[:1]}{_PLAIN}{text[1:]}")
                + " " * max(widest - cell_len(text), 0)
                for text, marked in row
            )
        )
    return lines
