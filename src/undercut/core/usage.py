"""What a step consumed, in its own unit, and the meter that counts it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from typing import Protocol

from undercut.core.errors import ConfigError

_MICRO = Decimal("0.000001")
_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)


class Unit(StrEnum):
    """Units of consumption; all of them add up over steps (peak memory does not: see Reading)."""

    WALL_SECONDS = "wall_seconds"
    CPU_SECONDS = "cpu_seconds"
    GPU_SECONDS = "gpu_seconds"
    LABELS = "labels"
    TOKENS = "tokens"
    REQUESTS = "requests"
    BYTE_MONTHS = "byte_months"


@dataclass(frozen=True, slots=True)
class Usage:
    """A quantity of one unit; finite Decimal, never negative. ConfigError otherwise."""

    unit: Unit
    quantity: Decimal

    def __post_init__(self) -> None:
        if not isinstance(self.unit, Unit):
            raise ConfigError(f"usage needs a Unit, got {self.unit!r}")
        if not isinstance(self.quantity, Decimal):
            raise ConfigError(
                f"a quantity of {self.unit} must be a Decimal, got {self.quantity!r}",
                hint="Usage.measured(unit, number)",
            )
        if not self.quantity.is_finite() or self.quantity < 0:
            raise ConfigError(f"a quantity of {self.unit} must be >= 0, got {self.quantity}")

    @classmethod
    def measured(cls, unit: Unit, value: float) -> Usage:
        """A reading of a clock or counter, rounded to the millionth of the unit."""
        return cls(unit, Decimal(repr(value)).quantize(_MICRO, context=_CONTEXT))


def summed(usages: Iterable[Usage]) -> tuple[Usage, ...]:
    """One Usage per unit, in the order of `Unit`; units that never occur are left out."""
    sums: dict[Unit, Decimal] = {}
    for usage in usages:
        sums[usage.unit] = _CONTEXT.add(sums.get(usage.unit, Decimal(0)), usage.quantity)
    return tuple(Usage(unit, sums[unit]) for unit in Unit if unit in sums)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one stage consumed.

    usage: one entry per unit. peak_rss_bytes: the highest resident memory of the process up to
    the end of the stage, None where it was not measured. failed: the stage raised; its usage
    was spent all the same.
    """

    stage: str
    usage: tuple[Usage, ...]
    peak_rss_bytes: int | None = None
    failed: bool = False


class Span(Protocol):
    """A stage that is being metered."""

    def usage(self) -> tuple[Usage, ...]:
        """What the stage has consumed so far; callable from another thread."""
        ...


class Meter(Protocol):
    """Counts what stages consume.

    `stage` opens a stage; `record` books countable units (labels, tokens) to the open one.
    Stages do not nest, so that nothing is counted twice: opening a second one, or recording
    outside a stage, raises ConfigError. `readings` holds the closed stages in order.
    """

    @property
    def readings(self) -> tuple[Reading, ...]: ...

    def stage(self, name: str) -> AbstractContextManager[Span]: ...

    def record(self, usage: Usage) -> None: ...


class RecordingMeter:
    """A meter that reads no clock: it keeps what is recorded, for pure code and tests."""

    def __init__(self) -> None:
        self._readings: list[Reading] = []
        self._open: RecordingSpan | None = None

    @property
    def readings(self) -> tuple[Reading, ...]:
        return tuple(self._readings)

    @contextmanager
    def stage(self, name: str) -> Iterator[Span]:
        if self._open is not None:
            raise ConfigError(f"stage {name!r} opened inside {self._open.name!r}; close that first")
        span = self._open = self._begin(name)
        failed = True
        try:
            yield span
            failed = False
        finally:
            self._open = None
            self._readings.append(
                Reading(name, span.usage(), peak_rss_bytes=span.peak_rss_bytes(), failed=failed)
            )

    def record(self, usage: Usage) -> None:
        if self._open is None:
            raise ConfigError(f"{usage.quantity} {usage.unit} recorded outside any stage")
        self._open.add(usage)

    def _begin(self, name: str) -> RecordingSpan:
        return RecordingSpan(name)


class RecordingSpan:
    """One open stage of a RecordingMeter."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._recorded: tuple[Usage, ...] = ()

    def add(self, usage: Usage) -> None:
        """Book one quantity to this stage."""
        self._recorded = summed((*self._recorded, usage))

    def usage(self) -> tuple[Usage, ...]:
        """The sum of what was recorded, one entry per unit."""
        return self._recorded

    def peak_rss_bytes(self) -> int | None:
        """Not measured here."""
        return None
