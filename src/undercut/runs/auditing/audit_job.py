"""Draw a sample of labels for an expert; read the answers; say what they prove."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from undercut.build.labels.audit.certificate import NO_CLASS, NOT_ANSWERED, certify_labels
from undercut.build.labels.audit.sampling import Design, draw
from undercut.build.labels.votes import IntArray
from undercut.core.errors import ConfigError, InputError
from undercut.runs.auditing.certificate_file import certificate_json, write_certificate
from undercut.runs.auditing.labels import Labels, read_labels
from undercut.runs.auditing.sample_file import (
    TASKS_FILE,
    UNSURE,
    SampleFile,
    load_sample,
    read_answers,
    write_sample,
)

AUDIT_FOLDER = "audit"


@dataclass(frozen=True, slots=True)
class DrawnAudit:
    """tasks: the file to answer. size: rows to look at; best_upper: the limit if none is wrong.
    kept: it had been drawn before and stands."""

    tasks: Path
    size: int
    rows: int
    unlabelled: int
    best_upper: float
    kept: bool


def draw_audit(
    path: Path,
    *,
    size: int = 300,
    confidence: float = 0.95,
    seed: int = 0,
    looks: bool = False,
    again: bool = False,
    text_column: str | None = None,
    label_column: str | None = None,
) -> DrawnAudit:
    """Draw once; the same call again finds the same sample and leaves filled-in tasks alone.

    looks: rows in random order, so that answers may be read as often as one likes. again: draw
    another sample; it is numbered, and the certificate says so. Raises ConfigError where another
    sample of this folder is under way.
    """
    labels = read_labels(path, text_column=text_column, label_column=label_column)
    design = Design.ORDER if looks else Design.BLOCKS
    folder = audit_folder(path)
    before = load_sample(folder)
    number = 1 if before is None else before.number
    if before is not None:
        same = (before.size, before.seed, before.design) == (size, seed, design)
        if same and before.digest == labels.digest and not again:
            return _drawn(folder, before, labels, confidence, kept=True)
        if not again and before.digest == labels.digest:
            raise ConfigError(
                f"a sample of {before.size} rows (seed {before.seed}) of these labels was drawn "
                f"already: {folder / TASKS_FILE}",
                hint="answer it, or draw another with --again",
            )
        number = before.number + 1 if before.digest == labels.digest else 1
    doubt = np.zeros(len(labels)) if labels.probability is None else 1 - labels.probability
    # Another number, another sample, though the seed be the same.
    found = draw(labels.label, doubt, size, seed=_seed(seed, number), design=design)
    sample = SampleFile(
        design=design,
        rows=len(labels),
        drawn=tuple(int(row) for row in found.drawn),
        size=size,
        seed=seed,
        number=number,
        file=labels.file.name,
        digest=labels.digest,
    )
    write_sample(folder, sample, labels)
    return _drawn(folder, sample, labels, confidence, kept=False)


def certify_audit(
    path: Path,
    answers: Path,
    *,
    now: datetime,
    confidence: float = 0.95,
    target_error: float | None = None,
    answer_column: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
) -> dict[str, Any]:
    """Judge the answers, leave certificate.json beside the labels, return what it says.

    Raises InputError where no sample was drawn, the labels changed since, or the answers are of
    other tasks.
    """
    labels = read_labels(path, text_column=text_column, label_column=label_column)
    folder = audit_folder(path)
    sample = load_sample(folder)
    if sample is None:
        raise InputError("no sample was drawn of it yet", file=str(path), hint="--sample 300")
    if sample.digest != labels.digest:
        raise InputError(
            "the labels changed since the sample was drawn, so the answers prove nothing of them",
            file=str(labels.file),
            hint="draw a sample of the labels as they are: --sample 300",
        )
    truth = _truth(sample, labels, read_answers(answers, answer_column=answer_column), answers)
    certificate = certify_labels(
        sample.sample(),
        truth,
        labels.label,
        labels.probabilities(),
        labels.classes,
        confidence=confidence,
    )
    content = certificate_json(
        certificate,
        file=labels.file.name,
        digest=labels.digest,
        number=sample.number,
        target_error=target_error,
        unlabelled=labels.without,
        now=now,
    )
    write_certificate(folder.parent, content)
    return content


def audit_folder(path: Path) -> Path:
    """Where sample and tasks of these labels are."""
    home = path if path.is_dir() else path.with_name(f"{path.name}-{AUDIT_FOLDER}")
    return home / AUDIT_FOLDER


def _seed(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _truth(sample: SampleFile, labels: Labels, answers: Mapping[str, str], file: Path) -> IntArray:
    tasks = {str(labels.records[row]) for row in sample.drawn}
    strange = [task for task in answers if task not in tasks]
    if strange:
        raise InputError(
            f"task {strange[0]!r} was not drawn ({len(strange)} such)",
            file=str(file),
            hint="answer the tasks of the sample drawn last",
        )
    ids = {name: at for at, name in enumerate(labels.classes)} | {UNSURE: NOT_ANSWERED}
    said = [answers.get(str(labels.records[row]), UNSURE) for row in sample.drawn]
    return np.array([ids.get(answer, NO_CLASS) for answer in said], dtype=np.int64)


def _drawn(
    folder: Path, sample: SampleFile, labels: Labels, confidence: float, *, kept: bool
) -> DrawnAudit:
    clean = certify_labels(
        sample.sample(),
        labels.label[list(sample.drawn)],
        labels.label,
        None,
        labels.classes,
        confidence=confidence,
    )
    return DrawnAudit(
        tasks=folder / TASKS_FILE,
        size=len(set(sample.drawn)),
        rows=len(labels),
        unlabelled=labels.without,
        best_upper=clean.error_upper,
        kept=kept,
    )
