"""`report.json` of a cleaned folder."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 1


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Example(_Frozen):
    """One row a rule touched; its text masked and cut short."""

    row: int
    place: str
    text: str
    label: str | None
    evidence: str


class Rule(_Frozen):
    """What one rule of one step did."""

    action: Literal["rejected", "changed"]
    step: str
    rule: str
    count: int
    examples: tuple[Example, ...]


class SourceLine(_Frozen):
    """One source. cost: of its own stages and its share, by rows, of those over all sources.

    Amounts are exact digits; None where a cost is unknown.
    """

    address: str
    test: bool
    read: int
    kept: int
    rejected: int
    changed: int
    cost: str | None


class StepLine(_Frozen):
    """One step: rows it rejected and changed, what it cost when it was done.

    reused: some or all of it stood in the folder from before.
    """

    step: str
    rejected: int
    changed: int
    wall_seconds: str | None
    cpu_seconds: str | None
    cost: str | None
    reused: bool


class Interval(_Frozen):
    """A difference in macro-F1 with its interval."""

    value: float
    low: float
    high: float


class Trial(_Frozen):
    """One treatment on held-out rows; see `runs.cleaning.noise_trial` and `augment_trial`."""

    name: str
    accuracy: float
    macro_f1: float
    better: int
    worse: int
    p_value: float
    macro_f1_difference: Interval


class LabelNoise(_Frozen):
    """Suspect labels. why_not: why nobody looked; chosen: the treatment applied, None: none.

    examined: rows; noise_fraction: the estimated share of wrong labels among them.
    """

    examined: int
    why_not: str | None = None
    suspects: int = 0
    noise_fraction: float | None = None
    untreated_accuracy: float | None = None
    untreated_macro_f1: float | None = None
    trials: tuple[Trial, ...] = ()
    chosen: str | None = None
    touched: int = 0


class Augmentation(_Frozen):
    """Edited copies for training. why_not: why nobody tried; chosen: what was made, None: nothing.

    examined: rows; copies: rows of augmented.parquet.
    """

    examined: int = 0
    why_not: str | None = "turned off"
    untreated_accuracy: float | None = None
    untreated_macro_f1: float | None = None
    trials: tuple[Trial, ...] = ()
    chosen: str | None = None
    copies: int = 0


class CleanReport(_Frozen):
    """Everything the page shows. Amounts are exact digits in `currency`, None where unknown."""

    schema_version: Literal[1] = 1
    undercut_version: str
    created: datetime
    language: Literal["en", "zh"]
    config: dict[str, Any]
    digest: str
    files: dict[str, str]
    read: int
    kept: int
    rejected: int
    changed: int
    labelled: int
    classes: int
    sources: tuple[SourceLine, ...]
    steps: tuple[StepLine, ...]
    rules: tuple[Rule, ...]
    label_noise: LabelNoise
    augmentation: Augmentation = Augmentation()
    currency: str
    cost: str | None
    cost_per_million_kept: str | None
    seconds: float
