"""The command as a process: Ctrl-C, closed pipes, odd encodings, start-up time."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest

import undercut
from undercut.runs.report.documents import document_json

SOURCE = Path(undercut.__file__).parents[1]
WAITING = """
import signal, sys, time, types
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
job = types.ModuleType("undercut.runs.main_job")
def run(config, *, progress=None):
    progress.start("teacher", "train the teacher")
    time.sleep(60)
job.run = run
sys.modules["undercut.runs.main_job"] = job
from undercut.cli.main import main
main(["run", "工单.csv"])
"""


def environment(**extra: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "LC_", "LANG"))}
    return {**kept, "PYTHONPATH": str(SOURCE), **extra}


def undercut_process(*arguments: str, **extra: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "undercut.cli.main", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**extra),
    )


@pytest.fixture
def finished(tmp_path: Path, samples: types.ModuleType) -> Path:
    out = tmp_path / "输出 文件夹"
    out.mkdir()
    report = samples.certified(samples.CHINESE)
    (out / "report.json").write_text(document_json(report), encoding="utf-8")
    return out


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
def test_ctrl_c_ends_cleanly() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", WAITING], stderr=subprocess.PIPE, env=environment()
    )
    assert child.stderr is not None
    first = child.stderr.readline().decode()
    child.send_signal(signal.SIGINT)
    rest = child.stderr.read().decode()
    child.stderr.close()
    assert child.wait(timeout=30) == 130
    assert "train the teacher" in first
    assert "stopped; finished steps are kept; run the same command again" in rest
    assert "Traceback" not in rest


@pytest.mark.skipif(sys.platform == "win32", reason="pipes as POSIX has them")
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_closed_pipe_is_no_error_message(finished: Path, flags: tuple[str, ...]) -> None:
    child = undercut_process("show", str(finished), *flags)
    assert child.stdout is not None
    child.stdout.close()
    assert child.stderr is not None
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait(timeout=30) == 141


def test_json_is_utf_8_where_the_terminal_is_not(finished: Path) -> None:
    out, err = undercut_process(
        "show", str(finished), "--json", PYTHONIOENCODING="ascii"
    ).communicate(timeout=60)
    assert json.loads(out.decode("utf-8"))["confusions"]
    assert err == b""


def test_a_table_survives_a_terminal_without_chinese(finished: Path) -> None:
    child = undercut_process("show", str(finished), "--language", "zh", PYTHONIOENCODING="ascii")
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    assert b"93.7%" in out


def best_cpu_seconds(*command: str) -> float:
    """The least of three: a busy machine makes single readings long, never short."""
    readings = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, *command], env=environment(), check=True, stdout=subprocess.DEVNULL
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        readings.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(readings)


def test_import_is_light() -> None:
    assert best_cpu_seconds("-c", "import undercut") <= 0.3


def test_help_is_fast() -> None:
    assert best_cpu_seconds("-m", "undercut.cli.main", "--help") <= 0.5


@pytest.mark.parametrize("statement", ["import undercut", "import undercut.cli.main"])
def test_nothing_heavy_comes_with_an_import(statement: str) -> None:
    heavy = {"numpy", "pydantic", "torch", "transformers", "onnxruntime", "rich", "yaml"}
    shown = subprocess.run(
        [sys.executable, "-c", f"import sys; {statement}; print(*sys.modules)"],
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert heavy.isdisjoint(shown.split())
