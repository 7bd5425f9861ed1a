"""Edited copies of labelled rows, in a file of their own, where held-out rows say they help."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from undercut.build.data.augmentation import AugmentConfig, augment
from undercut.build.data.keys import loose_key
from undercut.core.dataset import Dataset
from undercut.runs.cleaning.augment_trial import RECIPES, try_copies
from undercut.runs.cleaning.config import CleanConfig
from undercut.runs.cleaning.label_noise import MODEL, Noise, labelled_rows, why_not_examined
from undercut.runs.cleaning.near import Groups
from undercut.runs.cleaning.noise_trial import PENALTIES
from undercut.runs.cleaning.parts import Part, live_rows, read_table
from undercut.runs.cleaning.rows import Rows
from undercut.runs.stages import Made, Stages

VERSION = "1"
AUGMENTED, VERDICT = "augmented.parquet", "augmentation.json"
_FOLDS = 3
SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("copy", pa.int64()),
        ("text", pa.string()),
        ("label", pa.string()),
        ("group", pa.int64()),
        ("source", pa.string()),
        ("place", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Augmentation:
    """What the stage left: its folder, and the verdict as plain JSON."""

    made: Made
    verdict: dict[str, Any]


def settle_augmentation(
    stages: Stages, rows: Rows, groups: Groups, noise: Noise, config: CleanConfig
) -> Augmentation:
    """Try copies on held-out rows, and make them of every labelled row where that helps.

    The file names of each copy the row it comes from; who uses it may train on the copies of rows
    that train, and on nothing else.
    """
    settings = {
        "mode": config.augment,
        "rows": config.label_noise_rows,
        "seed": config.seed,
        "model": MODEL,
        "recipes": RECIPES,
        "penalties": PENALTIES,
        "folds": _FOLDS,
    }

    def build(folder: Path) -> None:
        _build(folder, stages, rows, groups, noise, config)

    made = stages.run(
        "augmentation",
        "edited copies for training",
        build,
        version=VERSION,
        config=settings,
        inputs=rows.inputs(),
    )
    verdict = json.loads((made.path / VERDICT).read_text(encoding="utf-8"))
    return Augmentation(made, verdict)


def _build(
    folder: Path, stages: Stages, rows: Rows, groups: Groups, noise: Noise, config: CleanConfig
) -> None:
    data = _data(rows, noise, config)
    reason = "turned off" if config.augment == "off" else why_not_examined(data)
    verdict: dict[str, Any] = {"examined": 0, "why_not": reason}
    chosen: AugmentConfig | None = None
    if reason is None:
        said = try_copies(
            data,
            groups.of(data.lines),
            MODEL,
            folds=_FOLDS,
            seed=config.seed,
            tick=lambda fraction, detail: stages.tick(0.9 * fraction, detail),
        )
        chosen = None if said.chosen is None else said.chosen.copies
        verdict = {
            "examined": len(data),
            "untreated_accuracy": said.accuracy,
            "untreated_macro_f1": said.macro_f1,
            "trials": [asdict(trial) for trial in said.trials],
            "chosen": None if said.chosen is None else said.chosen.name,
        }
    verdict["copies"] = _write(folder / AUGMENTED, stages, rows, groups, chosen, config.seed)
    content = json.dumps(verdict, ensure_ascii=False, sort_keys=True, indent=1)
    (folder / VERDICT).write_text(content, encoding="utf-8")


def _data(rows: Rows, noise: Noise, config: CleanConfig) -> Dataset:
    """The labelled rows with what they weigh."""
    wanted = config.augment != "off"
    data = labelled_rows(rows if wanted else Rows(()), most=config.label_noise_rows)
    if not noise.weights:
        return data
    weights = [noise.weights.get(row, 1.0) for row in data.lines.tolist()]
    return replace(data, weights=np.array(weights, np.float32))


def _write(
    path: Path,
    stages: Stages,
    rows: Rows,
    groups: Groups,
    config: AugmentConfig | None,
    seed: int,
) -> int:
    """Leave the copies, a part at a time; returns how many."""
    copies = 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        if config is None:
            return 0
        tested = {loose_key(text) for part in rows.test_parts for text in live_rows(part).texts}
        for part in rows.parts:
            table = _copies(part, groups, config, np.random.default_rng([seed, part.first]), tested)
            if table.num_rows:
                writer.write_table(table, row_group_size=table.num_rows)
            copies += table.num_rows
            stages.tick(None, f"{copies:,} copies")
    return copies


def _copies(
    part: Part,
    groups: Groups,
    config: AugmentConfig,
    rng: np.random.Generator,
    tested: set[str],
) -> pa.Table:
    """Copies of a part's labelled rows; none says what a test text or a row of the part says."""
    batch = live_rows(part)
    at = [i for i, label in enumerate(batch.labels) if label is not None]
    labels = [str(batch.labels[i]) for i in at]
    made = augment([batch.texts[i] for i in at], labels, config, rng)
    said = tested | {loose_key(text) for text in batch.texts}
    fresh = [i for i, text in enumerate(made.texts) if loose_key(text) not in said]
    of = [made.origins[i] for i in fresh]
    numbers = batch.rows[[at[i] for i in of]]
    origin = read_table(part.file).take(pa.array(numbers - part.first, pa.int64()))
    columns = {
        "row": numbers,
        "copy": _numbered(of),
        "text": [made.texts[i] for i in fresh],
        "label": [labels[i] for i in of],
        "group": groups.of(numbers),
        "source": origin["source"],
        "place": origin["place"],
    }
    return pa.table(columns, schema=SCHEMA)


def _numbered(origins: list[int]) -> list[int]:
    """1, 2, ... within each run of one origin."""
    numbers: list[int] = []
    for i, origin in enumerate(origins):
        again = i > 0 and origins[i - 1] == origin
        numbers.append(numbers[-1] + 1 if again else 1)
    return numbers
