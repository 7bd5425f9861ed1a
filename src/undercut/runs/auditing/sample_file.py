"""The drawn sample on disk, and the tasks an expert answers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from undercut.build.labels.audit.sampling import AuditSample, Design
from undercut.core.errors import ArtefactError, InputError
from undercut.core.files import write_atomic
from undercut.core.tabular import Row, open_rows
from undercut.runs.auditing.labels import Labels

SAMPLE_FILE, TASKS_FILE = "sample.json", "tasks.csv"
ANSWER_COLUMNS = ("truth", "label", "answer", "真值", "标签", "答案")
UNSURE = ""


class SampleFile(BaseModel):
    """What was drawn, of what, and how; the answers are judged against exactly this.

    drawn: positions among the rows that have a label. number: 1 for the first sample of a
    folder; samples drawn after looking at earlier ones are known by it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    design: Design
    rows: int
    drawn: tuple[int, ...]
    size: int
    seed: int
    number: int
    file: str
    digest: str

    def sample(self) -> AuditSample:
        """The sample as the audit's mathematics takes it."""
        return AuditSample(self.design, self.rows, np.array(self.drawn, np.int64), self.seed)


def write_sample(folder: Path, sample: SampleFile, labels: Labels) -> None:
    """The sample, and its tasks: one row a drawn text with an empty cell for the truth.

    The label that is under audit is not shown: who sees it tends to agree.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["task", "text", "truth"])
    for row in dict.fromkeys(sample.drawn):
        writer.writerow([labels.records[row], labels.texts[row], ""])
    write_atomic(folder / TASKS_FILE, text.getvalue().encode("utf-8", errors="replace"))
    content = json.dumps(sample.model_dump(mode="json"), indent=1)
    write_atomic(folder / SAMPLE_FILE, (content + "\n").encode())


def load_sample(folder: Path) -> SampleFile | None:
    """The sample that was drawn, None where none was. Raises ArtefactError for a broken file."""
    path = folder / SAMPLE_FILE
    if not path.is_file():
        return None
    try:
        return SampleFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ArtefactError(
            f"{path} is no sample of an audit", hint="remove it and draw again"
        ) from error


def read_answers(path: Path, *, answer_column: str | None = None) -> Mapping[str, str]:
    """Task → what the expert says; two different answers to one task leave it open.

    Raises InputError where columns are missing or nothing is answered.
    """
    stream = open_rows(path)
    lower = {name.strip().casefold(): name for name in stream.columns}
    column = answer_column or next((lower[name] for name in ANSWER_COLUMNS if name in lower), None)
    if "task" not in lower or column is None:
        raise InputError(
            f"needs the columns task and truth, found {', '.join(stream.columns[:20])}",
            file=str(path),
            hint=f"fill in the column truth of {TASKS_FILE}, or name yours with --answer-column",
        )
    answers: dict[str, str] = {}
    for record in stream.select((lower["task"], column)):
        if not isinstance(record, Row):
            continue
        task, said = ("" if cell is None else str(cell).strip() for cell in record.values)
        if said:
            answers[task] = said if answers.get(task, said) == said else UNSURE
    if not any(answers.values()):
        raise InputError(f"no task is answered in column {column!r}", file=str(path))
    return answers
