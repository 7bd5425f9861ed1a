"""What was found in the data and done about it, ready for the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_SHOWN_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class Example:
    """One row behind a finding: its line in the user's file, its text cut short, its label."""

    line: int
    text: str
    label: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """rule: a stable name; count: rows it touched; action: what was done with them, in words."""

    rule: str
    count: int
    action: str
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanReport:
    """What came in, what was kept, and every finding on the way; `as_dict` is plain JSON."""

    source: str
    encoding: str | None
    text_column: str
    label_column: str
    rows_read: int
    rows_kept: int
    classes: int
    findings: tuple[Finding, ...]

    def as_dict(self) -> dict[str, Any]:
        """Strings, numbers, lists and objects only."""
        return asdict(self)


def example(line: int, text: str, label: str | None) -> Example:
    """An example whose text fits a table cell."""
    cut = text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 3] + "..."
    return Example(int(line), cut, label)


def summary(findings: Iterable[Finding]) -> str:
    """Findings in one line, for an error message."""
    return "; ".join(f"{f.count} {f.rule.replace('_', ' ')}: {f.action}" for f in findings)


def without_none(findings: Sequence[Finding | None]) -> tuple[Finding, ...]:
    """Those rules that found something."""
    return tuple(finding for finding in findings if finding is not None)
