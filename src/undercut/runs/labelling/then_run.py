"""After a joint budget's labels: the main job on them."""

from __future__ import annotations

from pathlib import Path

from undercut.core.money import Money
from undercut.runs.config import RunConfig
from undercut.runs.labelling.result import LabelReport
from undercut.runs.progress import Progress, Silence


def then_run(report: LabelReport, *, progress: Progress | None = None) -> Path | None:
    """Train on the labels into `run/` beside them; its folder, None where it is not time for it.

    What is left of the budget is the main job's. Nothing is done for a job without `then_run`,
    or one that waits for votes.
    """
    config = report.config
    if not config["then_run"] or report.status == "waiting" or not report.labelled:
        return None
    from undercut.runs.main_job import run

    folder = Path(config["out"])
    left = Money.parse(f"{report.budget} {report.currency}") - Money.parse(
        f"{report.committed} {report.currency}"
    )
    run(
        RunConfig(
            train=str(folder),
            test=config["test"],
            text_column="text",
            label_column="label",
            budget=str(left),
            seed=config["seed"],
            effort=config["effort"],
            out=str(folder / "run"),
            language=report.language,
        ),
        progress=progress or Silence(),
    )
    return folder / "run"
