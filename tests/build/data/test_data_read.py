from __future__ import annotations

from pathlib import Path

import pytest

from undercut.build.data import read_table
from undercut.core.errors import ConfigError, InputError
from undercut.core.tabular import open_writer


def test_text_label_and_line_without_the_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,text,intent\n1,"a\nb",x\n2,c,\nbroken\n3,,y\n')
    table = read_table(path)
    assert (table.text_column, table.label_column) == ("text", "intent")
    assert table.texts == ("a\nb", "c", "")
    assert table.labels == ("x", "", "y")
    assert table.lines.tolist() == [2, 4, 6]
    assert [p.line for p in table.problems] == [5]
    assert table.rows_read == 4


def test_cells_that_are_no_string_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"text": "a", "label": 1}\n{"text": 5, "label": 1}\n'
        '{"text": null, "label": 2.0}\n{"text": "d", "label": ["x"]}\n'
    )
    table = read_table(path)
    assert (table.texts, table.labels) == (("a", ""), (1, 2.0))
    assert [tuple(p) for p in table.problems] == [
        (2, "'text' holds a int, expected a string"),
        (4, "the label is a list"),
    ]


def test_repeated_labels_are_one_string(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\n" + "words,some label\n" * 3)
    labels = read_table(path).labels
    assert labels is not None
    assert len({id(label) for label in labels}) == 1


def test_many_problems_are_counted_and_few_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,x\n" + "broken\n" * 500)
    table = read_table(path)
    assert (len(table.problems), table.problem_count) == (100, 500)


def test_no_readable_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\nbroken\n")
    with pytest.raises(InputError, match=r"a\.csv:2: no record can be read; the first: 1 cell"):
        read_table(path)
    path.write_text("text,label\n")
    with pytest.raises(InputError, match="holds no rows below its column names"):
        read_table(path)


def test_label_is_optional_when_said_so(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text\na\n")
    assert read_table(path, require_label=False).labels is None
    with pytest.raises(ConfigError, match="--label-column"):
        read_table(path)


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet", "csv.gz", "parquet.gz"])
def test_the_format_makes_no_difference(tmp_path: Path, ending: str) -> None:
    if "parquet" in ending:
        pytest.importorskip("pyarrow")
    rows = [("很好 👍", "好"), ("mixed 中文, text", "坏"), ("line\nbreak", "好")]
    with open_writer(tmp_path / f"a.{ending}", ["text", "label"]) as out:
        for row in rows:
            out.write(row)
    table = read_table(tmp_path / f"a.{ending}")
    assert list(zip(table.texts, table.labels or (), strict=True)) == rows
