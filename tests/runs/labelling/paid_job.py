"""Starts or goes on with a labelling job against `paid_server`; the tests kill it.

Run as a program: FOLDER TEXTS PORT REPEATABLE.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from undercut.build.labels.workers import Answer, Ask, Skill, WorkerFacts, WorkerKind
from undercut.core.money import Money
from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.job import label, resume
from undercut.runs.labelling.journal import FILE, Journal

PRICE = Money(Decimal("0.01"), "USD")


class PaidWorker:
    """Asks the server about one text at a time."""

    facts = WorkerFacts("paid", WorkerKind.ENDPOINT, PRICE, Skill(0.9))

    def __init__(self, port: int, *, repeatable: bool) -> None:
        self.port = port
        self.repeatable = repeatable

    def answer(self, asks: Sequence[Ask], *, classes: Sequence[str]) -> list[Answer]:
        return [self._one(ask) for ask in asks]

    def _one(self, ask: Ask) -> Answer:
        body = json.dumps({"item": ask.item, "text": ask.text, "key": f"paid-{ask.item}"})
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}", data=body.encode())
        with urllib.request.urlopen(request, timeout=30) as reply:
            return Answer(ask.item, "paid", json.loads(reply.read())["label"], PRICE)


def main() -> None:
    folder, texts, port, repeatable = sys.argv[1:]
    worker = PaidWorker(int(port), repeatable=repeatable == "yes")
    config = LabelConfig(
        source=texts,
        workers="none.yaml",
        budget="100 USD",
        classes=("a,b",),
        out=folder,
        explore=20,
    )
    if _begun(Path(folder)):
        resume(Path(folder), workers=[worker])
    else:
        label(config, workers=[worker])


def _begun(folder: Path) -> bool:
    """Whether a job stands there."""
    if not (folder / FILE).exists():
        return False
    with Journal.open(folder / FILE) as journal:
        return journal.meta("config") is not None


if __name__ == "__main__":
    main()
