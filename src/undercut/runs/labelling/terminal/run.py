"""The labeller itself: a raw terminal, keys in, answers on disk."""

from __future__ import annotations

import codecs
import os
import select
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from undercut.build.labels.workers import Ask
from undercut.core.errors import ConfigError, InputError
from undercut.core.tabular import RowProblem, guess_columns, open_rows
from undercut.runs.labelling.formats import Format, Task, read_tasks, recognise_format
from undercut.runs.labelling.formats.label_studio import classes_of_config
from undercut.runs.labelling.formats.names import item_name
from undercut.runs.labelling.terminal.screen import CLEAR, draw
from undercut.runs.labelling.terminal.session import Event, Session
from undercut.runs.labelling.terminal.sheet import AnswerSheet
from undercut.runs.report.words import Words

_ESCAPE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Sitting:
    """How a sitting ended. answered: in it; left: items that still have no answer."""

    answered: int
    left: int
    seconds: float


def annotate(
    tasks: Sequence[Task],
    answers: Path,
    *,
    worker: str,
    classes: Sequence[str],
    terminal: int,
    language: str = "en",
) -> Sitting:
    """Show one item after another in the terminal and write each answer before the next.

    answers: JSON lines, which `read_answers` reads; items that `worker` answered there are done.
    terminal: its file descriptor. Raises ConfigError where it is none, or without classes.
    """
    if not classes:
        raise ConfigError("no classes to choose from", hint="--class refund --class other")
    _refuse_no_terminal(terminal)
    words = Words(language, "annotate")
    with AnswerSheet(answers) as sheet:
        numbers = {task.ask.item: at for at, task in enumerate(tasks)}
        _same_texts(sheet, tasks, numbers)
        before = [
            numbers[one.item] for one in sheet.lines if one.worker == worker and one.item in numbers
        ]
        session = Session(tasks, classes, list(dict.fromkeys(before)))
        started = time.monotonic()
        done = _sit(session, sheet, worker, words, terminal)
        return Sitting(done, session.left, time.monotonic() - started)


def _same_texts(sheet: AnswerSheet, tasks: Sequence[Task], numbers: Mapping[str, int]) -> None:
    """InputError where the answers so far are about other texts under the same names."""
    for number, line in enumerate(sheet.lines, start=1):
        at = numbers.get(line.item)
        if at is not None and line.text is not None and line.text != tasks[at].ask.text:
            raise InputError(
                f"the answer on {line.item!r} is about {line.text[:60]!r}, which the tasks call"
                f" otherwise: there {line.item!r} is {tasks[at].ask.text[:60]!r}",
                file=str(sheet.path),
                line=number,
                hint="the tasks that were answered, or another file with --answers",
            )


def load_tasks(path: Path) -> list[Task]:
    """What to show: a task file of any format, or any table of texts.

    Rows of a table without ids are numbered from 0, as `undercut label` numbers them.

    Raises InputError or ConfigError where it is neither.
    """
    if path.suffix.lower() in (".json", ".jsonl", ".ndjson"):
        return read_tasks(path)
    if path.is_file() and recognise_format(path) in (Format.MTURK, Format.TOLOKA):
        return read_tasks(path)
    stream = open_rows(path)
    columns = guess_columns(stream, require_label=False)
    name = item_name(stream.columns)
    if name is not None and path.suffix.lower() in (".csv", ".tsv"):
        return read_tasks(path)
    tasks = []
    for number, row in enumerate(stream.select([columns.text])):
        if isinstance(row, RowProblem):
            raise InputError(row.what, file=str(path), line=row.line)
        tasks.append(Task(Ask(str(number), str(row.values[0] or ""))))
    return tasks


def classes_for(path: Path, tasks: Sequence[Task]) -> tuple[str, ...]:
    """The classes of a task file: of the Label Studio interface beside it, else those it names."""
    interface = path.with_suffix(".config.xml")
    if interface.is_file():
        return classes_of_config(interface)
    suggested = {one.label for task in tasks for one in task.suggestions}
    answered = {one.label for task in tasks for one in task.answers if one.label is not None}
    return tuple(sorted(suggested | answered))


def _sit(session: Session, sheet: AnswerSheet, worker: str, words: Words, terminal: int) -> int:
    done = 0
    with _raw(terminal):
        keys = _keys(terminal)
        shown_at = time.monotonic()
        _show(terminal, session, words)
        for key in keys:
            event = session.press(key)
            if event is Event.QUIT:
                break
            if event is Event.ANSWERED:
                task = session.tasks[session.answered[-1]]
                sheet.append(
                    task.ask.item,
                    worker=worker,
                    label=session.label,
                    seconds=time.monotonic() - shown_at,
                    text=task.ask.text,
                    when=datetime.now(UTC).isoformat(timespec="seconds"),
                )
                done += 1
            elif event is Event.UNDONE:
                sheet.take_back(worker)
                done -= 1
            if event in (Event.ANSWERED, Event.UNDONE):
                shown_at = time.monotonic()
            if event is not Event.NOTHING:
                _show(terminal, session, words)
        os.write(terminal, CLEAR.encode())
    return max(done, 0)


def _show(terminal: int, session: Session, words: Words) -> None:
    size = shutil.get_terminal_size() if not os.isatty(terminal) else os.get_terminal_size(terminal)
    width, height = max(size.columns, 20), max(size.lines, 10)
    data = draw(session, words, width=width, height=height).encode()
    while data:
        data = data[os.write(terminal, data) :]


def _keys(terminal: int) -> Iterator[str]:
    """Keys as they are pressed; what arrows and other special keys send is left out."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
    while chunk := os.read(terminal, 1):
        key = decoder.decode(chunk)
        if key == "\x1b" and _comes(terminal):
            _skip_sequence(terminal)
        elif key:
            yield key


def _skip_sequence(terminal: int) -> None:
    """Read what follows an escape: `[`, parameters and a letter, or `O` and a letter, or a key."""
    first = os.read(terminal, 1)
    if first == b"O" and _comes(terminal):
        os.read(terminal, 1)
    while first == b"[" and _comes(terminal):
        if os.read(terminal, 1) >= b"@":
            break


def _comes(terminal: int) -> bool:
    return bool(select.select([terminal], [], [], _ESCAPE_SECONDS)[0])


def _refuse_no_terminal(terminal: int) -> None:
    """ConfigError before any file is made."""
    if not os.isatty(terminal):
        raise ConfigError(
            "labelling by keys needs a terminal, and this is none",
            hint="run it in a terminal, without a pipe",
        )


@contextmanager
def _raw(terminal: int) -> Iterator[None]:
    """Keys at once and unechoed; whatever happens, the terminal is as before afterwards."""
    try:
        import termios
        import tty
    except ImportError as error:  # pragma: no cover - Windows
        raise ConfigError(
            "labelling in the terminal needs a POSIX terminal", hint="WSL, or Label Studio"
        ) from error
    before = termios.tcgetattr(terminal)
    try:
        tty.setraw(terminal)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
