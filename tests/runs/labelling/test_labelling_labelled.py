"""Labelled sets: every column of every table comes back."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from undercut.core.errors import InputError
from undercut.runs.labelling.formats.labelled import (
    LabelledTable,
    class_names,
    read_labelled,
    write_labelled,
)

_ROWS = (
    ("卡丢了\n怎么办", "lost", 3, 0.5, ["x", "y"], True),
    ('say "hi", please', None, None, 1e300, [], False),
    ("money back", "refund", -1, 0.1, ["z"], None),
)
_COLUMNS = ("text", "label", "count", "share", "tags", "flag")


def _table() -> LabelledTable:
    return LabelledTable(_COLUMNS, _ROWS, "text", "label")


def _parquet(path: Path) -> LabelledTable:
    columns = {name: [row[at] for row in _ROWS] for at, name in enumerate(_COLUMNS)}
    pq.write_table(pa.table(columns), path)
    return read_labelled(path)


@pytest.mark.parametrize("name", ["out.parquet", "out.jsonl", "out.jsonl.gz"])
def test_typed_tables_keep_values_and_types(name: str, tmp_path: Path) -> None:
    table = _parquet(tmp_path / "in.parquet")
    assert table.rows == _ROWS
    written = write_labelled(tmp_path / name, table)
    assert read_labelled(written) == table


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".csv.gz"])
def test_text_tables_keep_every_cell(ending: str, tmp_path: Path) -> None:
    rows = (("a\r\nb", "x", ""), ('"q", \t', "", "中文"), (" pad ", "x", "=1+1"))
    table = LabelledTable(("text", "label", "note"), rows, "text", "label")
    written = write_labelled(tmp_path / f"out{ending}", table)
    assert read_labelled(written, text_column="text", label_column="label") == table
    assert table.labels == ["x", None, "x"]


def test_saved_folders_keep_types_and_classes(tmp_path: Path) -> None:
    table = _parquet(tmp_path / "in.parquet")
    folder = write_labelled(tmp_path / "saved", table)
    back = read_labelled(folder)
    assert back == table
    assert class_names(back) == ("lost", "refund")
    # one class is gone from the rows, its id and name stay
    fewer = LabelledTable(back.columns, back.rows[:2], "text", "label", back.like)
    assert class_names(read_labelled(write_labelled(tmp_path / "again", fewer))) == (
        "lost",
        "refund",
    )
    with pytest.raises(InputError, match="exists already"):
        write_labelled(folder, table)


def test_the_datasets_library_reads_what_we_write(tmp_path: Path) -> None:
    if importlib.util.find_spec("datasets") is None:
        pytest.skip("needs the package datasets")
    from datasets import ClassLabel, load_from_disk

    write_labelled(tmp_path / "saved", _parquet(tmp_path / "in.parquet"))
    loaded = load_from_disk(str(tmp_path / "saved"))
    assert loaded.features["label"] == ClassLabel(names=["lost", "refund"])
    assert [row["tags"] for row in loaded] == [["x", "y"], [], ["z"]]
    loaded.save_to_disk(str(tmp_path / "theirs"))
    assert read_labelled(tmp_path / "theirs").rows == _ROWS


def test_columns_are_added_and_replaced(tmp_path: Path) -> None:
    table = _table().with_column("label", ["a", "b", "c"]).with_column("sure", [0.1, 0.2, 0.3])
    written = write_labelled(tmp_path / "out.parquet", table, types={"sure": "float64"})
    back = read_labelled(written)
    assert back.labels == ["a", "b", "c"]
    assert [row[-1] for row in back.rows] == [0.1, 0.2, 0.3]
    with pytest.raises(InputError, match="2 cells for 3 rows"):
        table.with_column("x", [1, 2])
