"""The workers of a job, by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from undercut.build.labels.workers import Ask
from undercut.core.errors import ConfigError, InputError
from undercut.runs.labelling.asking import AnyWorker
from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.recorded import RecordedWorker
from undercut.runs.labelling.workers_file import load_workers


def hire(
    config: LabelConfig,
    classes: tuple[str, ...],
    items: Sequence[Ask],
    gold: dict[str, str],
    workers: Sequence[AnyWorker] | None,
) -> dict[str, AnyWorker]:
    """The workers by name; ConfigError for none, two of a name, or another currency.

    InputError for recorded answers of which none is about these texts and classes.
    """
    if workers is None:
        texts = {ask.item: ask.text for ask in items}
        workers = load_workers(
            Path(config.workers),
            classes=classes,
            folder=config.out_folder,
            currency=config.budget_money.currency,
            examples=tuple((texts[item], name) for item, name in gold.items()),
        )
    for worker in workers:
        if isinstance(worker, RecordedWorker):
            _refuse_strangers(worker, items, classes, config.source)
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


def _refuse_strangers(
    worker: RecordedWorker, items: Sequence[Ask], classes: Sequence[str], source: str
) -> None:
    ids, known = {ask.item for ask in items}, set(classes)
    votes = worker.collect()
    about = [vote for vote in votes if vote.item in ids]
    if not about:
        named = f", such as {votes[0].item!r}" if votes else ""
        raise InputError(
            f"worker {worker.facts.name!r}: none of its {len(votes)} answers{named}, is about an"
            f" item of {source}, such as {items[0].item!r}",
            hint="--id-column NAME of the column that the answers name; without ids rows count"
            " from 0",
        )
    if not any(vote.label in known for vote in about):
        raise InputError(
            f"worker {worker.facts.name!r}: none of its answers, such as {about[0].label!r}, is"
            " one of the classes",
            hint=f"one of: {', '.join(classes[:10])}{' ...' if len(classes) > 10 else ''}",
        )
