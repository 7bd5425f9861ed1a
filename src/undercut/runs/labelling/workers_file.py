"""`workers.yaml`: who may label, at what price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from undercut.build.labels.workers import Skill, Worker, WorkerFacts, WorkerKind
from undercut.core.money import Money
from undercut.runs.labelling.formats import Format
from undercut.runs.labelling.people import PeopleWorker


def load_workers(
    path: Path,
    *,
    classes: Sequence[str],
    folder: Path,
    currency: str = "USD",
    examples: Sequence[tuple[str, str]] = (),
    environment: Mapping[str, str] | None = None,
) -> tuple[Worker | PeopleWorker, ...]:
    """The workers that a file names, in its order.

    folder: of the job: caches, spending and files for people go there. currency: of workers that
    name no price. examples: (text, label) known beforehand, shown to models. environment: where
    keys are looked up, that of the process where None.
    Raises ConfigError with file and line for an unknown kind or setting.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(_people(entry, folder, currency) for entry in content)


def _people(entry: dict[str, Any], folder: Path, currency: str) -> PeopleWorker:
    price = Money.parse(entry["price"]) if "price" in entry else Money.zero(currency)
    facts = WorkerFacts(entry["name"], WorkerKind.PEOPLE, price, Skill(entry["accuracy"]))
    return PeopleWorker(
        facts,
        tasks=folder / "people" / f"{facts.name}.json",
        answers=folder / "people" / f"{facts.name}.answers.json",
        format=Format.LABEL_STUDIO,
    )
