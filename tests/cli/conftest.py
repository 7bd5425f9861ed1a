"""One way to call the command line, and a stand-in for the one function `run` calls."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import pytest
from cli_fakes import Call, FakeJob, Outcome

from undercut.cli.main import run_command_line

SAMPLES = Path(__file__).parents[1] / "runs" / "report_samples.py"


@pytest.fixture
def undercut_cli(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Call:
    # tracebacks of the defects that tests cause go with the other files of the tests
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("logs")))

    def call(*arguments: str) -> Outcome:
        code = run_command_line(arguments)
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return call


@pytest.fixture(scope="session")
def samples() -> types.ModuleType:
    """tests/runs/report_samples.py, which is on the path of its own folder's tests only."""
    spec = importlib.util.spec_from_file_location("report_samples_for_cli", SAMPLES)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, samples: types.ModuleType) -> FakeJob:
    # a module in its place, so that these tests need not wait for torch
    fake = FakeJob(samples.certified())
    module = types.ModuleType("undercut.runs.main_job")
    module.run = fake.run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "undercut.runs.main_job", module)
    return fake
