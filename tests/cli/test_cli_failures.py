"""Every way to fail: the right exit code, words instead of a traceback."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest
from cli_fakes import Call, FakeJob

from undercut.cli.exit_codes import MEANINGS, ExitCode, code_of
from undercut.core import errors

FAILURES = [
    (errors.ConfigError("keep: must be below 1"), 2),
    (errors.MissingExtraError("torch", "build", "Training"), 2),
    (errors.InputError("no column 'text'", file="a.csv", line=3), 3),
    (errors.BudgetExceededError("the budget of 1 USD is spent"), 5),
    (errors.ArtefactError("out: another run is writing here"), 6),
    (errors.LedgerError("ledger.sqlite: the disk is full"), 6),
    (FileNotFoundError(errno.ENOENT, "No such file or directory", "gone.csv"), 3),
    (OSError(errno.ENOSPC, "No space left on device", "out/x"), 6),
    (PermissionError(errno.EACCES, "Permission denied", "out"), 6),
    (FileExistsError(errno.EEXIST, "File exists", "out"), 6),
    (MemoryError(), 1),
    (ZeroDivisionError("division by zero"), 1),
    (OSError("without a number"), 1),
    (KeyboardInterrupt(), 130),
]


@pytest.mark.parametrize(("error", "code"), FAILURES, ids=lambda v: type(v).__name__)
def test_exit_code_and_no_traceback(
    undercut_cli: Call, job: FakeJob, error: BaseException, code: int
) -> None:
    job.error = error
    outcome = undercut_cli("run", "a.csv")
    assert outcome.code == code
    assert outcome.out == ""
    assert "Traceback" not in outcome.err


def test_every_error_of_the_tree_has_its_own_code() -> None:
    kinds = errors.UndercutError.__subclasses__()
    assert len(kinds) >= 6
    for kind in kinds:
        error = kind("x") if kind is not errors.MissingExtraError else kind("a", "b", "c")  # type: ignore[call-arg]
        assert code_of(error) is not ExitCode.DEFECT, kind


def test_message_place_and_hint_stand_on_stderr(undercut_cli: Call, job: FakeJob) -> None:
    job.error = errors.InputError("label is empty", file="工单.csv", line=7, hint="fill it in")
    err = undercut_cli("run", "工单.csv").err
    assert "error: 工单.csv:7: label is empty\nTry: fill it in\n" in err


def test_a_full_disk_says_what_to_do(undercut_cli: Call, job: FakeJob) -> None:
    job.error = OSError(errno.ENOSPC, "No space left on device", "out/answers.csv")
    err = undercut_cli("run", "a.csv").err
    assert "out/answers.csv: the disk is full" in err
    assert "finished steps are kept" in err


def test_ctrl_c_says_that_work_is_kept(undercut_cli: Call, job: FakeJob) -> None:
    job.error = KeyboardInterrupt()
    err = undercut_cli("run", "a.csv").err
    assert "stopped; finished steps are kept; run the same command again" in err
    assert "error" not in err


def test_a_defect_leaves_its_traceback_in_a_file(
    undercut_cli: Call, job: FakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    job.error = ZeroDivisionError("坏")
    err = undercut_cli("run", "a.csv").err
    assert "this is a defect in undercut: ZeroDivisionError: 坏" in err
    place = re.search(r"traceback in (.+\.log)", err)
    assert place is not None
    assert "Traceback" in Path(place[1]).read_text(encoding="utf-8")


def test_a_defect_where_nothing_can_be_written_points_to_debug(
    undercut_cli: Call, job: FakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    job.error = ZeroDivisionError()
    assert "undercut --debug" in undercut_cli("run", "a.csv").err


def test_debug_prints_the_traceback(undercut_cli: Call, job: FakeJob) -> None:
    job.error = ZeroDivisionError()
    outcome = undercut_cli("--debug", "run", "a.csv")
    assert outcome.code == 1
    assert "Traceback" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("runn",), "Did you mean 'run'"),
        (("run", "--kep", "1"), "--kep"),
        (("run", "a.csv", "--effort", "huge"), "thorough"),
        (("run", "a.csv", "--seed", "x"), "--seed"),
        (("predict", "out/plan"), "FILE"),
        (("predict", "out/plan", "a.csv", "--threads", "0"), "--threads"),
    ],
)
def test_misuse_exits_with_2_and_points_to_the_help(
    undercut_cli: Call, arguments: tuple[str, ...], word: str
) -> None:
    outcome = undercut_cli(*arguments)
    assert outcome.code == 2
    assert outcome.err.startswith("error: ")
    assert word in outcome.err
    assert "--help" in outcome.err


def test_the_help_names_every_exit_code(undercut_cli: Call) -> None:
    text = undercut_cli("--help").out
    for code, meaning in MEANINGS.items():
        assert f"{code.value:>5}  {meaning}" in text
    assert set(MEANINGS) == set(ExitCode)
