"""How far a prediction is, and what became of the records of its file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from undercut.core.tabular import RowProblem
from undercut.operate.serving.prediction_batches import Batch

EXAMPLES: Final = 100


@dataclass(frozen=True, slots=True)
class PredictionProgress:
    """Where a prediction stands.

    rows: records read and written; rows_at_most: upper bound of those in the file, None where it
    is not known; seconds: since the start.
    """

    rows: int
    rows_at_most: int | None
    seconds: float

    @property
    def fraction(self) -> float | None:
        """Share of the file that is done, in [0, 1]; too low where records span lines."""
        return min(1.0, self.rows / self.rows_at_most) if self.rows_at_most else None

    @property
    def seconds_left(self) -> float | None:
        """Seconds to go at the pace so far."""
        if not self.rows_at_most or not self.rows:
            return None
        return self.seconds / self.rows * max(0, self.rows_at_most - self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionSummary:
    """What became of a file's records: rows = answered + empty + rejected.

    columns: the added columns' usual names -> the names they got in the output.
    stages: stage name -> texts that it answered. empty_lines: the first hundred lines without a
    text. problems: the first hundred records that could not be read; all of them, with line and
    reason, are in `rejected_file`, None where there were none.
    """

    source: Path
    out: Path
    text_column: str
    columns: Mapping[str, str]
    rows: int
    answered: int
    empty: int
    rejected: int
    stages: Mapping[str, int]
    empty_lines: tuple[int, ...]
    problems: tuple[RowProblem, ...]
    rejected_file: Path | None
    seconds: float

    @property
    def renamed(self) -> dict[str, str]:
        """Added columns that got another name because the input already has theirs."""
        return {usual: name for usual, name in self.columns.items() if usual != name}


@dataclass(slots=True)
class Tally:
    """Counts while a file is written."""

    rows: int = 0
    answered: int = 0
    empty: int = 0
    rejected: int = 0
    stages: Counter[int] = field(default_factory=Counter)
    empty_lines: list[int] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)

    def add(self, batch: Batch, stages: Sequence[int]) -> None:
        """Count a batch; stages: the stage that answered, for each of its texts."""
        self.stages.update(stages)
        self.rows += batch.records
        self.answered += len(batch.texts)
        self.empty += len(batch.empty_lines)
        self.rejected += len(batch.problems)
        self.empty_lines += batch.empty_lines[: EXAMPLES - len(self.empty_lines)]
        self.problems += batch.problems[: EXAMPLES - len(self.problems)]
