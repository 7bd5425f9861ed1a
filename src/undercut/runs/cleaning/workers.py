"""Who does the steps that look at rows one by one: this process, or one process a core."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa

from undercut.build.data.near_duplicates.config import NearDuplicateConfig
from undercut.build.data.near_duplicates.finder import NearDuplicateFinder
from undercut.build.data.near_duplicates.result import NearDuplicates
from undercut.core.errors import UndercutError
from undercut.models.threads import available_cores
from undercut.runs.cleaning.parts import Part, live_rows, write_marks, write_outcome
from undercut.runs.cleaning.specs import StepSpec

# Below this many characters two processes take longer to start than one to finish.
_WORTH_CHARACTERS = 12_000_000


@dataclass(frozen=True, slots=True)
class Done:
    """A part a step has been through: rows that went in, CPU seconds spent outside this process."""

    part: Part
    rows: int
    cpu_seconds: float = 0.0


class Finder(Protocol):
    """Takes texts in batches and groups the near-duplicates among all of them."""

    def add(self, texts: Sequence[str]) -> None: ...

    def groups(self) -> NearDuplicates: ...


class Workers(Protocol):
    """Runs a step over parts; each part's delta stands in `folder` when its `Done` comes."""

    def run(self, spec: StepSpec, parts: Sequence[Part], folder: Path) -> Iterator[Done]: ...

    def finder(self, config: NearDuplicateConfig) -> Finder: ...

    def rest(self) -> None:
        """Between stages: no rows come for a while, so idle processes may give their memory."""
        ...


def do_part(spec: StepSpec, part: Part, folder: Path) -> int:
    """One step over one part: reads its live rows, leaves the delta, returns the rows it saw."""
    batch = live_rows(part)
    outcome = spec.make()(batch)
    write_outcome(folder, part, outcome)
    if outcome.marks is not None:
        write_marks(folder, part, batch.rows, outcome.marks)
    return len(batch)


class LocalWorkers:
    """The cores of this machine; one process where the work is small. Close it, or use `with`."""

    def __init__(self, processes: int | None = None) -> None:
        self._processes = processes or available_cores()
        self._pool: ProcessPoolExecutor | None = None

    def run(self, spec: StepSpec, parts: Sequence[Part], folder: Path) -> Iterator[Done]:
        if self._processes == 1 or len(parts) < 2 or _characters(parts) < _WORTH_CHARACTERS:
            for part in parts:
                yield Done(part, do_part(spec, part, folder))
            return
        try:
            yield from self._pooled(spec, parts, folder)
        except BrokenProcessPool as error:
            raise UndercutError(
                f"a worker process died during {spec.name}: {error}",
                hint="--processes 1 where memory is short; finished steps are kept",
            ) from error

    def finder(self, config: NearDuplicateConfig) -> Finder:
        """Near-duplicates on this machine's cores; its threads run outside the interpreter lock."""
        return NearDuplicateFinder(config, threads=self._processes)

    def _pooled(self, spec: StepSpec, parts: Sequence[Part], folder: Path) -> Iterator[Done]:
        pool = self._pool = self._pool or _pool(self._processes)
        waiting = iter(parts)
        running: set[Future[Done]] = {
            pool.submit(_do, spec, part, folder) for part in islice(waiting, 2 * self._processes)
        }
        while running:
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for part in islice(waiting, len(ended)):
                running.add(pool.submit(_do, spec, part, folder))
            for future in ended:
                yield future.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.rest()

    def rest(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _do(spec: StepSpec, part: Part, folder: Path) -> Done:
    started = time.process_time()
    rows = do_part(spec, part, folder)
    return Done(part, rows, time.process_time() - started)


def _pool(processes: int) -> ProcessPoolExecutor:
    # Forking a process that runs threads (Arrow's, the heartbeat) may hang: spawn.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, mp_context=context, initializer=_start)


def _start() -> None:
    """Ctrl-C is the parent's to handle; a parent that was killed takes its workers along."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pa.set_cpu_count(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _characters(parts: Sequence[Part]) -> int:
    return sum(part.characters for part in parts)
