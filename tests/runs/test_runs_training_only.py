"""What a cleaned folder gives to training alone: weights and edited copies, never to a judge."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cleaning_rows import banking_rows, write_rows

from undercut.build.data.keys import loose_key
from undercut.core.artefacts import write_manifest
from undercut.core.errors import ArtefactError
from undercut.core.price_files import load_prices
from undercut.runs.cleaning.config import make_clean_config
from undercut.runs.cleaning.job import KIND, clean
from undercut.runs.config import RunConfig
from undercut.runs.progress import Silence
from undercut.runs.stages import open_stages
from undercut.runs.steps.data import RunData, make_data
from undercut.runs.steps.digest import digest_path

ROWS = 400


def changed(folder: Path, name: str, table: pa.Table) -> None:
    """The folder with another table in it, vouched for as `undercut clean` would."""
    pq.write_table(table, folder / name)
    (folder / "manifest.json").unlink()
    write_manifest(folder, kind=KIND)


def data_of(folder: Path, out: Path, test: Path | None = None) -> RunData:
    given = None if test is None else str(test)
    config = RunConfig(train=str(folder), test=given, out=str(out), certify_rows=100, tune_rows=50)
    with open_stages(
        out, price=load_prices().host("c7i.large"), budget=None, progress=Silence(), created_by="t"
    ) as stages:
        return make_data(stages, config)[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    train = write_rows(tmp_path / "train.csv", banking_rows("train.csv")[:ROWS])
    out = tmp_path / "clean"
    clean(make_clean_config({"sources": (str(train),), "label_noise": "off", "out": str(out)}))
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in [*out.glob("*.parquet"), out / "manifest.json"]:
        shutil.copyfile(file, bare / file.name)
    return bare


def weigh(folder: Path, weights: np.ndarray) -> None:
    table = pq.read_table(folder / "data.parquet")
    column = pa.array(weights, pa.float32())
    at = table.column_names.index("weight")
    changed(folder, "data.parquet", table.set_column(at, "weight", column))


def copies(folder: Path, rows: list[int], texts: list[str]) -> None:
    changed(folder, "augmented.parquet", pa.table({"row": rows, "text": texts}))


def test_weights_reach_training_and_nobody_who_judges(folder: Path, tmp_path: Path) -> None:
    plain = data_of(folder, tmp_path / "plain")
    assert plain.train.weights is None
    rows = pq.read_metadata(folder / "data.parquet").num_rows
    weights = np.random.default_rng(0).choice([0.2, 1.0], rows).astype(np.float32)
    weigh(folder, weights)
    data = data_of(folder, tmp_path / "weighted")
    assert data.train.weights is not None
    np.testing.assert_array_equal(data.train.weights, weights[data.train.lines - 1])
    assert data.tune.weights is None
    assert data.certify.weights is None
    for name in ("train", "tune", "certify"):
        assert getattr(data, name).texts == getattr(plain, name).texts
    found = {f["rule"]: f["count"] for f in data.facts["split_findings"]}
    assert found["weighted_row"] == (weights < 1).sum()


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan")])
def test_a_weight_that_means_nothing_is_refused(
    folder: Path, tmp_path: Path, weight: float
) -> None:
    rows = pq.read_metadata(folder / "data.parquet").num_rows
    weigh(folder, np.array([weight] + [1.0] * (rows - 1)))
    with pytest.raises(ArtefactError, match="record 1 has the weight"):
        data_of(folder, tmp_path / "run")


def test_copies_train_with_their_rows_and_never_leak(folder: Path, tmp_path: Path) -> None:
    table = pq.read_table(folder / "data.parquet").to_pydict()
    copies(folder, table["row"], [f"{text} indeed so" for text in table["text"]])
    data = data_of(folder, tmp_path / "run")
    copied = [text for text in data.train.texts if text.endswith("indeed so")]
    real = len(data.train) - len(copied)
    assert len(copied) == real  # one for each row that trains
    lines = data.train.lines
    np.testing.assert_array_equal(lines[:real], lines[real:])
    np.testing.assert_array_equal(data.train.labels[:real], data.train.labels[real:])
    held = {*data.tune.texts, *data.certify.texts}
    assert not any(text.endswith("indeed so") for text in held)
    assert not {text.removesuffix(" indeed so") for text in copied} & held
    found = {f["rule"]: f["count"] for f in data.facts["split_findings"]}
    assert found["augmented_row"] == len(copied)
    assert found["augmented_row_left_out"] == len(table["text"]) - len(copied)


def test_a_copy_that_says_what_a_held_out_row_says_is_left_out(
    folder: Path, tmp_path: Path
) -> None:
    before = data_of(folder, tmp_path / "before")
    rows = pq.read_table(folder / "data.parquet")["row"].to_pylist()
    taught = [rows[line - 1] for line in before.train.lines[:3]]
    test = write_rows(tmp_path / "test.csv", [("In the TEST it stands!", before.classes[0])] * 3)
    sly = [before.certify.texts[0].upper(), "in the test it stands", "A thing nobody said"]
    copies(folder, taught, sly)
    data = data_of(folder, tmp_path / "after", test)
    assert len(data.train) == len(before.train) + 1
    assert data.train.texts[-1] == sly[-1]
    held = {loose_key(text) for text in (*data.tune.texts, *data.certify.texts)}
    assert not held & {loose_key(text) for text in data.train.texts}


def test_copies_are_part_of_what_a_run_is_known_by(folder: Path) -> None:
    before = digest_path(folder)
    copies(folder, pq.read_table(folder / "data.parquet")["row"].to_pylist()[:1], ["another"])
    assert digest_path(folder) != before


def test_a_copy_of_nothing_is_refused(folder: Path, tmp_path: Path) -> None:
    copies(folder, [ROWS + 5], ["a copy of a row that is not there"])
    with pytest.raises(ArtefactError, match="a copy of row 405"):
        data_of(folder, tmp_path / "run")
