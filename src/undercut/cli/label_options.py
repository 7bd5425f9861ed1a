"""The options of `undercut label`, each with its help."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from undercut.cli.options import EffortChoice


class ChooseChoice(StrEnum):
    """Which texts a joint budget labels next."""

    STEADY = "steady"
    MARGIN = "margin"
    BADGE = "badge"
    TYPICLUST = "typiclust"
    UNCERTAINTY = "uncertainty"
    RANDOM = "random"


Texts = Annotated[
    str,
    typer.Argument(
        metavar="TEXTS|resume", help="Table of texts; or 'resume' and the folder of a job."
    ),
]
Folder = Annotated[
    str | None, typer.Argument(metavar="[FOLDER]", help="After 'resume': the job's folder.")
]
Workers = Annotated[
    str | None, typer.Option(metavar="FILE", help="YAML file that names who labels, at what price.")
]
Budget = Annotated[
    str | None, typer.Option(metavar="MONEY", help="Hard limit of the whole job, as 50usd.")
]
TargetError = Annotated[
    float | None,
    typer.Option(metavar="SHARE", help="Acceptable share of wrong labels.  [default: 0.05]"),
]
Confidence = Annotated[
    float | None, typer.Option(metavar="SHARE", help="Of the certificate.  [default: 0.95]")
]
ErrorCost = Annotated[
    str | None,
    typer.Option(
        metavar="MONEY",
        help="What one wrong label costs you: buying stops where the next label costs more"
        " than it is worth.",
    ),
]
Classes = Annotated[
    list[str] | None,
    typer.Option(metavar="NAMES", help="Class names with commas, or a file, one a line."),
]
Gold = Annotated[
    str | None, typer.Option(metavar="FILE", help="Table of texts or ids with known labels.")
]
IdColumn = Annotated[
    str | None, typer.Option(metavar="NAME", help="Column with ids; row numbers by default.")
]
NoAudit = Annotated[bool, typer.Option("--no-audit", help="Save the audit: no certificate then.")]
Explore = Annotated[
    int | None,
    typer.Option(metavar="N", help="Random texts to try the workers on first.  [default: 150]"),
]
Seed = Annotated[
    int | None, typer.Option(metavar="N", help="Same seed, same decisions.  [default: 0]")
]
Out = Annotated[
    str | None,
    typer.Option(metavar="FOLDER", help="Where everything goes.  [default: labelled]"),
]
ThenRun = Annotated[
    bool,
    typer.Option(
        "--then-run",
        help="Split the budget between more labels, better labels, asking again about those"
        " that look wrong, edited copies and distilling, by what each is measured to gain, then"
        " do the main job.",
    ),
]
Choose = Annotated[
    ChooseChoice | None,
    typer.Option(
        help="With --then-run: which texts are labelled next; a third is random whatever it is,"
        " and judges.  [default: steady]"
    ),
]
Test = Annotated[
    str | None, typer.Option(metavar="FILE", help="With --then-run: rows to judge the plan on.")
]
PointWorth = Annotated[
    str | None,
    typer.Option(
        metavar="MONEY", help="With --then-run: what a hundredth of accuracy is worth to you."
    ),
]
Effort = Annotated[
    EffortChoice | None, typer.Option(help="With --then-run: of the main job.  [default: normal]")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Forecast cost and end; ask and pay nothing.")
]
AskAgain = Annotated[
    bool,
    typer.Option(
        "--ask-again",
        help="With resume: put questions again that a kill left in doubt; may pay twice.",
    ),
]
