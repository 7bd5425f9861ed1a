"""A finished main job, and the rows it is made from."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path

from undercut.runs.config import RunConfig
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
