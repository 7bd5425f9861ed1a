"""The same rows from two Ray workers as from this process."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from cleaning_rows import banking_rows, write_rows

import undercut
from undercut.runs.cleaning.config import make_clean_config
from undercut.runs.cleaning.job import clean

pytestmark = pytest.mark.slow


def test_two_ray_workers_give_the_rows_of_the_local_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    # Workers start in another folder: they must import this very package.
    package = str(Path(undercut.__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", f"{package}:{os.environ.get('PYTHONPATH', '')}")
    rows = banking_rows("train.csv")
    rows += [(f"{text} please", label) for text, label in rows[::5]]
    rows += [("Mail me at jane.doe@example.com", "contact"), ("", "contact"), *rows[:40]]
    train = write_rows(tmp_path / "train.csv", rows)
    pages = tmp_path / "pages.jsonl"
    pages.write_text(
        "".join(
            f'{{"text": "Lorem {i % 7} ipsum and a longer story about parcel number {i % 7}"}}\n'
            for i in range(60)
        )
    )
    test = write_rows(tmp_path / "test.csv", banking_rows("test.csv"))
    shared = {
        "sources": (str(train), str(pages)),
        "test": str(test),
        "label_noise": "off",
        "near_duplicates": "drop",
    }
    local = clean(make_clean_config({**shared, "out": str(tmp_path / "local")}))
    spread = clean(
        make_clean_config(
            {**shared, "out": str(tmp_path / "ray"), "workers": "ray", "processes": 2}
        )
    )
    assert local.rejected > 100
    assert {"near_test", "near_duplicate", "exact_duplicate"} <= {r.rule for r in local.rules}
    for name in ("data", "rejected", "changed"):
        ours = pq.read_table(tmp_path / "local" / f"{name}.parquet")
        theirs = pq.read_table(tmp_path / "ray" / f"{name}.parquet")
        assert ours.equals(theirs), name
    assert local.digest == spread.digest
