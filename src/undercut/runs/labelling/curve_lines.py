"""What a joint budget followed, as the report has it: looks, ways on, labels asked about again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from undercut.runs.labelling.cleaned import cleaned_so_far
from undercut.runs.labelling.journal import Journal


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CurveOption(_Frozen):
    """One way to a better model. gain: expected share of predictions that become right. value: in
    money, gain times what a point is worth less the cost; None where nobody said what it is worth.
    """

    name: str
    gain: float
    cost: float
    measured: str
    value: float | None = None


class CurveLine(_Frozen):
    """One look at the learning curve of a joint budget.

    errors: measured at `sizes` labels on the drawn ones among them. drawn: how many of the labels
    are a random sample. way: how the next texts are chosen. random_error: what as many random
    labels would be expected to leave, None where all are random.
    """

    labels: int
    drawn: int = 0
    way: str = "random"
    random_error: float | None = None
    spent: float
    sizes: tuple[int, ...]
    errors: tuple[float, ...]
    options: tuple[CurveOption, ...]
    chosen: str
    reason: str


class AskedAgain(_Frozen):
    """Labels that looked wrong and were asked about again: how many, how many were expected to be
    mended of them, and how many are another label now.
    """

    asked: int
    expected: float
    changed: int


def asked_again(
    journal: Journal, labels: Mapping[str, str], classes: Sequence[str]
) -> AskedAgain | None:
    """None where nothing was asked again. labels: item -> its label now."""
    found = cleaned_so_far(journal, {item: classes.index(labels[item]) for item in labels}, classes)
    if not found.asked:
        return None
    return AskedAgain(asked=found.asked, expected=found.expected, changed=found.changed)
