"""Rows whose label is doubted: they stand in tune and certify as before, and never in train."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cleaning_rows import banking_rows, write_rows

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

ROWS = 500
NAMES = ("data.parquet", "doubted.parquet", "augmented.parquet", "manifest.json")


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cleaned rows of which every third had a wrong label."""
    folder = tmp_path_factory.mktemp("noisy")
    rows = banking_rows("train.csv")
    labels = sorted({label for _, label in rows})
    rng = np.random.default_rng(0)
    wrong = rng.random(len(rows)) < 0.35
    swapped = [
        (text, labels[rng.integers(len(labels))] if bad else label)
        for (text, label), bad in zip(rows, wrong, strict=True)
    ]
    train = write_rows(folder / "train.csv", swapped)
    clean(make_clean_config({"sources": (str(train),), "out": str(folder / "clean")}))
    return folder / "clean"


@pytest.fixture
def doubting(tmp_path: Path) -> Path:
    """A cleaned folder half of whose rows are doubted, as `undercut clean` would leave them."""
    train = write_rows(tmp_path / "train.csv", banking_rows("train.csv")[:ROWS])
    out = tmp_path / "clean"
    clean(make_clean_config({"sources": (str(train),), "label_noise": "off", "out": str(out)}))
    table = pq.read_table(out / "data.parquet")
    doubted = np.random.default_rng(1).random(table.num_rows) < 0.5
    bare = tmp_path / "bare"
    bare.mkdir()
    pq.write_table(pq.read_table(out / "augmented.parquet"), bare / "augmented.parquet")
    pq.write_table(table.filter(pa.array(~doubted)), bare / "data.parquet")
    pq.write_table(table.filter(pa.array(doubted)), bare / "doubted.parquet")
    write_manifest(bare, kind=KIND)
    return bare


def data_of(folder: Path, out: Path, **settings: object) -> RunData:
    asked = {"certify_rows": 100, "tune_rows": 60} | settings
    config = RunConfig(train=str(folder), out=str(out), **asked)  # type: ignore[arg-type]
    with open_stages(
        out, price=load_prices().host("c7i.large"), budget=None, progress=Silence(), created_by="t"
    ) as stages:
        return make_data(stages, config)[1]


def test_judges_are_those_that_nobody_doubted(doubting: Path, tmp_path: Path) -> None:
    data = data_of(doubting, tmp_path / "run")
    plain = data_of(tmp_path / "clean", tmp_path / "plain")
    assert data.tune.texts == plain.tune.texts
    assert data.certify.texts == plain.certify.texts
    doubted = set(pq.read_table(doubting / "doubted.parquet")["text"].to_pylist())
    assert data.train.texts == tuple(t for t in plain.train.texts if t not in doubted)
    assert doubted & set(data.certify.texts)
    assert data.tune.weights is None
    assert data.certify.weights is None
    found = {f["rule"]: f["count"] for f in data.facts["split_findings"]}
    assert found["doubted_row"] == len(doubted)
    assert "weighted_row" not in found


def test_a_copy_trains_only_with_a_row_that_trains(doubting: Path, tmp_path: Path) -> None:
    rows = pq.read_table(doubting / "data.parquet")
    texts = [f"{text} indeed so" for text in rows["text"].to_pylist()]
    pq.write_table(pa.table({"row": rows["row"], "text": texts}), doubting / "augmented.parquet")
    (doubting / "manifest.json").unlink()
    write_manifest(doubting, kind=KIND)
    data = data_of(doubting, tmp_path / "run")
    copied = {t.removesuffix(" indeed so") for t in data.train.texts if t.endswith(" indeed so")}
    assert copied == {t for t in data.train.texts if not t.endswith(" indeed so")}


def test_every_class_keeps_a_row_that_teaches(tmp_path: Path, doubting: Path) -> None:
    table = pq.read_table(doubting / "data.parquet")
    rare = sorted(set(table["label"].to_pylist()))[0]
    at = [i for i, label in enumerate(table["label"].to_pylist()) if label == rare]
    keep = np.ones(table.num_rows, dtype=bool)
    keep[at[1:]] = False
    more = table.filter(pa.array(~keep))
    doubted = pq.read_table(doubting / "doubted.parquet")
    merged = pa.concat_tables([doubted, more]).sort_by("row")
    pq.write_table(merged, doubting / "doubted.parquet")
    pq.write_table(table.filter(pa.array(keep)), doubting / "data.parquet")
    (doubting / "manifest.json").unlink()
    write_manifest(doubting, kind=KIND)
    for seed in range(8):
        data = data_of(doubting, tmp_path / f"run-{seed}", seed=seed)
        assert set(data.train.labels) == set(range(len(data.classes)))


def test_few_labels_train_on_undoubted_rows_alone(doubting: Path, tmp_path: Path) -> None:
    for name in ("data.parquet", "doubted.parquet"):
        pq.write_table(pq.read_table(doubting / name).slice(0, 90), doubting / name)
    (doubting / "manifest.json").unlink()
    write_manifest(doubting, kind=KIND)
    data = data_of(doubting, tmp_path / "run", certify_rows=None, tune_rows=None)
    assert data.few
    assert len(data.train) == len(data.certify) == 90


def test_doubted_rows_are_vouched_for_and_part_of_what_a_run_is_known_by(
    doubting: Path, tmp_path: Path
) -> None:
    before = digest_path(doubting)
    table = pq.read_table(doubting / "doubted.parquet")
    pq.write_table(table.slice(1), doubting / "doubted.parquet")
    with pytest.raises(ArtefactError, match=r"doubted\.parquet"):
        data_of(doubting, tmp_path / "run")
    (doubting / "manifest.json").unlink()
    write_manifest(doubting, kind=KIND)
    assert digest_path(doubting) != before


def test_clean_leaves_the_rows_that_it_rejects_for_their_label(noisy: Path, tmp_path: Path) -> None:
    rejected = pq.read_table(noisy / "rejected.parquet").to_pydict()
    suspect = [
        r
        for r, rule in zip(rejected["row"], rejected["rule"], strict=True)
        if rule == "suspect_label"
    ]
    doubted, kept = (pq.read_table(noisy / f"{name}.parquet") for name in ("doubted", "data"))
    assert suspect, "the noise planted here was dropped when this test was written"
    assert doubted["row"].to_pylist() == suspect
    assert doubted.schema == kept.schema
    data = data_of(noisy, tmp_path / "run")
    assert not set(doubted["text"].to_pylist()) & set(data.train.texts)
    assert set(doubted["text"].to_pylist()) & set(data.certify.texts)
