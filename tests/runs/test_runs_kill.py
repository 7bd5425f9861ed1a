"""kill -9 at any moment, run again: nothing corrupt, finished stages kept, attempts booked once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from main_job_files import banking_rows, write_rows

from undercut.core.ledger import Ledger
from undercut.core.ledger_entries import Event
from undercut.models.plan import load_plan


def command(train: Path, out: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "undercut", "run", str(train), "--effort", "quick"),
        *("--keep", "0.9", "--out", str(out), "--json"),
    ]


@pytest.mark.slow
def test_killed_runs_go_on_where_they_were(tmp_path: Path) -> None:
    train = write_rows(tmp_path / "train.csv", banking_rows("train.csv"))
    out = tmp_path / "out"
    moments = random.Random(0)
    kills = 0
    for _ in range(12):
        process = subprocess.Popen(
            command(train, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(moments.uniform(2.0, 25.0))
        if process.poll() is not None:
            assert process.returncode == 0
            break
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
    assert kills > 2
    result = subprocess.run(command(train, out), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["plan"]["accuracy"] > 0.9
    assert load_plan(out / "plan").predict(["how do I activate my card?"])
    with Ledger.open(out / "ledger.sqlite") as ledger:
        assert ledger.verify() == ()
        assert ledger.open_attempts() == ()
        entries = ledger.entries()
    abandoned = [entry for entry in entries if entry.event is Event.ABANDONED]
    assert 0 < len(abandoned) <= kills
    ends = [e.attempt_id for e in entries if e.event not in {Event.STARTED, Event.REUSED}]
    assert len(ends) == len(set(ends))
    # A stage is finished once; what later runs find of it is reused.
    finished = [e.artefact for e in entries if e.event is Event.FINISHED]
    assert len(finished) == len(set(finished))
    assert not list((out / "work" / "store" / ".work").glob("*/manifest.json"))
    assert not list((out / "work" / "heartbeats").iterdir())
