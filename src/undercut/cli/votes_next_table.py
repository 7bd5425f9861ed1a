"""The next votes as a table: what is asked, of whom, what it saves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from undercut.runs.votes.next_report import NextReport, Voter

SHOWN = 15
LITTLE = 0.8  # of the usual worker's accuracy


def render_next(report: NextReport, console: Console) -> None:
    """Print which tasks want another vote; all of them are in --json and --out."""
    console.print(Text(_summary(report)))
    console.print(Text(_standing(report)))
    for voter in report.voters:
        console.print(Text(_voter(voter, report)))
    for group in report.copies:
        console.print(
            Text(f"Copying: workers {', '.join(group[:10])} share one voice", style="yellow")
        )
    if len(report.classes) == 1:
        one = f"Every answer says {report.classes[0]!r}: whether that is right nobody can tell yet"
        console.print(Text(one, style="yellow"))
    if report.votes:
        console.print(_table(report))
    else:
        console.print(Text("No vote to ask for now."))
    console.print(Text(_to_come(report)))


def _summary(report: NextReport) -> str:
    said = (
        f"{report.answers:,} answers of {report.workers:,} workers to {report.items:,} tasks; "
        f"{len(report.classes)} classes; columns {', '.join(report.columns)}"
    )
    for count, what in (
        (report.empty, "rows without an answer"),
        (report.unreadable, "unreadable rows"),
    ):
        said += f"; {count:,} {what}" if count else ""
    return said


def _standing(report: NextReport) -> str:
    said = (
        f"{report.wanting:,} tasks want another vote; {report.settled:,} are settled, "
        f"{report.full:,} have {report.most_votes} votes"
    )
    if report.unasked:
        said += f"; of {report.unasked:,} that want one these workers may give none"
    return f"{said}. Believed now: {report.believed_error:.1%} of the labels are wrong"


def _voter(voter: Voter, report: NextReport) -> str:
    if not voter.answers:
        told = "has not answered yet; taken for the usual worker"
    else:
        told = f"{voter.answers:,} answers, believed right {voter.accuracy:.0%} of the time"
        if voter.accuracy < LITTLE * report.usual_accuracy:
            told += f" (the usual worker {report.usual_accuracy:.0%}): ask somebody else if you can"
    return f"{voter.worker}: {told}; {voter.given:,} tasks now"


def _table(report: NextReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    named = bool(report.voters)
    for head in ("task", *(("worker",) if named else ())):
        table.add_column(head)
    for head in ("votes", "label", "right", "gain", "fall"):
        table.add_column(head, justify="left" if head == "label" else "right")
    for vote in report.votes[:SHOWN]:
        cells = [vote.item, *([vote.worker or ""] if named else [])]
        cells += [f"{vote.answers}", vote.label or "-", f"{vote.probability:.3f}"]
        table.add_row(*map(Text, [*cells, f"{vote.gain:.3f}", f"{vote.fall:.3f}"]))
    left = len(report.votes) - SHOWN
    table.caption = (
        "right: chance that the label is, as believed; gain: nats that a vote is expected to "
        "tell; fall: of the chance that the label is wrong, a vote"
        + (f"; {left:,} more with --out or --json" if left > 0 else "")
    )
    table.caption_justify = "left"
    return table


def _to_come(report: NextReport) -> str:
    said = f"{len(report.votes):,} votes now{_money(report, len(report.votes))}"
    said += f"; about {report.to_come:,.0f} in all until nothing wants one"
    said += _money(report, report.to_come)
    return (
        f"{said}. {report.most_votes} votes for every task would take {report.even:,}"
        f"{_money(report, report.even)}: {report.saved:,.0f} saved{_money(report, report.saved)}"
    )


def _money(report: NextReport, votes: float) -> str:
    price = report.price_of(votes)
    return "" if price is None else f" ({price.display()})"
