"""The certificate: a plan keeps at least a stated share of its teacher's accuracy.

Let A be the teacher's true accuracy, theta the plan's true loss against it; the plan's true
accuracy is A - theta. From the certify rows come two exact bounds, which fail together with
probability at most alpha (union bound, whatever their dependence):

    A >= A_low    Clopper-Pearson, level alpha / 20
    theta <= U    `paired_exact.loss_upper_bound`, level alpha * 19 / 20

Where both hold, plan accuracy = A - theta >= A - U, and
    U >= 0:  A - U >= A (1 - U / A_low), because A >= A_low
    U <  0:  A - U >= A (1 - U),         because A <= 1
so 1 - U / A_low or 1 - U, cut off at 0, is a share the plan keeps. The statement is "plan
accuracy >= lower_bound * teacher accuracy"; it holds for at least 1 - alpha of all certify
splits, provided that the rows are independent draws from what the plan will meet, and chose
neither the teacher nor the plan. Duplicates among them are one draw counted twice: keep one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.build.planning.binomial import clopper_pearson_lower
from undercut.build.planning.paired_exact import loss_excluded, loss_upper_bound
from undercut.core.errors import ConfigError, InputError

BoolArray = NDArray[np.bool_]

METHOD = "paired exact (Buehler, Tango order) with Clopper-Pearson teacher accuracy"

# Share of alpha spent on the teacher's accuracy: it enters only as a divisor near 1.
_TEACHER_SHARE = 1.0 / 20.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the certify rows prove about one plan, at `confidence`.

    keep: share of the teacher's accuracy asked for; met: whether it is proven.
    lower_bound: proven share; above 1 where the plan is proven better than its teacher.
    rows: certify rows; the two counts are the rows on which exactly one was right.
    teacher_accuracy, plan_accuracy: observed; loss_upper_bound, teacher_accuracy_lower_bound:
    the two exact bounds behind `lower_bound`.
    attempts: plans tested on these rows up to and including this one, in the order fixed
    beforehand; 1 for a single test.
    """

    keep: float
    confidence: float
    lower_bound: float
    met: bool
    rows: int
    method: str
    teacher_right_plan_wrong: int
    plan_right_teacher_wrong: int
    teacher_accuracy: float
    plan_accuracy: float
    teacher_accuracy_lower_bound: float
    loss_upper_bound: float
    attempts: int = 1


def certify(
    teacher_right: BoolArray, plan_right: BoolArray, *, keep: float, confidence: float
) -> Certificate:
    """Certify one plan, chosen without these rows, against its teacher.

    teacher_right, plan_right: (rows,) whether each answered the row correctly, same order.
    keep in (0, 1]; confidence in (0.5, 1). A target that is not met is a result, not an error.
    Raises InputError where the arrays do not fit, ConfigError where a setting is out of range.
    """
    teacher, plan = _right(teacher_right, "teacher_right"), _right(plan_right, "plan_right")
    if teacher.size != plan.size:
        raise InputError(
            f"teacher_right has {teacher.size} rows and plan_right {plan.size}; expected the same",
            hint="answer the same certify rows with both",
        )
    return certify_counts(
        rows=teacher.size,
        teacher_right=int(teacher.sum()),
        teacher_right_plan_wrong=int((teacher & ~plan).sum()),
        plan_right_teacher_wrong=int((plan & ~teacher).sum()),
        keep=keep,
        confidence=confidence,
    )


def certify_counts(
    *,
    rows: int,
    teacher_right: int,
    teacher_right_plan_wrong: int,
    plan_right_teacher_wrong: int,
    keep: float,
    confidence: float,
) -> Certificate:
    """`certify` from the four counts it needs."""
    alpha = checked_alpha(keep, confidence)
    lost, won = teacher_right_plan_wrong, plan_right_teacher_wrong
    if not (0 <= lost <= teacher_right <= rows - won and won >= 0 and rows >= 1):
        raise InputError(
            f"counts do not fit: {rows} rows, teacher right on {teacher_right}, of these plan "
            f"wrong on {lost}, plan alone right on {won}",
            hint="count all four on the same, non-empty rows",
        )
    loss = loss_upper_bound(lost, won, rows, alpha=loss_alpha(alpha))
    floor = teacher_floor(teacher_right, rows, alpha)
    share = share_kept(loss, floor)
    return Certificate(
        keep=keep,
        confidence=confidence,
        lower_bound=share,
        met=share >= keep,
        rows=rows,
        method=METHOD,
        teacher_right_plan_wrong=lost,
        plan_right_teacher_wrong=won,
        teacher_accuracy=teacher_right / rows,
        plan_accuracy=(teacher_right - lost + won) / rows,
        teacher_accuracy_lower_bound=floor,
        loss_upper_bound=loss,
    )


def best_keep(
    teacher_right: BoolArray, plan_right: BoolArray, *, confidence: float, digits: int = 3
) -> float:
    """The largest target that these data would have met, rounded down to `digits`, at most 1.

    A hint for the next run, not a certificate: a target chosen after seeing the rows is one the
    rows chose. Certify it on fresh rows.
    """
    share = certify(teacher_right, plan_right, keep=1.0, confidence=confidence).lower_bound
    scale = 10.0**digits
    return min(math.floor(share * scale) / scale, 1.0)


def would_pass(
    *, rows: int, teacher_right: int, lost: int, won: int, keep: float, confidence: float
) -> bool:
    """Whether `certify_counts` would be met, without computing the bound itself: faster."""
    alpha = checked_alpha(keep, confidence)
    allowed = (1.0 - keep) * teacher_floor(teacher_right, rows, alpha)
    return loss_excluded(lost, won, rows, allowed, alpha=loss_alpha(alpha))


def share_kept(loss: float, teacher_floor: float) -> float:
    """Proven share of the teacher's accuracy; see the module's docstring."""
    if loss < 0.0:
        return 1.0 - loss
    return max(0.0, 1.0 - loss / teacher_floor) if teacher_floor > 0.0 else 0.0


def teacher_floor(teacher_right: int, rows: int, alpha: float) -> float:
    """The teacher's accuracy at least, at the share of `alpha` set aside for it."""
    return clopper_pearson_lower(teacher_right, rows, alpha * _TEACHER_SHARE)


def loss_alpha(alpha: float) -> float:
    """What of `alpha` is left for the loss."""
    return alpha * (1.0 - _TEACHER_SHARE)


def checked_alpha(keep: float, confidence: float) -> float:
    """1 - confidence; raises ConfigError where `keep` or `confidence` is out of range."""
    if not 0.0 < keep <= 1.0:
        raise ConfigError(
            f"keep is {keep}, expected 0 < keep <= 1",
            hint="0.99 keeps at least 99% of the teacher's accuracy",
        )
    if not 0.5 < confidence <= 0.99999:
        raise ConfigError(
            f"confidence is {confidence}, expected 0.5 < confidence <= 0.99999", hint="0.95"
        )
    return 1.0 - confidence


def _right(values: BoolArray | Sequence[bool], name: str) -> BoolArray:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype != np.bool_ or array.size == 0:
        raise InputError(
            f"{name} has shape {array.shape} and type {array.dtype}, "
            "expected a non-empty one-dimensional bool array",
            hint="pass predictions == labels",
        )
    return array
