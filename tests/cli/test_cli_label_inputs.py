"""Broken inputs to `undercut label`: each answer says what, where, what to try."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cli_fakes import Call

TEXTS = "id,text\n" + "".join(f"t{n},my {('card', 'refund')[n % 2]} {n}\n" for n in range(20))
RULES = "- name: rules\n  kind: rules\n  rules:\n  - {label: refund, keywords: [refund]}\n"
CLASSES = ("--classes", "refund,card")
PAST = "- name: past\n  kind: file\n  answers: a.csv\n"
SECRET = "sk-secret-999"


@dataclass(frozen=True)
class Case:
    """One broken input. said: all of this must be told; tried: in the line of what to try."""

    options: tuple[str, ...] = CLASSES
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    code: int = 3
    said: tuple[str, ...] = ()
    tried: str = ""


CASES: Mapping[str, Case] = {
    "only labels, no classes": Case(
        (), {"t.csv": "label\nrefund\ncard\n"},
        said=("t.csv: cannot tell which column holds the texts; columns found: label",),
        tried="--text-column NAME",
    ),
    "an id is missing": Case(
        files={"t.csv": "id,text\nt1,card\n,refund\n"},
        said=("t.csv:3: no id in the column 'id'",), tried="--id-column",
    ),
    "gold without labels": Case(
        (*CLASSES, "--gold", "g.csv"), {"g.csv": "id,foo\nt1,refund\n"},
        said=("g.csv: no column with labels; columns found: id, foo",), tried="name it label",
    ),
    "gold of other texts": Case(
        (*CLASSES, "--gold", "g.csv"), {"g.csv": "id,label\nzz,refund\n"},
        said=("g.csv: no row has a label and an id of t.csv",), tried="row numbers, from 0",
    ),
    "classes in a file that is not text": Case(
        ("--classes", "c.txt"), {"c.txt": b"refund\ncaf\xe9\n"},
        said=("c.txt:2: byte 0xE9",), tried="save the file as UTF-8",
    ),
    "one class": Case(
        ("--classes", "c.txt"), code=2,
        said=("at least two classes are needed, found only 'c.txt'",), tried="--gold FILE",
    ),
    "classes that differ by case": Case(
        ("--classes", "refund,card,Refund"), code=2,
        said=("the classes 'refund' and 'Refund' differ only by case",), tried="one name for one",
    ),
    "workers file broken, no classes": Case(
        (), {"w.yaml": f"- name: m\n  key: {SECRET}: x\n"}, 2, ("w.yaml:2: not valid YAML",), "",
    ),
    "workers that are words": Case(
        files={"w.yaml": f"- {SECRET}\n"}, code=2,
        said=("w.yaml: worker 1 must be settings", "got a text"),
    ),
    "no kind": Case(
        files={"w.yaml": "- name: m\n"}, code=2, said=("w.yaml:1: worker 1: kind is missing",),
    ),
    "an error cost in another currency": Case(
        (*CLASSES, "--error-cost", "5cny"), code=2,
        said=("--error-cost is '5cny', the budget is in USD",),
    ),
    "a point's worth in another currency": Case(
        (*CLASSES, "--then-run", "--point-worth", "5cny"), code=2,
        said=("--point-worth is '5cny', the budget is in USD",),
    ),
    "a test file that is not there": Case(
        (*CLASSES, "--then-run", "--test", "nope.csv"), said=("nope.csv: no such file",),
    ),
    "a target in per cent": Case(
        (*CLASSES, "--target-error", "5"), code=2,
        said=("target_error", "got 5.0"), tried="0.05, for 5%",
    ),
    "recorded answers about other texts": Case(
        files={"w.yaml": PAST, "a.csv": "item,worker,label\nzz,a,refund\n"},
        said=("worker 'past': none of its 1 answers", "'zz'", "'t0'"), tried="--id-column",
    ),
    "recorded answers of other classes": Case(
        files={"w.yaml": PAST, "a.csv": "item,worker,label\nt1,a,Refund\n"},
        said=("none of its answers, such as 'Refund', is one of the classes",),
        tried="one of: refund, card",
    ),
    "functions that leave": Case(
        files={"w.yaml": "- name: r\n  kind: rules\n  functions: f.py\n", "f.py": "exit(3)\n"},
        code=2, said=("f.py: cannot be run: SystemExit: 3",),
    ),
    "more money than can be counted": Case(
        (*CLASSES, "--budget", "99999999999999usd"), code=2,
        files={"w.yaml": RULES + "  price: 9999999999 usd\n"},
        said=("is more than a labelling job can count",), tried="a smaller --budget",
    ),
}  # fmt: skip


@pytest.fixture
def job_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder holds a table of texts and a workers file."""
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(TEXTS)
    Path("w.yaml").write_text(RULES)


def _told(call: Call, folder: Path, case: Case) -> None:
    files = {"t.csv": TEXTS, "w.yaml": RULES, **case.files}
    for name, content in files.items():
        data = content.encode("utf-8") if isinstance(content, str) else content
        (folder / name).write_bytes(data)
    done = call(
        "label", "t.csv", "--workers", "w.yaml", "--budget", "5usd", "--out", "o", *case.options
    )
    assert (done.code, done.out) == (case.code, "")
    problem, _, tried = done.err.partition("\nTry: ")
    assert problem.startswith("error: ")
    assert SECRET not in done.err
    for each in case.said:
        assert each in problem
    assert case.tried in tried


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_broken_input_gets_a_clear_answer(
    undercut_cli: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    monkeypatch.chdir(tmp_path)
    _told(undercut_cli, tmp_path, case)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_classes_stand_in_a_file_of_any_usual_encoding(
    undercut_cli: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("编号,文本\n1,我要退款\n2,银行卡丢了\n", encoding="utf-8")
    Path("c.txt").write_bytes("退款\r\n银行卡\r\n".encode(encoding))
    Path("w.yaml").write_text(RULES.replace("refund", "退款"), encoding="utf-8")
    call = ("label", "t.csv", "--workers", "w.yaml", "--budget", "0usd", "--classes", "c.txt")
    assert undercut_cli(*call, "--dry-run").code == 0


@pytest.mark.usefixtures("job_files")
def test_the_workers_file_may_name_the_classes(undercut_cli: Call) -> None:
    Path("w.yaml").write_text("classes: [refund, card]\nworkers:\n" + RULES)
    assert undercut_cli("label", "t.csv", "--workers", "w.yaml", "--budget", "0usd").code == 0


@pytest.mark.usefixtures("job_files")
def test_tables_of_no_job_are_never_written_over(undercut_cli: Call) -> None:
    Path("labels.csv").write_text(TEXTS)
    call = ("label", "labels.csv", "--workers", "w.yaml", "--budget", "0usd", *CLASSES)
    done = undercut_cli(*call, "--out", ".")
    assert done.code == 2
    assert "labels.csv is there already" in done.err
    assert Path("labels.csv").read_text() == TEXTS


def test_a_full_disk_under_the_journal_is_no_defect(
    undercut_cli: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL

    def full(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("undercut.runs.labelling.job.resume", full)
    done = undercut_cli("label", "resume", "anywhere")
    assert done.code == 6
    assert done.err.startswith("error: the disk is full\nTry: free some space")


def test_ctrl_c_says_how_to_go_on(undercut_cli: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("undercut.runs.labelling.job.resume", stopped)
    done = undercut_cli("label", "resume", "anywhere")
    assert done.code == 130
    assert "undercut label resume FOLDER goes on" in done.err


def test_votes_say_why_no_row_can_be_used(
    undercut_cli: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_bytes(b"item,worker,answer\n1,a,x\x00\n")
    done = undercut_cli("votes", "aggregate", "a.csv")
    assert done.code == 3
    assert "a.csv:2: no row can be used; here holds a NUL character" in done.err


def test_an_audit_refuses_a_target_that_is_no_share(undercut_cli: Call) -> None:
    assert undercut_cli("audit", "t.csv", "--target-error", "5").code == 2


@pytest.mark.usefixtures("job_files")
def test_texts_without_a_label_are_not_called_wrong_labels(undercut_cli: Call) -> None:
    call = ("label", "t.csv", "--workers", "w.yaml", "--budget", "0usd", *CLASSES)
    said = " ".join(undercut_cli(*call).out.split())
    assert "10 of 20 texts labelled" in said
    assert "60.00% of the texts have a wrong label or none" in said
