"""Read, clean, split: the user's files → frozen texts and labels of every part."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from undercut.build.data.cleaned import cleaned_folder
from undercut.build.data.doubted import with_doubted
from undercut.build.data.hygiene import clean
from undercut.build.data.labelled import copies_table, labelled_table, pseudo_table
from undercut.build.data.read import Table, read_table
from undercut.build.data.splits import SplitConfig, split
from undercut.core.dataset import Dataset, IntArray
from undercut.core.errors import InputError
from undercut.core.text import dominant_script, looks_english
from undercut.runs.arrays import load_arrays, save_arrays
from undercut.runs.config import RunConfig
from undercut.runs.stages import Made, Stages
from undercut.runs.steps.near_copies import groups_to_split, near_groups, without_leaks
from undercut.runs.steps.picks import judging, picks_in, said_of_picks, sample_alone
from undercut.runs.steps.pseudo_rows import with_pseudo
from undercut.runs.steps.training_only import (
    chosen_rows,
    doubted,
    few_parts,
    teaching,
    weighted,
    with_copies,
)

VERSION = "7"
BLOCK = 1 << 20
# With more rows a class than this, parts kept from training cost less than they tell.
FEW_PER_CLASS = 16


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


def digest_path(path: Path) -> str:
    """sha256 over a file, or over the names and contents of a folder's files.

    Of a folder that `undercut clean` left only the rows, doubted ones too, and their copies count,
    of a folder of labels only its tables: reports, ledgers and certificates change.
    """
    cleaned, labelled = cleaned_folder(path), labelled_table(path)
    hashed = hashlib.sha256()
    try:
        if cleaned is not None:
            found = (cleaned.data, cleaned.augmented, cleaned.doubted)
            files = [file for file in found if file is not None]
        elif labelled is not None:
            tables = (labelled, pseudo_table(path), copies_table(path))
            files = [file for file in tables if file is not None]
        else:
            files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            hashed.update(file.relative_to(path).as_posix().encode() + b"\0")
            with file.open("rb") as stream:
                while block := stream.read(BLOCK):
                    hashed.update(block)
    except FileNotFoundError as error:
        raise InputError("no such file", file=str(path), hint="check the path") from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error
    return hashed.hexdigest()


def _write(folder: Path, config: RunConfig) -> None:
    train_table = read_table(
        config.train, text_column=config.text_column, label_column=config.label_column
    )
    train_table = with_doubted(config.train, train_table)
    picks = picks_in(train_table)
    notes = [said_of_picks(config.train, picks, len(train_table.texts))]
    test_table = None
    if config.test is not None:
        test_table = read_table(
            config.test,
            text_column=train_table.text_column,
            label_column=train_table.label_column,
        )
        notes.append(said_of_picks(str(config.test), picks_in(test_table), len(test_table.texts)))
        test_table = sample_alone(test_table)
    cleaned = clean(train_table, test=test_table)
    train = cleaned.train.dataset
    taught = teaching(train)
    few = has_few_labels(train.take(np.flatnonzero(taught)), config)
    if few:  # then every row trains
        train, taught = train.take(np.flatnonzero(taught)), taught[taught]
    groups = None if train_table.groups is None else _groups_of(train, train_table)
    judges = judging(picks, train_table, train)
    near = None
    if groups is None and not few and (judges is not None or labelled_table(Path(config.train))):
        near = near_groups(train)  # labels nobody has cleaned: a cleaned folder says its own groups
        groups = groups_to_split(near, judges)
    parts = (
        few_parts(train, judges)
        if few
        else split(
            train,
            _split_config(config, len(train)),
            groups=groups,
            teaches=taught,
            judges=judges,
        )
    )
    if near is not None:
        parts = without_leaks(train, parts, near, judges)
    chosen = chosen_rows(train, judges)
    train, copied, findings = with_copies(config.train, train, parts, cleaned.test)
    guessed = np.zeros(0, dtype=np.int64)
    if not few:  # then every row that trains is also judged, in folds
        train, guessed, more = with_pseudo(config.train, train, cleaned.test)
        findings += more
    extra = (*doubted(train), *weighted(train), *chosen)
    arrays: dict[str, Any] = {
        "split_train": np.concatenate([parts.train, copied, guessed]),
        "split_tune": parts.tune,
        "split_certify": parts.certify,
    }
    reports = {"train": cleaned.train.report.as_dict()}
    _store(folder, "train", train, arrays)
    if cleaned.test is not None:
        reports["test"] = cleaned.test.report.as_dict()
        _store(folder, "test", cleaned.test.dataset, arrays)
    save_arrays(folder / "arrays.safetensors", arrays)
    facts = {
        "classes": list(train.classes),
        "script": dominant_script(train.texts),
        "english": looks_english(train.texts),
        "few": few,
        "pseudo": len(guessed),
        "reports": reports,
        "notes": [note for note in notes if note is not None],
        "split_findings": [asdict(finding) for finding in (*parts.findings, *findings, *extra)],
    }
    text = json.dumps(facts, ensure_ascii=False, indent=1)
    (folder / "facts.json").write_text(text, encoding="utf-8", errors="replace")


def has_few_labels(train: Dataset, config: RunConfig) -> bool:
    """Whether there are too few labels a class to keep any from training.

    A user who names the size of a part wants parts.
    """
    if config.tune_rows is not None or config.certify_rows is not None:
        return False
    return len(train) <= FEW_PER_CLASS * len(train.classes)


def _groups_of(train: Dataset, table: Table) -> IntArray:
    """(rows,) groups of the rows that cleaning left; rows are known by their lines."""
    assert table.groups is not None
    return np.asarray(table.groups[np.searchsorted(table.lines, train.lines)])


def _split_config(config: RunConfig, rows: int) -> SplitConfig:
    """The default parts, or the sizes the user asks for."""
    wanted: dict[str, Any] = {"seed": config.seed}
    for part, asked in (("tune", config.tune_rows), ("certify", config.certify_rows)):
        if asked is not None:
            if asked > rows // 2:
                raise InputError(
                    f"--{part}-rows {asked} is more than half of the {rows} usable rows",
                    file=config.train,
                    hint=f"at most {rows // 2}",
                )
            wanted |= {
                f"{part}_fraction": asked / rows,
                f"{part}_rows_least": 1,
                f"{part}_rows_most": asked,
            }
    return SplitConfig(**wanted)


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
