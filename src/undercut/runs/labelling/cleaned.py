"""What asking again about labels that looked wrong has brought: expected before, found after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from undercut.runs.labelling.journal import Journal

META = "cleaned"
# Labels' worth of what was expected: a few answers do not overthrow it.
PRIOR = 2.0
LEAST, MOST = 0.25, 2.0


@dataclass(frozen=True, slots=True)
class Cleaned:
    """asked: labels that were asked about again. expected: of them, how many were expected to be
    mended; changed: how many are another label now.
    """

    asked: int
    expected: float
    changed: int

    @property
    def kept_promise(self) -> float:
        """By how much further expectations are multiplied."""
        found = (self.changed + PRIOR) / (self.expected + PRIOR)
        return min(max(found, LEAST), MOST)


def cleaned_so_far(journal: Journal, now: Mapping[str, int], classes: Sequence[str]) -> Cleaned:
    """now: item -> class id of its label."""
    rows = journal.meta(META) or ()
    changed = sum(row["item"] in now and classes[now[row["item"]]] != row["label"] for row in rows)
    return Cleaned(len(rows), sum(float(row["drop"]) for row in rows), changed)


def with_asked(
    journal: Journal, items: Sequence[str], labels: Sequence[str], drops: Sequence[float]
) -> list[dict[str, object]]:
    """The journal's rows with these, for the transaction that decides to ask."""
    added: list[dict[str, object]] = [
        {"item": item, "label": label, "drop": round(drop, 6)}
        for item, label, drop in zip(items, labels, drops, strict=True)
    ]
    return [*(journal.meta(META) or ()), *added]
