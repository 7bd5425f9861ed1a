"""How much an engine accepts and how it shares its work out."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

MOST_WORKERS = 64


class EngineSettings(BaseModel):
    """Limits and sizes of one engine; the defaults suit short texts on two cores and on sixty-four.

    workers: child processes that answer; 0 answers in threads of this process; None chooses by
    cores and plan (`default_workers`). slots: batches of a stage that run at a time where there
    are no workers; None chooses by cores. waiting_batches: batches of a stage that a worker may
    hold beyond the one it runs.
    queue_texts, queue_bytes: accepted and not yet answered, in all. A text counts four bytes a
    character where it is not ASCII, as Python may hold it.
    batch_texts, batch_characters: a batch at most. batch_seconds: a batch is cut to what the stage
    does in this time by its own measurement, so that nobody waits longer for a batch in their way.
    turn_texts: texts of one request that go in before other waiting requests have their turn.
    drain_seconds: `close` waits so long for accepted work. stuck_seconds: a worker that has held a
    batch so long is killed. most_attempts: how often a batch is tried when its worker dies.
    nice: niceness added to answering, so that the process that takes, refuses and records requests
    goes before it; later stages get one more, so that the first goes before them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: int | None = Field(default=None, ge=0, le=MOST_WORKERS)
    slots: int | None = Field(default=None, ge=1)
    waiting_batches: int = Field(default=0, ge=0, le=8)
    queue_texts: int = Field(default=20_000, ge=1)
    queue_bytes: int = Field(default=64 << 20, ge=1024)
    batch_texts: int = Field(default=1024, ge=1)
    batch_characters: int = Field(default=1 << 18, ge=1)
    batch_seconds: float = Field(default=0.05, gt=0)
    turn_texts: int = Field(default=64, ge=1)
    drain_seconds: float = Field(default=30.0, ge=0)
    stuck_seconds: float = Field(default=60.0, gt=0)
    most_attempts: int = Field(default=3, ge=1)
    nice: int = Field(default=5, ge=0, le=19)


def default_workers(cores: int, *, encoder_first: bool = False) -> int:
    """Worker processes for a machine: see decision 0009 for the measurement.

    On two cores one worker beside the process that speaks HTTP; on more, one core in eight is left
    to HTTP and the books. encoder_first: every text meets an encoder, beside which HTTP and the
    books cost next to nothing: a worker for each core.
    """
    if encoder_first:
        return min(MOST_WORKERS, cores)
    return max(1, min(MOST_WORKERS, cores - max(1, cores // 8)))
