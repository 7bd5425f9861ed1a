"""Runs stages: finds what is stored, books what is made, stops when the money is spent."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from undercut.core.errors import BudgetExceededError, LedgerError
from undercut.core.ledger import Ledger
from undercut.core.locks import RunLock
from undercut.core.money import Money
from undercut.core.prices import PriceRow
from undercut.core.store import Store, stage_key
from undercut.core.usage import Meter
from undercut.runs.booking import Bookkeeping, book_reuse, booked, close_open_attempts
from undercut.runs.metering import ProcessMeter
from undercut.runs.progress import Progress

WORK_FOLDER: Final = "work"
LEDGER_FILE: Final = "ledger.sqlite"


@dataclass(frozen=True, slots=True)
class Made:
    """A stage's result: where it stands and the key that later stages name as their input."""

    key: str
    path: Path


@dataclass
class Stages:
    """One run's stages over one output folder.

    budget: most that all entries of this folder's ledger may add up to, None without limit.
    """

    store: Store
    books: Bookkeeping
    progress: Progress
    created_by: str
    budget: Money | None = None
    _deadline: float | None = field(default=None, init=False)

    def run(
        self,
        stage: str,
        description: str,
        build: Callable[[Path], None],
        *,
        version: str,
        config: object = None,
        inputs: Mapping[str, Made] | None = None,
    ) -> Made:
        """The stage's stored result, made now where there is none.

        build fills an empty folder. Raises BudgetExceededError before a stage that nothing is
        left for, and from `tick` while one runs.
        """
        sources = {name: made.key for name, made in (inputs or {}).items()}
        key = stage_key(stage, version=version, config=config, inputs=sources)
        self.progress.start(stage, description)
        started = time.perf_counter()
        attempt = uuid.uuid4().hex
        stored = self.store.get(key)
        if stored is not None and self._reuse(stage, attempt, key):
            self.progress.finish(stage, reused=True, seconds=time.perf_counter() - started)
            return Made(key, stored)
        self._set_deadline(stage)
        with booked(self.books, stage=stage, attempt_id=attempt, artefact=key):
            path = self.store.publish(
                key,
                build,
                kind=stage,
                inputs=tuple(sources.values()),
                created_by=self.created_by,
            )
        self.progress.finish(stage, reused=False, seconds=time.perf_counter() - started)
        return Made(key, path)

    def tick(self, fraction: float | None, detail: str, seconds_left: float | None = None) -> None:
        """Called by running stages: passes progress on, and stops them at the budget."""
        self.progress.update(fraction, detail, seconds_left)
        if self._deadline is not None and time.perf_counter() > self._deadline:
            raise BudgetExceededError(
                f"the budget of {self.budget} is spent ({detail})", hint=_MORE_BUDGET
            )

    def spent(self) -> Money | None:
        """Everything booked in this folder so far; None where a cost is unknown."""
        currency = self.books.price.currency if self.books.price is not None else "USD"
        return self.books.ledger.total().money(currency)

    def _reuse(self, stage: str, attempt: str, key: str) -> bool:
        """Book the reuse; False where the books do not know the stored result's payer."""
        try:
            book_reuse(self.books, stage=stage, attempt_id=attempt, artefact=key)
        except LedgerError:
            # The ledger was removed but the store was not: book anew, so that it has a payer.
            return False
        return True

    def _set_deadline(self, stage: str) -> None:
        if self.budget is None or self.books.price is None:
            return
        spent = self.spent() or Money.zero(self.budget.currency)
        left = self.budget - spent
        if left.amount <= 0:
            raise BudgetExceededError(
                f"the budget of {self.budget} is spent ({spent}); {stage} is the next step",
                hint=_MORE_BUDGET,
            )
        hours = left.amount / self.books.price.hourly.amount
        self._deadline = time.perf_counter() + float(hours * Decimal(3600))


_MORE_BUDGET = "run the same command with a larger --budget: finished steps are kept"


@contextmanager
def open_stages(
    out: Path,
    *,
    price: PriceRow | None,
    budget: Money | None,
    progress: Progress,
    created_by: str,
    meter: Meter | None = None,
) -> Iterator[Stages]:
    """Lock an output folder, settle what killed runs left open, and run stages in it."""
    out.mkdir(parents=True, exist_ok=True)
    heartbeats = out / WORK_FOLDER / "heartbeats"
    with RunLock(out), Ledger.open(out / LEDGER_FILE) as ledger:
        heartbeats.mkdir(parents=True, exist_ok=True)
        close_open_attempts(ledger, heartbeats, at=_now())
        books = Bookkeeping(
            ledger=ledger,
            meter=meter or ProcessMeter(),
            run_id=uuid.uuid4().hex,
            price=price,
            heartbeats=heartbeats,
            now=_now,
        )
        yield Stages(
            store=Store(out / WORK_FOLDER / "store"),
            books=books,
            progress=progress,
            created_by=created_by,
            budget=budget,
        )


def _now() -> datetime:
    return datetime.now(UTC)
