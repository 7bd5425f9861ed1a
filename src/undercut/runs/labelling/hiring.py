"""The workers of a job, by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from undercut.build.labels.workers import Ask
from undercut.core.errors import ConfigError
from undercut.runs.labelling.asking import AnyWorker
from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.workers_file import load_workers


def hire(
    config: LabelConfig,
    classes: tuple[str, ...],
    items: Sequence[Ask],
    gold: dict[str, str],
    workers: Sequence[AnyWorker] | None,
) -> dict[str, AnyWorker]:
    """The workers by name; ConfigError for none, two of a name, or another currency."""
    if workers is None:
        texts = {ask.item: ask.text for ask in items}
        workers = load_workers(
            Path(config.workers),
            classes=classes,
            folder=config.out_folder,
            currency=config.budget_money.currency,
            examples=tuple((texts[item], name) for item, name in gold.items()),
        )
    hired = {worker.facts.name: worker for worker in workers}
    if not hired or len(hired) < len(workers):
        raise ConfigError(
            f"{config.workers}: at least one worker is needed, each with a name of its own"
        )
    currency = config.budget_money.currency
    for worker in workers:
        if worker.facts.price.currency != currency:
            raise ConfigError(
                f"worker {worker.facts.name!r} is paid in {worker.facts.price.currency},"
                f" the budget is in {currency}",
                hint="one currency for all; undercut converts nothing",
            )
    return hired
