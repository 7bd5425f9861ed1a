"""Booking attempts: a stage starts, is metered, and ends in the ledger exactly once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from undercut.core.errors import LedgerError
from undercut.core.ledger import Ledger
from undercut.core.ledger_entries import Entry, Event
from undercut.core.prices import PriceRow
from undercut.core.usage import Meter, Usage
from undercut.runs.metering import Heartbeat, last_heartbeat


@dataclass(frozen=True, slots=True)
class Bookkeeping:
    """Where a run books.

    meter: reads what stages consume. price: row of the host the run runs on, None where
    nobody knows what it costs. heartbeats: existing folder for the side files of running
    attempts. now: the time, in UTC.
    """

    ledger: Ledger
    meter: Meter
    run_id: str
    price: PriceRow | None
    heartbeats: Path
    now: Callable[[], datetime]
    interval_seconds: float = 5.0


@contextmanager
def booked(
    books: Bookkeeping, *, stage: str, attempt_id: str, artefact: str | None = None
) -> Iterator[None]:
    """Meter a block as one attempt of a stage, and book its start and its end.

    The end is 'finished', or 'failed' with the error's name where the block raises, Ctrl-C
    included; either way with what was consumed. artefact: the store key the stage makes.
    """

    def book(event: Event, usage: Sequence[Usage] = (), note: str = "") -> None:
        books.ledger.append(
            run_id=books.run_id,
            attempt_id=attempt_id,
            stage=stage,
            event=event,
            at=books.now(),
            usage=usage,
            price=books.price,
            artefact=artefact,
            note=note,
        )

    beats = heartbeat_path(books.heartbeats, attempt_id)
    with books.meter.stage(stage) as span:
        book(Event.STARTED)
        try:
            with Heartbeat(beats, span.usage, interval_seconds=books.interval_seconds):
                yield
        except BaseException as error:
            book(Event.FAILED, span.usage(), type(error).__name__)
            raise
        else:
            book(Event.FINISHED, span.usage())
        finally:
            beats.unlink(missing_ok=True)


def book_reuse(books: Bookkeeping, *, stage: str, attempt_id: str, artefact: str) -> Entry:
    """Book that a stage cost nothing now, and name the entry that paid for its artefact.

    Raises LedgerError where the book does not know who paid.
    """
    payer = books.ledger.payer(artefact)
    if payer is None:
        raise LedgerError(
            f"{stage}: the stored result {artefact[:12]} is in no entry of {books.ledger.path}",
            hint="remove the stored result, so that it is made and booked again",
        )
    return books.ledger.append(
        run_id=books.run_id,
        attempt_id=attempt_id,
        stage=stage,
        event=Event.REUSED,
        at=books.now(),
        artefact=artefact,
        paid_by=payer.id,
    )


def close_open_attempts(ledger: Ledger, heartbeats: Path, *, at: datetime) -> tuple[Entry, ...]:
    """Book the attempts of killed runs as abandoned, with what their last heartbeat says.

    Without a heartbeat their cost stays unknown. Call it while holding the run lock of the
    folder: an attempt of a run that lives has no end either.
    """
    closed = []
    for start in ledger.open_attempts():
        path = heartbeat_path(heartbeats, start.attempt_id)
        usage = last_heartbeat(path)
        closed.append(
            ledger.append(
                run_id=start.run_id,
                attempt_id=start.attempt_id,
                stage=start.stage,
                event=Event.ABANDONED,
                at=at,
                usage=usage or (),
                price=start.price,
                artefact=start.artefact,
                note="killed; usage unknown" if usage is None else "killed; usage of the last beat",
            )
        )
        path.unlink(missing_ok=True)
    return tuple(closed)


def heartbeat_path(folder: Path, attempt_id: str) -> Path:
    """The side file of one attempt; LedgerError for an id that is no file name."""
    if not attempt_id or not attempt_id.replace("-", "").replace("_", "").isalnum():
        raise LedgerError(
            f"an attempt id has letters, digits, - and _ only, got {attempt_id!r}",
            hint="uuid.uuid4().hex",
        )
    return folder / f"{attempt_id}.json"
