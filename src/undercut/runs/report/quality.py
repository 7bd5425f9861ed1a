"""How right a model is: the parts of a report about quality. All shares lie in [0, 1]."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from undercut.runs.report.fields import Count, Fraction, Frozen, Rate, UsdPerMillion, UserText


class Interval(Frozen):
    """A two-sided interval; its confidence stands in `MeasuredOn.interval_confidence`."""

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low must not exceed high, got {self.low} and {self.high}")
        return self


class MeasuredOn(Frozen):
    """Where quality was measured: the user's test file, else the certify split, else, with too few
    labels for one, the training rows by cross-validation."""

    where: Literal["test", "certify", "folds"]
    rows: Count
    interval_confidence: Fraction = 0.95
    resamples: Count | None = None
    """Bootstrap resamples behind the intervals; None where there are no intervals."""


class ClassQuality(Frozen):
    """One class. A value is None where it is not defined, e.g. precision of a class never given."""

    name: UserText
    support: Count
    precision: Fraction | None
    recall: Fraction | None
    f1: Fraction | None
    precision_interval: Interval | None = None
    recall_interval: Interval | None = None
    f1_interval: Interval | None = None


class Quality(Frozen):
    """Quality of one model on the rows of `MeasuredOn`."""

    name: UserText
    accuracy: Fraction
    macro_f1: Fraction
    accuracy_interval: Interval | None = None
    macro_f1_interval: Interval | None = None
    per_class: tuple[ClassQuality, ...] = ()


class Teacher(Quality):
    """The best candidate regardless of cost."""

    texts_per_second: Rate | None = None
    usd_per_million: UsdPerMillion | None = None


class MixturePart(Frozen):
    """One model inside a stage and the weight of its probabilities."""

    name: UserText
    weight: Fraction


class Stage(Frozen):
    """One stage of the plan, in the order in which texts meet them.

    share: fraction of all texts that are answered here; the shares of a plan sum to 1.
    threshold: a text whose confidence is lower goes on; None at the last stage.
    accuracy: on the texts answered here. usd_per_million: for a million texts that arrive here.
    """

    name: UserText
    share: Fraction
    threshold: float | None = None
    mixture: tuple[MixturePart, ...] = ()
    accuracy: Fraction | None = None
    usd_per_million: UsdPerMillion | None = None


class Difference(Frozen):
    """Accuracy of the plan minus that of the teacher on the same rows, with paired interval."""

    value: float
    interval: Interval | None = None


class FrontierPoint(Frozen):
    """A plan the search considered and nothing cheaper matched, by the tune split."""

    name: UserText
    usd_per_million: UsdPerMillion | None
    tune_accuracy: Fraction
    chosen: bool = False


class Plan(Quality):
    """What gets deployed. is_teacher: no cheaper plan was found good enough."""

    is_teacher: bool = False
    stages: tuple[Stage, ...] = Field(min_length=1)
    accuracy_difference: Difference | None = None
    searched: Count | None = None
    frontier: tuple[FrontierPoint, ...] = ()

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> Self:
        total = sum(stage.share for stage in self.stages)
        if abs(total - 1) > 1e-3:
            raise ValueError(f"shares of the stages must sum to 1, got {total:.6f}")
        return self


class Attempt(Frozen):
    """One plan put to the certify split, in the order in which they were tried."""

    name: UserText
    passed: bool
    lower_bound: float | None = None


class Advice(Frozen):
    """What would help when the target was not met; forecasts, not certificates.

    rows_needed: certify rows with which this plan would pass if its observed rates held.
    keep_that_passes: the largest share of the teacher's accuracy these rows support.
    """

    rows_needed: Count | None = None
    keep_that_passes: Fraction | None = None


class Certificate(Frozen):
    """The statement that the plan keeps a share of the teacher's accuracy.

    lower_bound: certified share of the teacher's accuracy (not capped at 1; None if unknown).
    The counts are rows of the certify split on which exactly one of the two was right.
    """

    keep: Fraction
    confidence: Fraction
    lower_bound: float | None
    met: bool
    rows: Count
    method: str
    teacher_accuracy: Fraction | None = None
    plan_accuracy: Fraction | None = None
    teacher_right_plan_wrong: Count | None = None
    plan_right_teacher_wrong: Count | None = None
    attempts: tuple[Attempt, ...] = ()
    advice: Advice | None = None

    @model_validator(mode="after")
    def _met_is_backed(self) -> Self:
        if self.met and (self.lower_bound is None or self.lower_bound < self.keep - 1e-9):
            raise ValueError(
                f"met needs lower_bound >= keep, got {self.lower_bound} and {self.keep}"
            )
        return self


class Confusion(Frozen):
    """Texts of class `true` that the plan calls `predicted`, and how many the teacher so calls."""

    true: UserText
    predicted: UserText
    count: Count
    teacher_count: Count | None = None
    examples: tuple[UserText, ...] = ()
