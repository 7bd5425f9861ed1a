"""The terminal labeller: its keys, its file, and the real program under a real pty."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from undercut.build.labels.workers import Answer, Ask
from undercut.core.errors import ConfigError, InputError
from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.formats import Suggestion, Task, read_answers, write_tasks
from undercut.runs.labelling.terminal.keys import class_keys, matching
from undercut.runs.labelling.terminal.run import annotate, classes_for, load_tasks
from undercut.runs.labelling.terminal.screen import draw
from undercut.runs.labelling.terminal.session import Event, Session
from undercut.runs.labelling.terminal.sheet import AnswerSheet
from undercut.runs.labelling.texts import read_texts
from undercut.runs.report.words import Words

CLASSES = ("lost_card", "refund")


def _tasks(*texts: str) -> list[Task]:
    return [Task(Ask(f"t{at}", text)) for at, text in enumerate(texts)]


def test_keys_never_collide_with_commands() -> None:
    keys = class_keys([f"class {n}" for n in range(77)])
    assert len(keys) == 33
    assert not set(keys) & set("suq/ \r")


def test_any_class_is_found_by_a_part_of_its_name() -> None:
    names = ["card_lost", "lost_card", "退款"]
    assert matching(names, "LOST") == ["lost_card", "card_lost"]
    assert matching(names, "款") == ["退款"]
    assert matching(names, "") == []


def test_a_session_answers_skips_undoes_and_comes_back() -> None:
    session = Session(_tasks("a", "b", "c"), CLASSES)
    assert session.press("1") is Event.ANSWERED
    assert session.label == "lost_card"
    assert session.press("s") is Event.ANSWERED
    assert session.label is None
    assert session.press("u") is Event.UNDONE
    assert session.press("u") is Event.UNDONE
    assert session.at == 0
    assert session.press("2") is Event.ANSWERED
    assert session.at == 1
    assert session.press("9") is Event.NOTHING
    assert session.press("\r") is Event.NOTHING
    assert session.press("\x03") is Event.QUIT


def test_typing_finds_a_class_and_letters_are_letters_then() -> None:
    session = Session(_tasks("a"), CLASSES)
    for key in "/ru":
        session.press(key)
    assert session.found == []
    session.press("\x7f")
    for key in "ef":
        session.press(key)
    assert session.found == ["refund"]
    assert session.press("\r") is Event.ANSWERED
    assert session.label == "refund"


def test_enter_takes_the_suggestion() -> None:
    session = Session([Task(Ask("1", "a"), (Suggestion("refund"),))], CLASSES)
    assert session.press("\r") is Event.ANSWERED
    assert session.label == "refund"


def test_the_screen_fits_and_shows_no_control_characters() -> None:
    text = "卡丢了" * 40 + "\x1b[2J\x07"
    drawn = draw(Session(_tasks(text), CLASSES), Words("zh", "annotate"), width=30, height=14)
    assert drawn.count("\r\n") <= 14
    assert "\x07" not in drawn
    assert "\x1b[2J" not in drawn[4:]
    assert "还有" in drawn


def test_the_sheet_cuts_off_half_a_line_and_refuses_other_files(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with AnswerSheet(path) as sheet:
        sheet.append("t1", worker="me", label="x", seconds=1.0, text="", when="")
        with pytest.raises(ConfigError, match="another labeller"):
            AnswerSheet(path)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"item": "t2", "wor')
    with AnswerSheet(path) as sheet:
        assert [line.item for line in sheet.lines] == ["t1"]
        sheet.append("t2", worker="me", label="y", seconds=1.0, text="", when="")
        assert sheet.take_back("you") is None
        assert sheet.take_back("me") == "t2"
    assert [answer.label for answer in read_answers(path)] == ["x"]
    path.write_text("text,label\n", encoding="utf-8")
    with pytest.raises(InputError, match="not a file of answers"):
        AnswerSheet(path)


def test_no_terminal_and_no_classes_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no classes"):
        annotate([], tmp_path / "a.jsonl", worker="me", classes=(), terminal=0)
    with (tmp_path / "x").open("w") as file, pytest.raises(ConfigError, match="needs a terminal"):
        annotate(
            _tasks("a"), tmp_path / "a.jsonl", worker="me", classes=CLASSES, terminal=file.fileno()
        )
    assert not (tmp_path / "a.jsonl").exists()


def test_classes_come_from_the_interface_or_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    names = ("b & c", '"a"', "退款")
    write_tasks(path, [Ask("1", "x")], classes=names, format="label_studio")
    assert classes_for(path, []) == names
    task = Task(Ask("1", "x"), (Suggestion("z"),), (Answer("1", "me", "y", None),))
    assert classes_for(tmp_path / "other.csv", [task]) == ("y", "z")


def test_plain_tables_are_shown_as_well(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("text\nfirst one here\nsecond one\n", encoding="utf-8")
    assert [one.ask for one in load_tasks(path)] == [
        Ask("0", "first one here"),
        Ask("1", "second one"),
    ]


def test_rows_are_called_as_the_labelling_job_calls_them(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text('text\n"one\nof two lines"\n\nsecond one\n', encoding="utf-8")
    job = LabelConfig(source=str(path), workers="w.yaml", budget="0usd")
    assert [one.ask for one in load_tasks(path)] == list(read_texts(job))


def test_answers_about_other_texts_are_refused(tmp_path: Path) -> None:
    sheet = tmp_path / "a.jsonl"
    line = {"item": "1", "worker": "me", "label": "a", "text": "an older text"}
    sheet.write_text(json.dumps(line) + "\n", encoding="utf-8")
    before = sheet.read_bytes()
    ours, theirs = pty.openpty()
    with pytest.raises(InputError, match="is about 'an older text'"):
        annotate([Task(Ask("1", "new"))], sheet, worker="me", classes=("a", "b"), terminal=theirs)
    os.close(ours)
    os.close(theirs)
    assert sheet.read_bytes() == before


class Terminal:
    """The program in a pseudo-terminal: send keys, wait for what it shows."""

    def __init__(self, *arguments: str) -> None:
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            os.execv(sys.executable, [sys.executable, "-m", "undercut", *arguments])
        fcntl.ioctl(self.handle, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.seen = ""

    def until(self, text: str) -> None:
        """Read until it is shown, since the last call."""
        end, shown = time.monotonic() + 60, ""
        while text not in shown:
            assert time.monotonic() < end, shown
            if select.select([self.handle], [], [], 0.1)[0]:
                try:
                    shown += os.read(self.handle, 65536).decode("utf-8", "replace")
                except OSError as error:
                    raise AssertionError(shown) from error
        self.seen += shown

    def send(self, keys: str) -> None:
        os.write(self.handle, keys.encode())

    def end(self) -> int:
        with contextlib.suppress(OSError):
            while os.read(self.handle, 65536):
                pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@contextlib.contextmanager
def _running(*arguments: str) -> Iterator[Terminal]:
    terminal = Terminal(*arguments)
    try:
        yield terminal
    finally:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(terminal.pid, signal.SIGKILL)
            os.waitpid(terminal.pid, 0)
        os.close(terminal.handle)


def test_a_person_labels_dies_and_goes_on(tmp_path: Path) -> None:
    tasks, answers = tmp_path / "tasks.json", tmp_path / "answers.jsonl"
    asks = [Ask(f"t{n}", f"text number {n}") for n in range(4)]
    write_tasks(
        tasks,
        asks,
        classes=CLASSES,
        format="label_studio",
        preannotations={"t1": Suggestion("refund", 0.9, "rules")},
    )
    call = ("annotate", str(tasks), "--answers", str(answers), "--worker", "anna")
    with _running(*call) as terminal:
        terminal.until("text number 0")
        terminal.send("1")
        terminal.until("enter takes the suggestion: refund")
        terminal.send("\x1b[A\r")  # an arrow key means nothing; enter takes the suggestion
        terminal.until("text number 2")
        terminal.send("s")
        terminal.until("text number 3")
        terminal.send("u")
        terminal.until("text number 2")
        os.kill(terminal.pid, signal.SIGKILL)  # nothing answered is lost
    assert [(one.item, one.label) for one in read_answers(answers)] == [
        ("t0", "lost_card"),
        ("t1", "refund"),
    ]
    with _running(*call) as terminal:
        terminal.until("text number 2")
        terminal.send("/ref")
        terminal.until("find: ref_")
        terminal.send("\r")
        terminal.until("text number 3")
        terminal.send("1")
        terminal.until("All 4 items are answered.")
        terminal.send("q")
        assert terminal.end() == 0
    found = read_answers(answers)
    assert [(one.item, one.label) for one in found] == [
        ("t0", "lost_card"), ("t1", "refund"), ("t2", "refund"), ("t3", "lost_card"),
    ]  # fmt: skip
    assert all(one.worker == "anna" and one.seconds is not None for one in found)
    assert len({one.reference for one in found}) == 4
    json.loads(answers.read_text(encoding="utf-8").splitlines()[0])
