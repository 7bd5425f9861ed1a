"""The command: killed, stopped, out of disk, previewed, shown; and the main job's data stage."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from cleaning_rows import banking_rows, write_rows

from undercut.core.errors import ArtefactError, InputError
from undercut.core.ledger import Ledger
from undercut.core.ledger_entries import Event
from undercut.core.price_files import load_prices
from undercut.runs.cleaning.config import make_clean_config
from undercut.runs.cleaning.job import clean
from undercut.runs.config import RunConfig
from undercut.runs.progress import Silence
from undercut.runs.stages import open_stages
from undercut.runs.steps.data import load_data, make_data


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "undercut", *map(str, arguments)]


def called(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False)


@pytest.fixture
def train(tmp_path: Path) -> Path:
    rows = banking_rows("train.csv")
    return write_rows(tmp_path / "train.csv", [*rows, *rows[:7]])


def test_a_cleaned_folder_is_shown_and_checked(tmp_path: Path, train: Path) -> None:
    out = tmp_path / "clean"
    made = called("clean", train, "--out", out, "--label-noise", "off", "--json", "-q")
    assert made.returncode == 0, made.stderr
    report = json.loads(made.stdout)
    assert report["kept"] + report["rejected"] == report["read"]
    shown = called("data", "show", out)
    assert shown.returncode == 0, shown.stderr
    assert "exact duplicate" in shown.stdout
    assert json.loads(called("data", "show", out, "--json").stdout) == report
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    (out / "data.parquet").unlink()
    (out / "data.parquet").write_bytes(b"PAR1")
    broken = called("data", "show", out)
    assert broken.returncode == 6
    assert "data.parquet" in broken.stderr
    assert "Traceback" not in broken.stderr


def test_a_preview_writes_nothing(tmp_path: Path, train: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    out = tmp_path / "clean"
    seen = called("clean", train, "--out", out, "--label-noise", "off", "--preview")
    assert seen.returncode == 0, seen.stderr
    assert "the same text as row" in seen.stdout
    assert "nothing was written" in seen.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_full_disk_is_told_and_the_same_command_goes_on(tmp_path: Path, train: Path) -> None:
    out = tmp_path / "clean"
    arguments = ("clean", train, "--out", out, "--label-noise", "off", "-q")
    # No file may grow beyond 60 kB: the ledger fits, the rows do not.
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000));"
        "from undercut.cli.main import main; main(sys.argv[1:])"
    )
    words = [sys.executable, "-c", code, *map(str, arguments)]
    full = subprocess.run(words, capture_output=True, text=True, check=False)
    assert full.returncode == 6, full.stderr
    assert "Traceback" not in full.stderr
    assert not (out / "manifest.json").exists()
    again = called(*arguments)
    assert again.returncode == 0, again.stderr
    assert (out / "manifest.json").is_file()


def wait_for_a_step(out: Path, process: subprocess.Popen[bytes], known: set[Path]) -> None:
    """Until a step of this process runs: each has a heartbeat file of its own."""
    for _ in range(3_000):
        beats = set((out / "work" / "heartbeats").glob("*.json"))
        if beats - known or process.poll() is not None:
            return
        time.sleep(0.01)


def test_killed_and_stopped_runs_go_on_where_they_were(tmp_path: Path, train: Path) -> None:
    out = tmp_path / "clean"
    arguments = ("clean", train, "--out", out, "--label-noise", "find", "-q")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    for how in (signal.SIGKILL, signal.SIGINT):
        known = set((out / "work" / "heartbeats").glob("*.json"))
        process = subprocess.Popen(command(*arguments), **quiet)  # type: ignore[call-overload]
        wait_for_a_step(out, process, known)
        time.sleep(0.1)
        if process.poll() is None:
            os.kill(process.pid, how)
        code = process.wait()
        assert code in {-signal.SIGKILL, 130, 0}
        assert not list(out.glob(".partial-*.parquet"))
    done = called(*arguments)
    assert done.returncode == 0, done.stderr
    whole = tmp_path / "whole"
    clean(make_clean_config({"sources": (str(train),), "label_noise": "find", "out": str(whole)}))
    for name in ("data", "rejected", "changed", "suspects"):
        one, other = (folder / f"{name}.parquet" for folder in (out, whole))
        assert one.read_bytes() == other.read_bytes(), name
    with Ledger.open(out / "ledger.sqlite") as ledger:
        assert ledger.verify() == ()
        assert ledger.open_attempts() == ()
        made = [e.artefact for e in ledger.entries() if e.event is Event.FINISHED]
    assert len(made) == len(set(made)), "a finished step was done again"


def run_data(train: Path, out: Path) -> tuple[RunConfig, Path]:
    config = RunConfig(train=str(train), out=str(out), certify_rows=150, tune_rows=60)
    with open_stages(
        out, price=load_prices().host("c7i.large"), budget=None, progress=Silence(), created_by="t"
    ) as stages:
        made, _ = make_data(stages, config)
    return config, made.path


def test_the_main_job_keeps_near_duplicates_in_one_split(tmp_path: Path) -> None:
    rows = banking_rows("train.csv")[:400]
    rows += [(f"{text} thank you", label) for text, label in rows[:120]]
    out = tmp_path / "clean"
    train = write_rows(tmp_path / "train.csv", rows)
    settings = {"sources": (str(train),), "label_noise": "off", "out": str(out)}
    clean(make_clean_config({**settings, "near_duplicates": "group"}))
    config, folder = run_data(out, tmp_path / "run")
    data = load_data(folder, config)
    table = pq.read_table(out / "data.parquet")
    groups = np.array(table["group"].to_pylist())
    assert len(np.unique(groups)) < len(groups) - 100
    parts = [set(groups[part.lines - 1]) for part in (data.train, data.tune, data.certify)]
    for i, one in enumerate(parts):
        for other in parts[i + 1 :]:
            assert not one & other
    assert sum(map(len, (data.train, data.tune, data.certify))) == len(groups)


def test_the_main_job_does_not_take_half_a_folder(tmp_path: Path, train: Path) -> None:
    out = tmp_path / "clean"
    clean(make_clean_config({"sources": (str(train),), "label_noise": "off", "out": str(out)}))
    (out / "data.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ArtefactError, match="missing or changed"):
        run_data(out, tmp_path / "one")
    (out / "manifest.json").unlink()
    with pytest.raises(InputError, match="did not finish"):
        run_data(out, tmp_path / "two")


def test_a_cleaned_folder_can_be_cleaned_again(tmp_path: Path, train: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    shared = {"label_noise": "off"}
    one = clean(make_clean_config({"sources": (str(train),), "out": str(first), **shared}))
    two = clean(make_clean_config({"sources": (str(first),), "out": str(second), **shared}))
    assert (two.read, two.kept, two.changed) == (one.kept, one.kept, 0)
