"""What `undercut votes aggregate` finds, as data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MethodResult:
    """One method on the file.

    accuracy, interval: on items with truth that were not gold, with 95% exact limits;
    mean_absolute_error and rmse instead where answers are numbers. ties: items whose best two
    classes are equally probable. None where there is no truth.
    """

    method: str
    seconds: float
    iterations: int
    converged: bool
    ties: int = 0
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    mean_absolute_error: float | None = None
    rmse: float | None = None


@dataclass(frozen=True, slots=True)
class WorkerResult:
    """One worker by the chosen method.

    skill: believed share of right answers (None for numbers); error: root mean square distance
    to the merged values and weight: what an answer counts, one on average (None for classes).
    confusion: rows by true class, None where the method has none. always: the one class it ever
    said, in ten answers or more.
    """

    worker: str
    answers: int
    skill: float | None = None
    confusion: tuple[tuple[float, ...], ...] | None = None
    error: float | None = None
    weight: float | None = None
    truth_accuracy: float | None = None
    always: str | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far workers agree: Krippendorff's alpha (nominal or interval), Fleiss' kappa where every
    item has as many answers, share of pairs of answers to one item that are the same."""

    krippendorff_alpha: float | None
    scale: str
    fleiss_kappa: float | None
    agreeing_pairs: float | None


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One item by the chosen method: its label with probability, or its value with limits."""

    item: str
    answers: int
    label: str | None = None
    probability: float | None = None
    probabilities: tuple[float, ...] = ()
    tie: bool = False
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class VotesReport:
    """Everything: the file, agreement, methods, workers, items.

    chosen: the method that workers and items are shown by; never chosen by the truth. copies:
    groups of workers who answer alike beyond what the items explain. repeated: answers of a
    worker to an item answered before. judged: items that accuracy is measured on.
    """

    source: str
    kind: str
    columns: tuple[str, str, str]
    answers: int
    empty: int
    unreadable: int
    repeated: int
    judged: int
    chosen: str
    agreement: Agreement
    methods: tuple[MethodResult, ...]
    workers: tuple[WorkerResult, ...]
    items: tuple[ItemResult, ...]
    classes: tuple[str, ...] = ()
    copies: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)
