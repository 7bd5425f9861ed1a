from __future__ import annotations

import datetime
import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from undercut.core.errors import ConfigError, InputError, MissingExtraError
from undercut.core.tabular import Limits, Row, RowProblem, open_rows

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

FEATURES = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": {"names": ["bad", "good"], "_type": "ClassLabel"},
}


def save_split(folder: Path, tables: list[Any]) -> Path:
    """What `datasets.save_to_disk` leaves: IPC streams beside two JSON files."""
    folder.mkdir(parents=True)
    names = [f"data-{i:05}-of-{len(tables):05}.arrow" for i in range(len(tables))]
    for name, table in zip(names, tables, strict=True):
        with (
            pa.OSFile(str(folder / name), "wb") as file,
            pa.ipc.new_stream(file, table.schema) as out,
        ):
            out.write_table(table)
    state = {"_data_files": [{"filename": name} for name in names], "_split": folder.name}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "dataset_info.json").write_text(json.dumps({"features": FEATURES}))
    return folder


def table(texts: list[str], labels: list[int]) -> Any:
    return pa.table({"text": texts, "label": pa.array(labels, pa.int64())})


def test_parquet_yields_chosen_columns_in_order(tmp_path: Path) -> None:
    day = datetime.date(2026, 1, 2)
    frame = pa.table(
        {"day": [day, None], "text": ["好 👍", "b"], "tags": [["x"], []], "p": [0.5, 1.0]}
    )
    pq.write_table(frame, tmp_path / "a.parquet")
    assert list(open_rows(tmp_path / "a.parquet")) == [
        Row(1, (day, "好 👍", ["x"], 0.5)),
        Row(2, (None, "b", [], 1.0)),
    ]
    assert next(iter(open_rows(tmp_path / "a.parquet", columns=["p", "text"]))) == Row(
        1, (0.5, "好 👍")
    )


def test_parquet_gzipped_dictionary_columns_many_row_groups(tmp_path: Path) -> None:
    texts = [f"text {i}" for i in range(5_000)]
    frame = pa.table({"text": texts, "label": pa.array(["x", "y"] * 2_500).dictionary_encode()})
    pq.write_table(frame, tmp_path / "a.parquet", row_group_size=700)
    path = tmp_path / "a.parquet.gz"
    path.write_bytes(gzip.compress((tmp_path / "a.parquet").read_bytes()))
    stream = open_rows(path)
    assert stream.rows_at_most == 5_000
    rows = list(stream)
    assert [r.line for r in rows] == list(range(1, 5_001))
    assert rows[-1] == Row(5_000, ("text 4999", "y"))


def test_class_names_in_parquet_metadata(tmp_path: Path) -> None:
    note = json.dumps({"info": {"features": FEATURES}})
    frame = table(["a", "b", "c"], [1, -1, 7]).replace_schema_metadata({"huggingface": note})
    pq.write_table(frame, tmp_path / "a.parquet")
    assert list(open_rows(tmp_path / "a.parquet")) == [
        Row(1, ("a", "good")),
        Row(2, ("b", None)),
        RowProblem(3, "class id 7 has no name (there are 2)"),
    ]


def test_a_string_that_is_not_utf8_costs_one_row(tmp_path: Path) -> None:
    column = pa.array([b"a", b"\xff\xfe", b"c"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": column}), tmp_path / "a.parquet")
    assert list(open_rows(tmp_path / "a.parquet")) == [
        Row(1, ("a",)),
        RowProblem(2, "holds a string that is not valid UTF-8"),
        Row(3, ("c",)),
    ]


def test_an_overlong_cell_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a", "b" * 5_000]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r":2: the cell in column 'text' is longer than 1000"):
        list(open_rows(tmp_path / "a.parquet", limits=Limits(record_characters=1_000)))


def test_not_parquet(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("text,label\n")
    with pytest.raises(InputError, match="cannot be read as a Parquet file"):
        open_rows(tmp_path / "a.parquet")


def test_a_saved_data_set_with_class_names_over_two_files(tmp_path: Path) -> None:
    folder = save_split(tmp_path / "ds", [table(["a", "b"], [0, 1]), table(["c"], [1])])
    stream = open_rows(folder)
    assert stream.format == "saved_dataset"
    assert list(stream) == [Row(1, ("a", "bad")), Row(2, ("b", "good")), Row(3, ("c", "good"))]
    assert next(iter(stream.select(["label"]))) == Row(1, ("bad",))


def test_a_saved_dict_of_splits(tmp_path: Path) -> None:
    for split in ("train", "test"):
        save_split(tmp_path / "dd" / split, [table([split], [0])])
    (tmp_path / "dd" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    assert list(open_rows(tmp_path / "dd", split="test")) == [Row(1, ("test", "bad"))]
    assert list(open_rows(tmp_path / "dd" / "train")) == [Row(1, ("train", "bad"))]
    with pytest.raises(ConfigError, match="several splits; splits found: train, test"):
        open_rows(tmp_path / "dd")
    with pytest.raises(ConfigError, match="no split 'dev'"):
        open_rows(tmp_path / "dd", split="dev")


def test_a_damaged_saved_data_set(tmp_path: Path) -> None:
    folder = save_split(tmp_path / "ds", [table(["a"], [0])])
    (folder / "data-00000-of-00001.arrow").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot be read as an Arrow stream"):
        open_rows(folder)
    (folder / "state.json").write_text("{")
    with pytest.raises(InputError, match=r"state\.json cannot be read"):
        open_rows(folder)


def test_without_pyarrow_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match=r"undercut\[parquet\]"):
        open_rows(tmp_path / "a.parquet")
