"""Merged votes as tables: methods, agreement, the workers to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from undercut.runs.votes.report import VotesReport, WorkerResult

SHOWN_WORKERS = 8


def render_votes(report: VotesReport, console: Console) -> None:
    """Print what the votes say; everything else is in --json and --out."""
    console.print(Text(_summary(report)))
    console.print(_methods(report))
    for line in _agreement(report):
        console.print(Text(line))
    for line in _oddities(report):
        console.print(Text(line, style="yellow"))
    console.print(_workers(report))


def _summary(report: VotesReport) -> str:
    kind = "numbers" if report.kind == "numbers" else f"{len(report.classes)} classes"
    said = (
        f"{report.answers:,} answers of {len(report.workers):,} workers to "
        f"{len(report.items):,} items; {kind}; columns {', '.join(report.columns)}"
    )
    for count, what in (
        (report.empty, "rows without an answer"),
        (report.unreadable, "unreadable rows"),
        (report.repeated, "repeated answers (one voice in parts)"),
    ):
        said += f"; {count:,} {what}" if count else ""
    return said


def _methods(report: VotesReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    numbers, judged = report.kind == "numbers", report.judged > 0
    heads = ["method", *(["ties"] if not numbers else [])]
    if judged:
        heads += ["mean error", "RMSE"] if numbers else ["accuracy", "95% limits"]
    for head in [*heads, "rounds", "seconds"]:
        table.add_column(head, justify="left" if head == "method" else "right")
    for result in report.methods:
        cells = [f"{result.method}{' *' if result.method == report.chosen else ''}"]
        cells += [] if numbers else [f"{result.ties:,}"]
        if judged and numbers:
            cells += [f"{result.mean_absolute_error:.4g}", f"{result.rmse:.4g}"]
        elif judged and result.interval is not None:
            low, high = result.interval
            cells += [f"{result.accuracy:.4f}", f"{low:.3f}-{high:.3f}"]
        rounds = f"{result.iterations}{'' if result.converged else ' (not at rest)'}"
        table.add_row(*map(Text, [*cells, rounds, f"{result.seconds:.2f}"]))
    judged_on = f"; judged on {report.judged:,} items with truth" if judged else ""
    table.caption = f"* shown below and written{judged_on}"
    table.caption_justify = "left"
    return table


def _agreement(report: VotesReport) -> list[str]:
    agreement = report.agreement
    said = [f"Krippendorff's alpha ({agreement.scale}) {_number(agreement.krippendorff_alpha)}"]
    if agreement.fleiss_kappa is not None:
        said.append(f"Fleiss' kappa {_number(agreement.fleiss_kappa)}")
    if agreement.agreeing_pairs is not None:
        said.append(f"{agreement.agreeing_pairs:.1%} of pairs of answers agree")
    return ["Agreement: " + "; ".join(said)]


def _oddities(report: VotesReport) -> list[str]:
    lines = [
        f"Copying: workers {', '.join(group[:10])}{' ...' if len(group) > 10 else ''} answer alike "
        "beyond what the items explain; they share one voice"
        for group in report.copies
    ]
    always = [worker for worker in report.workers if worker.always is not None]
    if always:
        names = ", ".join(f"{worker.worker} ({worker.always})" for worker in always[:10])
        lines.append(f"Always the same answer: {names}{' ...' if len(always) > 10 else ''}")
    tied = [item.item for item in report.items if item.tie]
    if tied:
        shown = ", ".join(tied[:5])
        lines.append(
            f"Ties: {len(tied):,} items have two best classes; the class that the file shows "
            f"first was taken ({shown}{' ...' if len(tied) > 5 else ''})"
        )
    return lines


def _workers(report: VotesReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    numbers = report.kind == "numbers"
    heads = ("error", "weight") if numbers else ("skill", "on truth")
    for head in ("worker", "answers", *heads):
        table.add_column(head, justify="left" if head == "worker" else "right")
    shown = sorted(report.workers, key=_worst_first)[:SHOWN_WORKERS]
    for worker in shown:
        last = (
            (f"{worker.error:.4g}", f"{worker.weight:.3f}")
            if numbers
            else (f"{worker.skill:.3f}", _number(worker.truth_accuracy))
        )
        table.add_row(*map(Text, (worker.worker, f"{worker.answers:,}", *last)))
    left = len(report.workers) - len(shown)
    table.caption = "least reliable first" + (f"; {left:,} more with --json" if left else "")
    table.caption_justify = "left"
    return table


def _worst_first(worker: WorkerResult) -> float:
    if worker.skill is not None:
        return worker.skill
    return worker.weight if worker.weight is not None else 0.0


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
