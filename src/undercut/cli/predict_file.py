"""Answers for a file, with progress, and what became of its rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from undercut.cli.stage_display import stage_display
from undercut.models.plan import Plan
from undercut.operate.serving.batch_prediction import predict_file
from undercut.operate.serving.prediction_summary import PredictionProgress, PredictionSummary
from undercut.runs.report.formats import count, duration, percent, rate

if TYPE_CHECKING:
    from undercut.runs.progress import Progress

SHOWN_PROBLEMS: Final = 5


def answer_file(
    plan: Plan,
    source: Path,
    target: Path,
    *,
    text_column: str | None,
    threads: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Answer `source` into `target`, then tell on stdout what was done."""
    with stage_display(quiet=quiet) as display:
        display.start("predict", f"answer {source.name}")
        summary = predict_file(
            plan,
            source,
            target,
            text_column=text_column,
            threads=threads,
            report=lambda at: _pass_on(at, display),
        )
        display.finish("predict", reused=False, seconds=summary.seconds)
    if as_json:
        from undercut.cli.streams import print_json

        print_json(summary_json(summary))
        return
    sys.stdout.write("".join(line + "\n" for line in summary_lines(summary)))
    sys.stdout.flush()
    sys.stderr.write("".join(line + "\n" for line in _problem_lines(summary)))


def summary_lines(summary: PredictionSummary) -> list[str]:
    """What became of the rows, for people."""
    speed = rate(summary.answered / summary.seconds) if summary.seconds > 0 else "–"
    lines = [
        f"{count(summary.answered)} answers in {duration(summary.seconds)} ({speed} a second)"
        f" → {summary.out}"
    ]
    if len(summary.stages) > 1 and summary.answered:
        shares = (f"{n} {percent(texts / summary.answered)}" for n, texts in summary.stages.items())
        lines.append("answered by: " + ", ".join(shares))
    lines += [f"{usual} is called {name} there" for usual, name in summary.renamed.items()]
    return lines


def summary_json(summary: PredictionSummary) -> dict[str, object]:
    """The same for programs."""
    return {
        "source": str(summary.source),
        "out": str(summary.out),
        "text_column": summary.text_column,
        "columns": dict(summary.columns),
        "rows": summary.rows,
        "answered": summary.answered,
        "empty": summary.empty,
        "rejected": summary.rejected,
        "stages": dict(summary.stages),
        "empty_lines": list(summary.empty_lines),
        "problems": [{"line": bad.line, "reason": bad.what} for bad in summary.problems],
        "rejected_file": None if summary.rejected_file is None else str(summary.rejected_file),
        "seconds": summary.seconds,
    }


def _problem_lines(summary: PredictionSummary) -> list[str]:
    """Rows without an answer, as warnings; --quiet does not silence them."""
    lines = []
    if summary.empty:
        where = ", ".join(map(str, summary.empty_lines[:SHOWN_PROBLEMS]))
        more = ", ..." if summary.empty > SHOWN_PROBLEMS else ""
        lines.append(f"warning: {count(summary.empty)} rows have no text (lines {where}{more})")
    if summary.rejected:
        lines.append(
            f"warning: {count(summary.rejected)} rows could not be read;"
            f" all of them are in {summary.rejected_file}"
        )
        lines += [
            f"  {summary.source}:{bad.line}: {bad.what}"
            for bad in summary.problems[:SHOWN_PROBLEMS]
        ]
    return lines


def _pass_on(at: PredictionProgress, display: Progress) -> None:
    display.update(at.fraction, f"{count(at.rows)} rows", at.seconds_left)
