"""What handlers work with; made once for each server process."""

from __future__ import annotations

from dataclasses import dataclass

from undercut.core.requests import Books, Gate
from undercut.operate.serving.answering import Engine
from undercut.operate.serving.http.capacity import Capacity
from undercut.operate.serving.http.counters import Counters
from undercut.operate.serving.http.figures import FigureSource
from undercut.operate.serving.http.limits import HttpLimits
from undercut.operate.serving.http.metered import Till
from undercut.operate.serving.http.readiness import Readiness
from undercut.operate.serving.http.request_ids import RequestIds
from undercut.operate.serving.http.usage import UsageReader


@dataclass(frozen=True, slots=True)
class Services:
    """The rooms' work handed in, and this room's own counters and limits.

    figures: sources of further metrics, such as the engine's queue. version: of undercut.
    """

    engine: Engine
    gate: Gate
    books: Books
    usage: UsageReader
    limits: HttpLimits
    counters: Counters
    capacity: Capacity
    readiness: Readiness
    ids: RequestIds
    till: Till
    figures: tuple[FigureSource, ...] = ()
    version: str = "0"


def make_services(
    engine: Engine,
    gate: Gate,
    books: Books,
    usage: UsageReader,
    *,
    limits: HttpLimits | None = None,
    figures: tuple[FigureSource, ...] = (),
    version: str = "0",
) -> Services:
    """Services over an engine, a gate and books; nothing is started."""
    limits = limits or HttpLimits()
    counters = Counters()
    return Services(
        engine=engine,
        gate=gate,
        books=books,
        usage=usage,
        limits=limits,
        counters=counters,
        capacity=Capacity(limits),
        readiness=Readiness(),
        ids=RequestIds(),
        till=Till(gate, books, engine, counters),
        figures=figures,
        version=version,
    )
