from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.core.errors import InputError
from undercut.core.tabular import Row, open_rows, open_writer

ENDINGS = ["csv", "tsv", "jsonl", "parquet", "csv.gz", "tsv.gz", "jsonl.gz", "parquet.gz"]
ROWS = [("plain", "x"), ('q "quoted", and;\ttab\nline', "y"), ("你好 👍", "é"), (" ", "z")]


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_comes_back(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    with open_writer(path, ["text", "label"]) as out:
        for row in ROWS:
            out.write(row)
        assert not path.exists()
    stream = open_rows(path)
    assert stream.columns == ("text", "label")
    assert [r.values for r in stream if isinstance(r, Row)] == ROWS
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_failure_leaves_the_old_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    path.write_text("old")

    def fail() -> None:
        with open_writer(path, ["text"]) as out:
            out.write(["new"])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ["csv.gz", "jsonl.gz", "parquet.gz"])
def test_same_rows_same_bytes(tmp_path: Path, ending: str) -> None:
    for name in ("a", "b"):
        with open_writer(tmp_path / f"{name}.{ending}", ["text"]) as out:
            out.write(["words"])
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_typed_cells_pass_from_parquet_to_every_format(tmp_path: Path) -> None:
    day = datetime.date(2026, 1, 2)
    types = {"n": "int64", "ok": "bool", "p": "float64"}
    first = tmp_path / "a.parquet"
    with open_writer(first, ["text", "n", "ok", "p"], types=types) as out:  # type: ignore[arg-type]
        out.write(["a", 1, True, 0.5])
        out.write([day, None, False, None])
    stream = open_rows(first)
    rows = [r.values for r in stream if isinstance(r, Row)]
    assert rows == [("a", 1, True, 0.5), ("2026-01-02", None, False, None)]
    for ending in ("parquet", "jsonl"):
        with open_writer(tmp_path / f"b.{ending}", stream.columns, like=stream) as out:
            for row in rows:
                out.write(row)
        again = open_rows(tmp_path / f"b.{ending}")
        assert [r.values for r in again if isinstance(r, Row)] == rows
    with open_writer(tmp_path / "b.csv", stream.columns) as out:
        out.write([["x", {"y": day}], None, True, 0.1])
    assert list(open_rows(tmp_path / "b.csv")) == [
        Row(2, ('["x", {"y": "2026-01-02"}]', "", "true", "0.1"))
    ]


def test_wrong_width_unknown_ending_and_missing_folder(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="1 cells, expected 2"),
        open_writer(tmp_path / "a.csv", ["a", "b"]) as out,
    ):
        out.write(["x"])
    with pytest.raises(InputError, match="cannot tell the format"):
        open_writer(tmp_path / "a.xyz", ["a"])
    with pytest.raises(InputError, match="cannot be written: No such file"):
        open_writer(tmp_path / "none" / "a.csv", ["a"])
    assert list(tmp_path.iterdir()) == []


text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=15)


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.tuples(text, text), max_size=8),
    ending=st.sampled_from(["csv", "tsv", "jsonl"]),
)
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], ending: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"a.{ending}"
    with open_writer(path, ["a", "b"]) as out:
        for row in [("first", "row"), *rows]:
            out.write(row)
    assert [r.values for r in open_rows(path) if isinstance(r, Row)] == [("first", "row"), *rows]
