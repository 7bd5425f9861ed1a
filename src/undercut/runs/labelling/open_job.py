"""One open labelling job: its folder's journal and books, its workers, what it was asked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.choosing.order import is_drawn
from undercut.build.labels.deciding.config import MarketConfig
from undercut.build.labels.deciding.position import Position
from undercut.build.labels.votes import IntArray
from undercut.build.labels.workers import Ask, WorkerFacts
from undercut.core.ledger import Ledger
from undercut.runs.labelling.asking import AnyWorker
from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.joint import Joint, kept_for_audit
from undercut.runs.labelling.journal import Journal
from undercut.runs.labelling.label_booking import book_closed
from undercut.runs.labelling.position import read_position
from undercut.runs.labelling.vectors import kept_vectors
from undercut.runs.progress import Progress

# Without any model installed a student cannot learn; below this many texts it is not worth it.
LEAST_TEXTS_FOR_STUDENT = 300


@dataclass
class Job:
    """One open job: its folder's journal, its workers, what it was asked.

    file: the texts in the order of their file.
    """

    config: LabelConfig
    journal: Journal
    ledger: Ledger
    file: tuple[Ask, ...]
    classes: tuple[str, ...]
    gold: dict[str, str]
    workers: dict[str, AnyWorker]
    progress: Progress
    joint: Joint | None = None

    @property
    def places(self) -> IntArray:
        """(texts,) positions in the file, those first that are labelled first."""
        if self.joint is None:
            return np.arange(len(self.file))
        return self.joint.places(len(self.file), self.config.seed)

    @property
    def everything(self) -> tuple[Ask, ...]:
        """All texts, those first that are labelled first."""
        return tuple(self.file[place] for place in self.places.tolist())

    @property
    def items(self) -> tuple[Ask, ...]:
        """The texts that are labelled now: all, or the part of them that pays so far."""
        return self.everything if self.joint is None else self.everything[: self.joint.pool]

    @property
    def market(self) -> MarketConfig:
        """What is wanted now: the audit comes last, when the part of the texts is settled."""
        config = self.config.market()
        if self.joint is None or self.joint.final:
            return config
        return dataclasses.replace(config, audit=False, target_error=self.joint.target)

    @property
    def facts(self) -> tuple[WorkerFacts, ...]:
        """Of the workers, in their order."""
        return tuple(worker.facts for worker in self.workers.values())

    @property
    def texts(self) -> dict[str, str]:
        """Item -> text."""
        return {ask.item: ask.text for ask in self.items}

    def drawn(self) -> frozenset[str] | None:
        """Ids of the texts labelled now that are a random sample; None where all are."""
        if self.joint is None or self.joint.order.drawn == self.joint.pool:
            return None
        sample = is_drawn(self.joint.order, len(self.file), self.config.seed)
        return frozenset(ask.item for ask, own in zip(self.items, sample, strict=True) if own)

    def position(self) -> Position:
        """Where it stands now."""
        position = read_position(
            self.journal,
            items=self.items,
            classes=self.classes,
            sources=self.facts,
            gold=self.gold,
            budget=self.config.budget_money,
            target_error=self.config.target_error,
        )
        vectors = self.vectors()
        known = None if vectors is None else vectors[: len(self.items)]
        kept = float(kept_for_audit(self.config, self.joint).amount)
        return dataclasses.replace(position, vectors=known, money=max(position.money - kept, 0.0))

    def vectors(self) -> NDArray[np.float64] | None:
        """(everything, width); None where the encoder is missing or the texts are few."""
        kept = self.file_vectors
        return kept if kept is None or self.joint is None else kept[self.places]

    @cached_property
    def file_vectors(self) -> NDArray[np.float64] | None:
        """(texts, width) in the order of the file, or None as above; read once for all looks."""
        if len(self.file) < LEAST_TEXTS_FOR_STUDENT:
            return None
        return kept_vectors(self.config.out_folder, [ask.text for ask in self.file])


def book(job: Job) -> None:
    """Book every closed batch into the ledger, once."""
    run_id = job.journal.meta("run_id")
    if run_id is None:
        run_id = f"label-{int(now().timestamp() * 1000):x}"
        job.journal.set_meta("run_id", run_id)
    prices = {facts.name: facts.price for facts in job.facts}
    book_closed(job.journal, job.ledger, run_id=run_id, prices=prices, at=now())


def now() -> datetime:
    """The clock of the journal and the books."""
    return datetime.now(UTC)
