"""Suspect labels: found out of fold, ranked for review, treated where that helps."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from undercut.build.data.label_noise import find_suspects, noise_fraction
from undercut.build.data.steps import Batch, Reason
from undercut.build.training.ngram import NgramConfig
from undercut.core.dataset import Dataset, FloatArray, IntArray
from undercut.runs.arrays import load_arrays, save_arrays
from undercut.runs.cleaning.config import CleanConfig
from undercut.runs.cleaning.near import Groups
from undercut.runs.cleaning.noise_trial import (
    PENALTIES,
    TREATMENTS,
    out_of_fold,
    try_treatments,
    weights_of,
)
from undercut.runs.cleaning.parts import live_rows, read_table
from undercut.runs.cleaning.rows import Rows
from undercut.runs.cleaning.verdicts import parts_of, write_verdicts
from undercut.runs.stages import Stages

VERSION = "3"
SUSPECTS, VERDICT = "suspects.parquet", "label_noise.json"
_ARRAYS = "weights.safetensors"
_FOLDS, _INNER_FOLDS = 3, 4
_LEAST_ROWS = 100
# The trial trains some sixty models: more rows than these would make its verdict hours late and
# hardly surer. Suspects are looked for among all.
_TRIAL_ROWS = 30_000
# One penalty, few iterations: the ranking of rows needs no more, and the trial trains 60 models.
# A light penalty, since a smooth model shares the doubts about one class among all.
MODEL = NgramConfig(penalties=(1e-5,), iterations=30)
SCHEMA = pa.schema(
    [
        ("rank", pa.int64()),
        ("row", pa.int64()),
        ("text", pa.string()),
        ("label", pa.string()),
        ("suggested", pa.string()),
        ("margin", pa.float32()),
        ("source", pa.string()),
        ("place", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Noise:
    """What the stage left: its folder, the rows' weights, the verdict as plain JSON."""

    folder: Path
    weights: dict[int, float]
    verdict: dict[str, Any]


def settle_label_noise(
    stages: Stages, rows: Rows, groups: Groups, config: CleanConfig
) -> tuple[Rows, Noise]:
    """Find suspects among the labelled rows, and drop or weigh them down where that helps."""
    settings = {
        "mode": config.label_noise,
        "rows": config.label_noise_rows,
        "seed": config.seed,
        "model": MODEL,
        "treatments": TREATMENTS,
        "penalties": PENALTIES,
        "folds": [_FOLDS, _INNER_FOLDS],
        "trial_rows": _TRIAL_ROWS,
    }

    def build(folder: Path) -> None:
        _build(folder, stages, rows, groups, config)

    made = stages.run(
        "label_noise",
        "look for wrong labels",
        build,
        version=VERSION,
        config=settings,
        inputs=rows.inputs(),
    )
    arrays = load_arrays(made.path / _ARRAYS)
    weights = dict(zip(arrays["rows"].tolist(), arrays["weights"].tolist(), strict=True))
    verdict = json.loads((made.path / VERDICT).read_text(encoding="utf-8"))
    return rows.after("label_noise", made), Noise(made.path, weights, verdict)


def _build(folder: Path, stages: Stages, rows: Rows, groups: Groups, config: CleanConfig) -> None:
    looked_for = rows if config.label_noise != "off" else Rows(())
    data = labelled_rows(looked_for, most=config.label_noise_rows)
    numbers = data.lines
    reason = "turned off" if config.label_noise == "off" else why_not_examined(data)
    if reason is not None:
        _leave(folder, rows, {"examined": 0, "why_not": reason}, _NONE)
        return
    near = groups.of(numbers)
    stages.tick(None, f"{len(data):,} rows, {len(data.classes)} classes")
    proba = out_of_fold(data, near, MODEL, folds=_INNER_FOLDS + 1, seed=config.seed)
    suspects = find_suspects(data.labels, proba)
    table = _suspect_table(rows, numbers, data, proba)
    verdict: dict[str, Any] = {
        "examined": len(data),
        "suspects": len(suspects),
        "noise_fraction": noise_fraction(data.labels, proba),
        "chosen": None,
    }
    rejected, weights = _NO_ROWS, np.zeros(0, np.float32)
    weighed = _NO_ROWS
    if config.label_noise in ("auto", "weigh"):
        part = evenly(len(data), _TRIAL_ROWS)
        said = try_treatments(
            data.take(part),
            near[part],
            MODEL,
            folds=_FOLDS,
            inner_folds=_INNER_FOLDS,
            seed=config.seed,
            weigh=config.label_noise == "weigh",
            tick=lambda fraction, detail: stages.tick(fraction, detail),
        )
        verdict |= {
            "untreated_accuracy": said.accuracy,
            "untreated_macro_f1": said.macro_f1,
            "trials": [asdict(trial) for trial in said.trials],
            "chosen": None if said.chosen is None else said.chosen.name,
        }
        if said.chosen is not None:
            weight = weights_of(data.labels, proba, said.chosen)
            rejected = numbers[weight == 0]
            lighter = (weight > 0) & (weight < 1)
            weighed, weights = numbers[lighter], weight[lighter]
            verdict["touched"] = int((weight < 1).sum())
    _leave(folder, rows, verdict, (rejected, weighed, weights), table)


_NO_ROWS = np.zeros(0, np.int64)
_NONE = (_NO_ROWS, _NO_ROWS, np.zeros(0, np.float32))


def _leave(
    folder: Path,
    rows: Rows,
    verdict: dict[str, Any],
    touched: tuple[IntArray, IntArray, FloatArray],
    table: pa.Table | None = None,
) -> None:
    rejected, weighed, weights = touched
    said = dict[int, str]()
    if table is not None:
        said = dict(zip(table["row"].to_pylist(), _evidence(table), strict=True))
        pq.write_table(table, folder / SUSPECTS, compression="zstd")
    else:
        pq.write_table(SCHEMA.empty_table(), folder / SUSPECTS, compression="zstd")

    def why(i: int) -> Reason:
        return Reason("suspect_label", said.get(int(rejected[i]), "by the estimated noise rate"))

    write_verdicts(folder, rows, rejected, why)
    save_arrays(folder / _ARRAYS, {"rows": weighed, "weights": weights})
    content = json.dumps(verdict, ensure_ascii=False, sort_keys=True, indent=1)
    (folder / VERDICT).write_text(content, encoding="utf-8")


def _evidence(table: pa.Table) -> list[str]:
    return [
        f"says {label!r}, the rest of the data says {suggested!r} (margin {margin:.2f})"
        for label, suggested, margin in zip(
            table["label"].to_pylist(),
            table["suggested"].to_pylist(),
            table["margin"].to_pylist(),
            strict=True,
        )
    ]


def why_not_examined(data: Dataset) -> str | None:
    """Why labelled rows are too few to learn from and ask others, None where they are not.

    The words are also the code by which a report says it in its language (`why.` in its words).
    """
    if len(data) < _LEAST_ROWS or len(data.classes) < 2:
        return "too few labelled rows or classes"
    if len(data.classes) > len(data) / 2:
        return "nearly every row has a label of its own"
    return None


def labelled_rows(rows: Rows, *, most: int) -> Dataset:
    """The labelled rows, lines are their row numbers; evenly thinned where there are more.

    Rows are read twice, first to count them: of a million, only those examined are ever held.
    """
    wanted = evenly(sum(len(_labelled(live_rows(part))) for part in rows.parts), most)
    numbers, texts, labels = list[int](), list[str](), list[str]()
    passed = 0
    for part in rows.parts:
        batch = live_rows(part)
        labelled = _labelled(batch)
        ends = np.searchsorted(wanted, (passed, passed + len(labelled)))
        for at in labelled[wanted[slice(*ends)] - passed].tolist():
            numbers.append(int(batch.rows[at]))
            texts.append(batch.texts[at])
            labels.append(sys.intern(batch.labels[at] or ""))
        passed += len(labelled)
    classes = tuple(sorted(set(labels)))
    ids = {name: i for i, name in enumerate(classes)}
    return Dataset(
        texts=tuple(texts),
        labels=np.array([ids[label] for label in labels], dtype=np.int64),
        classes=classes,
        lines=np.array(numbers, dtype=np.int64),
        source="",
    )


def _labelled(batch: Batch) -> IntArray:
    """Positions of the batch's rows that have a label, ascending."""
    return np.flatnonzero([label is not None for label in batch.labels])


def evenly(rows: int, most: int) -> IntArray:
    """At most so many positions of `rows`, evenly spaced, ascending."""
    if rows <= most:
        return np.arange(rows)
    return np.unique(np.linspace(0, rows - 1, most).astype(np.int64))


def _suspect_table(rows: Rows, numbers: IntArray, data: Dataset, proba: FloatArray) -> pa.Table:
    """Suspects of every method, the most suspicious first, for people to look at."""
    joint = find_suspects(data.labels, proba)
    rate = find_suspects(data.labels, proba, method="noise_rate")
    new = ~np.isin(rate.rows, joint.rows)
    at = np.concatenate([joint.rows, rate.rows[new]])
    suggested = np.concatenate([joint.suggested, rate.suggested[new]])
    margin = np.concatenate([joint.margin, rate.margin[new]])
    order = np.lexsort((at, margin))
    at, suggested, margin = at[order], suggested[order], margin[order]
    origin = _origins(rows, numbers[at])
    columns = {
        "rank": np.arange(1, len(at) + 1),
        "row": numbers[at],
        "text": [data.texts[i] for i in at],
        "label": [data.classes[data.labels[i]] for i in at],
        "suggested": [data.classes[i] for i in suggested],
        "margin": margin.astype(np.float32),
        "source": [origin[int(row)][0] for row in numbers[at]],
        "place": [origin[int(row)][1] for row in numbers[at]],
    }
    return pa.table(columns, schema=SCHEMA)


def _origins(rows: Rows, wanted: IntArray) -> dict[int, tuple[str, str]]:
    found = {}
    ascending = np.sort(wanted)
    for part, held in parts_of(ascending, rows.parts):
        table = read_table(part.file).select(["source", "place"])
        for row in ascending[held.start : held.stop].tolist():
            at = row - part.first
            found[row] = (table["source"][at].as_py(), table["place"][at].as_py())
    return found
