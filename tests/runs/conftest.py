"""One real main job, quick effort, on ten intents of BANKING77; many tests look at what it left."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from undercut.runs.config import RunConfig
from undercut.runs.main_job import run
from undercut.runs.report.schema import Report

BANKING77 = Path(__file__).parents[2] / "src" / "undercut" / "assets" / "banking77"
INTENTS = 10


@dataclass(frozen=True)
class Job:
    """A finished main job: its config, its folder, what it returned, the test file's rows."""

    config: RunConfig
    out: Path
    report: Report
    rows: list[tuple[str, str]]


def banking_rows(name: str) -> list[tuple[str, str]]:
    """(text, intent) of the first intents, in a fixed random order."""
    with (BANKING77 / name).open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["intent"]) for row in csv.DictReader(file)]
    intents = sorted({intent for _, intent in rows})[:INTENTS]
    chosen = [row for row in rows if row[1] in intents]
    random.Random(0).shuffle(chosen)
    return chosen


def write_rows(path: Path, rows: list[tuple[str, str]]) -> Path:
    """A CSV with a text and an intent column."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "intent"])
        writer.writerows(rows)
    return path


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("main-job")
    train = write_rows(folder / "train.csv", banking_rows("train.csv"))
    rows = banking_rows("test.csv")
    test = write_rows(folder / "test.csv", rows)
    config = RunConfig(
        train=str(train), test=str(test), keep=0.95, effort="quick", out=str(folder / "out")
    )
    return Job(config, folder / "out", run(config), rows)
