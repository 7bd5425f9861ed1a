"""Real rows for the tests of cleaning: some intents of BANKING77, in a fixed random order."""

from __future__ import annotations

import csv
import random
from importlib.resources import files
from pathlib import Path

INTENTS = 10


def banking_rows(name: str) -> list[tuple[str, str]]:
    """(text, intent) of the first ten intents."""
    with (files("undercut") / "assets" / "banking77" / name).open(encoding="utf-8") as file:
        rows = [(row["text"], row["intent"]) for row in csv.DictReader(file)]
    chosen = sorted({intent for _, intent in rows})[:INTENTS]
    rows = [row for row in rows if row[1] in chosen]
    random.Random(0).shuffle(rows)
    return rows


def write_rows(path: Path, rows: list[tuple[str, str]], delimiter: str = ",") -> Path:
    """A table with a text and a label column."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([("text", "label"), *rows])
    return path
