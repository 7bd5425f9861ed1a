"""`report.json`, schema version 1.

Unknown is null, never 0. Amounts of money that have to add up are strings of decimals
(`ledger.total_exact`, `ledger.entries[].amount`, `cost.host_price.per_hour`); the figures
meant for reading and plotting (`usd_per_million`, `ledger.total`) are JSON numbers.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, JsonValue, model_validator

from undercut.runs.report.fields import (
    Bytes,
    Count,
    ExactAmount,
    Fraction,
    Frozen,
    NonNegative,
    Rate,
    SafeText,
    Seconds,
    UsdPerMillion,
    UserText,
)
from undercut.runs.report.quality import Certificate, Confusion, MeasuredOn, Plan, Teacher

SCHEMA_VERSION = 1
Language = Literal["en", "zh"]
Utc = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(dt.UTC))]


class HostPrice(Frozen):
    """The price row behind every dollar figure: who says so, and as of when."""

    id: str
    per_hour: ExactAmount
    currency: str
    source: str
    date: dt.date
    vcpus: Count | None = None
    memory_gib: float | None = None


class Measurement(Frozen):
    """How fast and how large a model is on this host, text in to label out.

    texts_per_second: median of the repeats in the best batch size.
    spread_fraction: half the range of the repeats over their median.
    single_*_seconds: latency of one text at a time.
    """

    texts_per_second: Rate | None
    usd_per_million: UsdPerMillion | None
    batch_size: Count | None = None
    repeats: Count | None = None
    spread_fraction: NonNegative | None = None
    single_p50_seconds: Seconds | None = None
    single_p99_seconds: Seconds | None = None
    peak_memory_bytes: Bytes | None = None


class Cost(Measurement):
    """What the plan costs. host: name of the price row, or of the machine where none fits."""

    host: str
    disk_bytes: Bytes | None = None
    host_price: HostPrice | None = None


class Reference(Measurement):
    """What the plan is held against, timed in the same run. ratio: its cost / the plan's cost."""

    name: str
    ratio: Rate | None


class Candidate(Measurement):
    """A model that could serve, on its own.

    on_frontier: no other candidate is at once cheaper and at least as accurate.
    """

    name: UserText
    family: str
    accuracy: Fraction
    bytes: Bytes | None
    macro_f1: Fraction | None = None
    parameters: Count | None = None
    on_frontier: bool = False


class FindingExample(Frozen):
    """One row behind a finding; line: 1-based, in the user's file."""

    text: UserText
    line: Count | None = None
    label: UserText | None = None


class Finding(Frozen):
    """Something odd in the data and what was done about it. file: where its lines are."""

    rule: str
    count: Count
    action: str
    file: Literal["train", "test"] = "train"
    examples: tuple[FindingExample, ...] = ()


class Split(Frozen):
    """Rows in one part of the data."""

    name: Literal["train", "tune", "certify", "test", "folds"]
    rows: Count


class Data(Frozen):
    """What was read: files as the user named them, what was found, how it was divided."""

    source: SafeText
    test_source: SafeText | None = None
    rows_read: Count
    classes: Count
    findings: tuple[Finding, ...] = ()
    splits: tuple[Split, ...] = ()


class Machine(Frozen):
    """Where everything was measured."""

    cpu_model: str
    cores: Count
    memory_bytes: Bytes | None
    instruction_sets: tuple[str, ...] = ()
    gpu: str | None = None
    system: str | None = None
    libraries: dict[str, str] = Field(default_factory=dict)


class LedgerLine(Frozen):
    """One booked event. paid_by: the entry that paid, where this one reused its result."""

    stage: str
    event: str
    cpu_seconds: Seconds | None = None
    gpu_seconds: Seconds | None = None
    wall_seconds: Seconds | None = None
    amount: ExactAmount | None = None
    paid_by: str | None = None


class LedgerSummary(Frozen):
    """The books of this run; total is None as soon as one priced event has no known price."""

    total: float | None
    total_exact: ExactAmount | None
    currency: str
    entries: tuple[LedgerLine, ...] = ()

    @model_validator(mode="after")
    def _reconciles(self) -> Self:
        if (self.total is None) != (self.total_exact is None):
            raise ValueError("total and total_exact must both be known or both be null")
        if self.total is None or self.total_exact is None:
            return self
        booked = sum((Decimal(e.amount) for e in self.entries if e.amount), Decimal(0))
        if booked != Decimal(self.total_exact) or self.total != float(self.total_exact):
            raise ValueError(
                f"total must equal the sum of the entries, {booked}; "
                f"got {self.total} and {self.total_exact}"
            )
        return self


class Note(Frozen):
    """A remark for the reader, in English and, where there is one, in Chinese."""

    level: Literal["note", "warning"]
    en: SafeText
    zh: SafeText | None = None


class Licence(Frozen):
    """Licence of something the plan folder contains."""

    what: str
    licence: str
    source: str | None = None


class Report(Frozen):
    """Everything a run found out. seconds: wall time of the whole run."""

    schema_version: Literal[1] = 1
    undercut_version: str
    language: Language = "en"
    created: Utc
    seed: int
    command: SafeText
    config: dict[str, JsonValue]
    seconds: Seconds
    data: Data
    measured_on: MeasuredOn
    teacher: Teacher
    plan: Plan
    confusions: tuple[Confusion, ...] = ()
    certificate: Certificate
    cost: Cost
    reference: Reference
    candidates: tuple[Candidate, ...]
    machine: Machine
    ledger: LedgerSummary
    notes: tuple[Note, ...] = ()
    licences: tuple[Licence, ...] = ()

    @model_validator(mode="after")
    def _measured_where_there_is_data(self) -> Self:
        names = {split.name for split in self.data.splits}
        if names and self.measured_on.where not in names:
            raise ValueError(f"measured_on.where must be one of {sorted(names)}")
        return self


def mark_frontier(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """The candidates with `on_frontier` set by their measured cost and accuracy.

    Cost is 1 / texts_per_second, which orders as money does on one host; a candidate of
    unknown speed is never on the frontier.
    """
    return tuple(
        c.model_copy(update={"on_frontier": not any(_beats(other, c) for other in candidates)})
        if c.texts_per_second is not None
        else c.model_copy(update={"on_frontier": False})
        for c in candidates
    )


def _beats(other: Candidate, one: Candidate) -> bool:
    if other.texts_per_second is None or one.texts_per_second is None:
        return False
    as_good = other.accuracy >= one.accuracy and other.texts_per_second >= one.texts_per_second
    better = other.accuracy > one.accuracy or other.texts_per_second > one.texts_per_second
    return as_good and better
