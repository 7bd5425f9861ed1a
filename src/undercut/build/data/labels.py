"""What a label cell names: one class, written one way."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from undercut.build.data.read import RawLabel
from undercut.core.errors import InputError

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_INTEGER = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True, slots=True)
class LabelRule:
    """How the cells of one run's label columns become class names.

    whole_numbers: every label is a number, some are written like "1.0": all are written "1".
    """

    whole_numbers: bool = False
    _names: dict[tuple[type, RawLabel], str | None] = field(default_factory=dict, repr=False)

    def names(self, labels: Iterable[RawLabel]) -> list[str | None]:
        """A class name for each cell, None where the label is missing."""
        return [self._name(label) for label in labels]

    def _name(self, label: RawLabel) -> str | None:
        key = (type(label), label)  # 1, 1.0 and True are equal as keys
        if key not in self._names:
            name = written_label(label)
            if name is not None and self.whole_numbers:
                name = str(int(float(name)))
            self._names[key] = name
        return self._names[key]


def settle_labels(columns: Sequence[Sequence[RawLabel]], *, source: str) -> LabelRule:
    """Decide how the labels of train and test are written.

    Raises InputError where every label is a number and some have a fraction: a regression target.
    """
    distinct = {(type(label), label) for column in columns for label in column}
    names = sorted({name for _, label in distinct if (name := written_label(label)) is not None})
    if not all(_NUMBER.fullmatch(name) for name in names):
        return LabelRule()
    written_as_floats = [name for name in names if not _INTEGER.fullmatch(name)]
    broken = [name for name in written_as_floats if not float(name).is_integer()]
    if broken:
        shown = ", ".join(broken[:3])
        raise InputError(
            f"the labels are numbers with fractions ({shown}): this looks like a regression "
            "target, expected the names of classes",
            file=source,
            hint="choose another label column, or turn the numbers into classes (low, high)",
        )
    return LabelRule(whole_numbers=bool(written_as_floats))


def written_label(label: RawLabel) -> str | None:
    """The cell as text, NFC and stripped; None where it is missing, empty or not a number."""
    if label is None or (isinstance(label, float) and math.isnan(label)):
        return None
    if isinstance(label, bool):
        return "true" if label else "false"
    return unicodedata.normalize("NFC", str(label)).strip() or None
