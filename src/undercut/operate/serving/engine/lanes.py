"""Where batches run: threads of this process, or worker processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from undercut.operate.serving.engine.stage_batch import StageBatch, StageOutcome


class WorkerLostError(Exception):
    """The worker died with the batch: try it elsewhere."""


Finished: TypeAlias = Callable[[StageOutcome | Exception], None]


@dataclass(frozen=True, slots=True)
class LanesState:
    """workers: processes that answer now, 0 where threads do; restarts: since the start."""

    workers: int
    restarts: int


class Lanes(Protocol):
    """Runs batches; all methods are called on the event loop, and so is `finished`."""

    @property
    def state(self) -> LanesState: ...

    @property
    def broken(self) -> str | None:
        """Why nothing can be answered now and none of it is about to change; None otherwise."""
        ...

    def places(self, stage: int) -> int:
        """Batches of this stage that could run at a time."""
        ...

    def free(self, stage: int) -> int:
        """Batches of this stage that can be handed over now."""
        ...

    def idle(self) -> int:
        """Workers that hold nothing, so that a batch could have one to itself."""
        ...

    def run(self, batch: StageBatch, finished: Finished, *, alone: bool = False) -> None:
        """Run a batch; `finished` gets the outcome, WorkerLostError, or what the model raised.

        alone: on an idle worker, which takes nothing else until it is done.
        """
        ...

    async def start(self, changed: Callable[[], None]) -> list[float]:
        """Load and warm up. changed: called when places are free again, or broken.

        Returns seconds that each stage took for the warm-up texts.
        """
        ...

    async def close(self) -> None:
        """Stop; batches that still run are lost."""
        ...
