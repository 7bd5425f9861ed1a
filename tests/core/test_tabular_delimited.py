from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.core.errors import InputError
from undercut.core.tabular import Limits, Row, RowProblem, open_rows


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_rows_carry_the_line_they_start_on(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'text,label\n"two\nlines",x\n\nplain,y\n"q ""in"" q, c",z\n')
    assert list(open_rows(path)) == [
        Row(2, ("two\nlines", "x")),
        Row(5, ("plain", "y")),
        Row(6, ('q "in" q, c', "z")),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_line_ending(tmp_path: Path, newline: str) -> None:
    path = write(tmp_path, "a.csv", newline.join(["text,label", "a,x", "b,y"]))
    assert list(open_rows(path)) == [Row(2, ("a", "x")), Row(3, ("b", "y"))]


def test_a_wrong_number_of_cells_does_not_stop_the_rest(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "text,label\na,x\nb\nc,y,z\nd,w\n")
    assert list(open_rows(path)) == [
        Row(2, ("a", "x")),
        RowProblem(3, "1 cell, expected 2"),
        RowProblem(4, "3 cells, expected 2"),
        Row(5, ("d", "w")),
    ]


def test_an_unclosed_quote_costs_one_row(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'text,label\n"open,x\nb,y\n"good",z\nc,"w"\n')
    first, *rest = list(open_rows(path))
    assert isinstance(first, RowProblem)
    assert first.line == 2
    assert rest == [Row(3, ("b", "y")), Row(4, ("good", "z")), Row(5, ("c", "w"))]


def test_a_quote_still_open_at_the_end_costs_one_row(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'text,label\na,x\n"open,x\nb,y\nc,z\n')
    records = list(open_rows(path))
    assert [type(r) for r in records] == [Row, RowProblem, Row, Row]
    assert [r.line for r in records] == [2, 3, 4, 5]


def test_a_runaway_quote_stops_at_the_line_limit(tmp_path: Path) -> None:
    lines = "".join(f"row {i},x\n" for i in range(100))
    path = write(tmp_path, "a.csv", 'text,label\n"open,x\n' + lines)
    records = list(open_rows(path, limits=Limits(record_lines=10)))
    assert isinstance(records[0], RowProblem)
    assert records[1:] == [Row(i + 3, (f"row {i}", "x")) for i in range(100)]


def test_a_stray_quote_inside_a_cell_is_text(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'text,label\n5" pipe,x\nb,y\n')
    assert list(open_rows(path)) == [Row(2, ('5" pipe', "x")), Row(3, ("b", "y"))]


def test_nul_is_reported(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "text,label\n" + "fine text,x\n" * 5 + "a\0b,x\nc,y\n")
    records = list(open_rows(path))
    assert records[5] == RowProblem(7, "holds a NUL character")
    assert records[6] == Row(8, ("c", "y"))


def test_a_cell_of_a_megabyte(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", f'text,label\n"{"x" * 1_000_000}",y\n')
    (row,) = open_rows(path)
    assert isinstance(row, Row)
    assert len(str(row.values[0])) == 1_000_000


def test_one_huge_line_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "text,label\nok,x\n" + "x" * 5_000)
    with pytest.raises(InputError, match=r"a\.csv:3: a line longer than 1000 characters"):
        list(open_rows(path, limits=Limits(record_characters=1_000)))


@pytest.mark.parametrize(
    ("header", "row", "cells"),
    [
        ("text;label", "one, two;x", ("one, two", "x")),
        ("text\tlabel", "one, two\tx", ("one, two", "x")),
        ("text,label", "one; two,x", ("one; two", "x")),
        ("text", "one; two", ("one; two",)),
    ],
)
def test_the_delimiter_is_found(
    tmp_path: Path, header: str, row: str, cells: tuple[str, ...]
) -> None:
    path = write(tmp_path, "a.csv", f"{header}\n" + f"{row}\n" * 3)
    stream = open_rows(path)
    assert stream.columns == tuple(header.replace(";", ",").replace("\t", ",").split(","))
    assert {r.values for r in stream if isinstance(r, Row)} == {cells}


def test_tsv_and_gzip_whatever_the_name_says(tmp_path: Path) -> None:
    data = gzip.compress("text\tlabel\nsüß, 你好 👍\tx\n".encode())
    for name in ("a.tsv.gz", "a.tsv"):
        assert list(open_rows(write(tmp_path, name, data))) == [Row(2, ("süß, 你好 👍", "x"))]


def test_select_reorders_and_refuses_unknown_columns(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "id,text,label\n1,a,x\n")
    assert list(open_rows(path, columns=["label", "id"])) == [Row(2, ("x", "1"))]
    with pytest.raises(Exception, match=r"no column 'Text'; columns found: 'id', 'text', 'label'"):
        open_rows(path, columns=["Text"])


def test_iterating_again_starts_again(tmp_path: Path) -> None:
    stream = open_rows(write(tmp_path, "a.csv", "text\na\nb\nc\n"))
    assert list(stream) == list(stream)
    assert [len(batch) for batch in stream.batches(2)] == [2, 1]
    assert stream.rows_at_most is not None
    assert stream.rows_at_most >= 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("\n\n", "holds no rows"),
        ("a,b,a\n1,2,3\n", "column names must differ"),
        ("PK\x03\x04rest", "spreadsheet"),
    ],
)
def test_useless_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_rows(write(tmp_path, "a.csv", text))


def test_missing_file_folder_and_unknown_ending(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        open_rows(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder"):
        open_rows(tmp_path)
    with pytest.raises(InputError, match="cannot tell the format"):
        open_rows(write(tmp_path, "a.docx", "x"))


def test_damaged_gzip(tmp_path: Path) -> None:
    data = gzip.compress(b"text,label\n" + b"some words,x\n" * 5_000)
    with pytest.raises(InputError, match="damaged or cut off"):
        open_rows(write(tmp_path, "a.csv.gz", data[: len(data) // 2]))


def test_gzip_bomb(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv.gz", gzip.compress(b"text\n" + b"\n" * 5_000_000))
    with pytest.raises(InputError, match="gzip bomb"):
        open_rows(path, limits=Limits(gzip_free_bytes=1_000_000, gzip_ratio=100))


cell = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None)
@given(rows=st.lists(st.tuples(cell, cell), min_size=1, max_size=12))
def test_whatever_csv_writes_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(buffer.getvalue().encode())
    assert [r.values for r in open_rows(path) if isinstance(r, Row)] == rows


@settings(deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_give_rows_problems_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.csv"
    path.write_bytes(data)
    try:
        records = list(open_rows(path))
    except InputError:
        return
    assert [r.line for r in records] == sorted({r.line for r in records})
