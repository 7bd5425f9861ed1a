"""Answers for a file of any size: its rows and columns in order, with the answers added.

While one batch is computed, the next is read and the last is written, so that memory holds three
batches however long the file is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from undercut.core.errors import ConfigError
from undercut.core.tabular import (
    Cell,
    Limits,
    RowProblem,
    RowStream,
    RowWriter,
    guess_columns,
    open_rows,
    open_writer,
)
from undercut.models.cascade import Answers
from undercut.models.plan import Plan
from undercut.operate.serving.prediction_batches import Batch, read_batches
from undercut.operate.serving.prediction_summary import (
    PredictionProgress,
    PredictionSummary,
    Tally,
)

__all__ = ["PredictionProgress", "PredictionSummary", "predict_file"]

ADDED: Final = ("label", "confidence", "stage")
SUFFIX: Final = "_predicted"
_DIGITS = 4


Report = Callable[[PredictionProgress], None]


def predict_file(
    plan: Plan,
    source: str | Path,
    out: str | Path,
    *,
    text_column: str | None = None,
    batch_rows: int = 4096,
    threads: int | None = None,
    split: str | None = None,
    encoding: str | None = None,
    limits: Limits | None = None,
    report: Report | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> PredictionSummary:
    """Answer every text of a table and write the table with label, confidence and stage added.

    source: any table that `open_rows` reads; out: .csv, .tsv, .jsonl or .parquet, each also with
    .gz, in place only when it is whole. An added column whose name the input has is called
    label_predicted and so on. Confidence has four decimals. A row without a text is written with
    these cells empty. A record that cannot be read is left out, and its line and the reason stand
    in OUT.rejected.jsonl. threads: all cores where None.
    Raises InputError where the file cannot be used, ConfigError for an unclear or unknown column or
    an `out` that is the source, MissingExtraError where Parquet needs pyarrow.
    """
    source, out = Path(source), Path(out)
    if batch_rows < 1:
        raise ConfigError(f"batch_rows must be at least 1, got {batch_rows}")
    if out.exists() and source.exists() and out.samefile(source):
        raise ConfigError(f"{out}: is the input file itself", hint="write to another file")
    started = clock()
    table = open_rows(source, split=split, encoding=encoding, limits=limits)
    column = guess_columns(table, text_column=text_column, require_label=False).text
    names = _added_names(table.columns)
    rejected_file = out.with_name(f"{out.name}.rejected.jsonl")
    batches = read_batches(table, table.columns.index(column), column, batch_rows=batch_rows)
    with ExitStack() as stack:
        # Entered last, closed first: when the answers are in place, the rejected rows are too.
        answers_out = stack.enter_context(_open_answers(out, table, names))
        sheet = _Sheet(plan, answers_out, _Rejected(rejected_file, stack))
        # Closed before the files are: no thread still writes to a file that is being removed.
        with closing(_pipelined(batches, sheet, plan, threads)) as steps:
            for rows in steps:
                if report is not None:
                    report(PredictionProgress(rows, table.rows_at_most, clock() - started))
    tally = sheet.tally
    if not tally.rejected:
        rejected_file.unlink(missing_ok=True)  # of an earlier run: it would tell of other rows
    return PredictionSummary(
        source=source,
        out=out,
        text_column=column,
        columns=dict(zip(ADDED, names, strict=True)),
        rows=tally.rows,
        answered=tally.answered,
        empty=tally.empty,
        rejected=tally.rejected,
        stages={name: tally.stages[number] for number, name in enumerate(plan.stages)},
        empty_lines=tuple(tally.empty_lines),
        problems=tuple(tally.problems),
        rejected_file=rejected_file if tally.rejected else None,
        seconds=clock() - started,
    )


def _pipelined(
    batches: Iterator[Batch], sheet: _Sheet, plan: Plan, threads: int | None
) -> Generator[int, None, None]:
    """Rows written so far; reading runs one batch ahead of computing, writing one behind."""
    with ThreadPoolExecutor(2, thread_name_prefix="table") as pool:
        ahead = pool.submit(next, batches, None)
        writing: Future[int] | None = None
        while (batch := ahead.result()) is not None:
            ahead = pool.submit(next, batches, None)
            answers = plan.answer(batch.texts, threads=threads)
            if writing is not None:
                yield writing.result()
            writing = pool.submit(sheet.write, batch, answers)
        if writing is not None:
            yield writing.result()


class _Sheet:
    """Writes batches with their answers; called from one thread at a time."""

    def __init__(self, plan: Plan, answers_out: RowWriter, rejected: _Rejected) -> None:
        self._classes = plan.classes
        self._names = plan.stages
        self._out = answers_out
        self._rejected = rejected
        self.tally = Tally()

    def write(self, batch: Batch, answers: Answers) -> int:
        """Returns the rows written so far."""
        self._rejected.write(batch.problems)
        added: list[tuple[Cell, ...]] = [(None, None, None)] * len(batch.rows)
        stages = answers.stages.tolist()
        for position, label, confidence, stage in zip(
            batch.positions,
            answers.labels.tolist(),
            answers.confidence.tolist(),
            stages,
            strict=True,
        ):
            added[position] = (self._classes[label], round(confidence, _DIGITS), self._names[stage])
        for row, cells in zip(batch.rows, added, strict=True):
            self._out.write((*row.values, *cells))
        self.tally.add(batch, stages)
        return self.tally.rows


class _Rejected:
    """The side file, opened when there is something to write."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._path = path
        self._stack = stack
        self._out: RowWriter | None = None

    def write(self, problems: Sequence[RowProblem]) -> None:
        if problems and self._out is None:
            self._out = self._stack.enter_context(open_writer(self._path, ("line", "reason")))
        if self._out is not None:
            for problem in problems:
                self._out.write((problem.line, problem.what))


def _open_answers(out: Path, table: RowStream, names: Sequence[str]) -> RowWriter:
    label, confidence, stage = names
    return open_writer(
        out,
        (*table.columns, *names),
        types={label: "string", confidence: "float64", stage: "string"},
        like=table,
    )


def _added_names(columns: Sequence[str]) -> tuple[str, ...]:
    """The added columns' names, each with a suffix where the input has such a column."""
    taken = set(columns)
    names = []
    for usual in ADDED:
        name, number = usual, 1
        while name in taken:
            name = f"{usual}{SUFFIX}" if number == 1 else f"{usual}{SUFFIX}_{number}"
            number += 1
        taken.add(name)
        names.append(name)
    return tuple(names)
