"""The data stage: texts and labels of every part, stored and loaded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from undercut.core.dataset import Dataset, IntArray
from undercut.core.text import dominant_script, looks_english
from undercut.runs.arrays import load_arrays, save_arrays
from undercut.runs.config import RunConfig
from undercut.runs.stages import Made, Stages
from undercut.runs.steps.digest import digest_path
from undercut.runs.steps.parts import make_parts

VERSION = "7"


@dataclass(frozen=True, slots=True)
class RunData:
    """Everything the run knows of the data.

    train, tune, certify: parts of the training file; test: the user's, where given. Only train has
    weights, and at its end the edited copies of its rows that a cleaned folder brings.
    pseudo: so many of train's last rows have a model's label: they teach no teacher.
    facts: columns, rows read, findings: plain JSON, for the report. few: so few labels that all
    train: then tune and certify are train's first rows, all or those that are a random sample,
    judged by cross-validation.
    """

    train: Dataset
    tune: Dataset
    certify: Dataset
    test: Dataset | None
    script: str
    english: bool
    facts: dict[str, Any]
    few: bool = False
    pseudo: int = 0

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names."""
        return self.train.classes

    @property
    def judged(self) -> tuple[str, Dataset]:
        """The rows that the report's quality is measured on: test where given, else certify."""
        return ("test", self.test) if self.test is not None else ("certify", self.certify)

    def parts(self) -> dict[str, Dataset]:
        """The parts that candidates are judged on, by name."""
        parts = {"tune": self.tune, "certify": self.certify}
        return parts | ({"test": self.test} if self.test is not None else {})


def make_data(stages: Stages, config: RunConfig) -> tuple[Made, RunData]:
    """The data stage."""
    files = {"train": config.train} | ({"test": config.test} if config.test else {})
    settings = {
        "files": {name: digest_path(Path(path)) for name, path in files.items()},
        "columns": [config.text_column, config.label_column],
        "seed": config.seed,
        "rows": [config.tune_rows, config.certify_rows],
    }
    made = stages.run(
        "data",
        "read, clean, split",
        lambda folder: _write(folder, config),
        version=VERSION,
        config=settings,
    )
    data = load_data(made.path, config)
    for note in data.facts["notes"]:
        stages.progress.note(note)
    return made, data


def load_data(folder: Path, config: RunConfig) -> RunData:
    """What the data stage stored."""
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    arrays = load_arrays(folder / "arrays.safetensors")
    train = _load(folder, "train", config.train, facts["classes"], arrays)
    has_test = (folder / "test.json").is_file()
    return RunData(
        train=train.take(arrays["split_train"]),
        tune=_judged(train, arrays["split_tune"]),
        certify=_judged(train, arrays["split_certify"]),
        test=_load(folder, "test", str(config.test), facts["classes"], arrays)
        if has_test
        else None,
        script=facts["script"],
        english=facts["english"],
        facts=facts,
        few=facts["few"],
        pseudo=facts["pseudo"],
    )


def _write(folder: Path, config: RunConfig) -> None:
    parts = make_parts(config)
    arrays: dict[str, Any] = {
        "split_train": parts.train,
        "split_tune": parts.tune,
        "split_certify": parts.certify,
    }
    _store(folder, "train", parts.rows, arrays)
    if parts.test is not None:
        _store(folder, "test", parts.test, arrays)
    save_arrays(folder / "arrays.safetensors", arrays)
    facts = {
        "classes": list(parts.rows.classes),
        "script": dominant_script(parts.rows.texts),
        "english": looks_english(parts.rows.texts),
        "few": parts.few,
        "pseudo": parts.pseudo,
        "reports": {name: result.report.as_dict() for name, result in parts.cleaned.items()},
        "notes": list(parts.notes),
        "split_findings": [asdict(finding) for finding in parts.findings],
    }
    text = json.dumps(facts, ensure_ascii=False, indent=1)
    (folder / "facts.json").write_text(text, encoding="utf-8", errors="replace")


def _judged(data: Dataset, rows: IntArray) -> Dataset:
    """Rows that judge count alike, whatever they weigh in training."""
    return replace(data.take(rows), weights=None)


def _store(folder: Path, name: str, data: Dataset, arrays: dict[str, Any]) -> None:
    # surrogatepass is not JSON: texts with lone surrogates keep them as \ud800 escapes.
    ascii_only = any(not _encodable(text) for text in data.texts)
    text = json.dumps(list(data.texts), ensure_ascii=ascii_only)
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
    arrays[f"{name}_labels"] = data.labels
    arrays[f"{name}_lines"] = data.lines
    if data.weights is not None:
        arrays[f"{name}_weights"] = data.weights


def _load(
    folder: Path, name: str, source: str, classes: Sequence[str], arrays: dict[str, Any]
) -> Dataset:
    texts = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return Dataset(
        texts=tuple(texts),
        labels=np.asarray(arrays[f"{name}_labels"]),
        classes=tuple(classes),
        lines=np.asarray(arrays[f"{name}_lines"]),
        source=source,
        weights=arrays.get(f"{name}_weights"),
    )


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
