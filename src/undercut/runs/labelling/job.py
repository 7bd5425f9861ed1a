"""The labelling job: texts, workers, a budget → labels with a known error and a known price."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from undercut.core.errors import ArtefactError, ConfigError
from undercut.core.ledger import Ledger
from undercut.core.locks import RunLock
from undercut.core.tabular.open import open_rows
from undercut.runs.labelling.asking import AnyWorker
from undercut.runs.labelling.class_names import find_classes
from undercut.runs.labelling.config import LabelConfig, make_label_config
from undercut.runs.labelling.hiring import hire
from undercut.runs.labelling.joint import first, load_joint, save_joint
from undercut.runs.labelling.journal import FILE, Journal
from undercut.runs.labelling.loop import go_on
from undercut.runs.labelling.open_job import Job
from undercut.runs.labelling.output import CSV, PARQUET, UNLABELLED
from undercut.runs.labelling.result import LabelReport
from undercut.runs.labelling.texts import read_gold, read_texts
from undercut.runs.progress import Progress, Silence
from undercut.runs.stages import LEDGER_FILE


def label(
    config: LabelConfig,
    *,
    workers: Sequence[AnyWorker] | None = None,
    progress: Progress | None = None,
) -> LabelReport:
    """Start a labelling job in an empty folder and take it as far as it goes without people.

    workers: in place of the workers file's. Raises ConfigError where the folder holds a job
    already, and the errors of `undercut.core.errors`. A target that is not met, and waiting for
    people, are results.
    """
    folder = config.out_folder
    with RunLock(folder):
        _refuse_second(folder)
        if config.test is not None:
            open_rows(config.test)  # a wrong name is told before anything is paid
        items = read_texts(config)
        gold = read_gold(config, items)
        classes = find_classes(config, gold)
        hired = hire(config, classes, items, gold, workers)
        with Journal.open(folder / FILE) as journal, Ledger.open(folder / LEDGER_FILE) as ledger:
            facts = {"classes": classes, "gold": gold, "config": config.model_dump(mode="json")}
            journal.begin(items, facts)
            said = progress or Silence()
            return go_on(
                _with_joint(Job(config, journal, ledger, items, classes, gold, hired, said))
            )


def _refuse_second(folder: Path) -> None:
    """ConfigError where a job began here, or where somebody's own tables would be lost.

    One that was killed before it began is no job.
    """
    if not (folder / FILE).exists():
        for name in (CSV, PARQUET, UNLABELLED):
            if (folder / name).exists():
                raise ConfigError(
                    f"{folder / name} is there already, of no labelling job, and would be lost",
                    hint="another folder with --out",
                )
        return
    with Journal.open(folder / FILE) as journal:
        begun = journal.meta("config") is not None
    if begun:
        raise ConfigError(
            f"{folder} holds a labelling job already",
            hint=f"undercut label resume {folder}, or another folder with --out",
        )


def resume(
    folder: Path,
    *,
    budget: str | None = None,
    ask_again: bool = False,
    workers: Sequence[AnyWorker] | None = None,
    progress: Progress | None = None,
) -> LabelReport:
    """Go on with a job: after votes came in, after a crash, with a larger budget.

    budget: a new hard limit for the whole job. ask_again: also put questions again that were sent
    before a kill and that the worker cannot recall: they may be paid twice.
    """
    if not (folder / FILE).exists():
        raise ArtefactError(
            f"{folder} holds no labelling job", hint=f"undercut label TEXTS --out {folder}"
        )
    with (
        RunLock(folder),
        Journal.open(folder / FILE) as journal,
        Ledger.open(folder / LEDGER_FILE) as ledger,
    ):
        stored = journal.meta("config")
        if stored is None:
            raise ArtefactError(
                f"{folder}: the job was stopped before it began",
                hint=f"undercut label TEXTS --out {folder}, as before",
            )
        config = make_label_config(
            {**stored, "out": str(folder), "budget": budget or stored["budget"]}
        )
        if budget is not None:
            journal.set_meta("config", config.model_dump(mode="json"))
        items, classes = journal.items(), tuple(journal.meta("classes"))
        gold = dict(journal.meta("gold"))
        hired = hire(config, classes, items, gold, workers)
        if ask_again:
            journal.forgive()
        said = progress or Silence()
        return go_on(_with_joint(Job(config, journal, ledger, items, classes, gold, hired, said)))


def _with_joint(job: Job) -> Job:
    """With a joint budget: where it stands, or the part of the texts that is labelled first."""
    if job.config.then_run:
        job.joint = load_joint(job.journal, len(job.file), job.config.seed)
        if job.joint is None:
            job.joint = first(job.config, len(job.file), job.facts, job.file_vectors)
            save_joint(job.journal, job.joint)
    return job
