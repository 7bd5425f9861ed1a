"""The texts that are asked: BANKING77's test questions, as shipped."""

from __future__ import annotations

import csv
import json
from importlib.resources import files


def questions() -> list[str]:
    """All test texts, in the file's order."""
    source = files("undercut") / "assets" / "banking77" / "test.csv"
    with source.open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def bodies(
    texts: list[str], *, inputs: int, requests: int = 200, deadline_seconds: float | None = None
) -> list[str]:
    """Request bodies with so many texts each; texts repeat where there are not enough.

    deadline_seconds: as a caller of undercut says how long the answer is worth waiting for.
    """
    told = {} if deadline_seconds is None else {"deadline_seconds": deadline_seconds}
    many = (texts * (inputs * requests // len(texts) + 1))[: inputs * requests]
    return [
        json.dumps({"inputs": many[start : start + inputs], **told}, ensure_ascii=False)
        for start in range(0, len(many), inputs)
    ]
