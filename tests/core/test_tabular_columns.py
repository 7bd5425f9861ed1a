from __future__ import annotations

from pathlib import Path

import pytest

from undercut.core.errors import ConfigError
from undercut.core.tabular import Columns, guess_columns, open_rows
from undercut.core.tabular.rows import RowStream

LONG = [f"a rather long sentence about matter number {i}" for i in range(20)]


def stream(folder: Path, header: str, rows: list[str]) -> RowStream:
    path = folder / "a.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return open_rows(path)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("text,label", Columns("text", "label")),
        ("id,Text,LABEL,label_name", Columns("Text", "LABEL")),
        ("Utterance,intent", Columns("Utterance", "intent")),
        ("评论,标签", Columns("评论", "标签")),
        ("label,text,category", Columns("text", "label")),
    ],
)
def test_names_decide(tmp_path: Path, header: str, expected: Columns) -> None:
    row = ",".join("x" for _ in header.split(","))
    assert guess_columns(stream(tmp_path, header, [row] * 3)) == expected


def test_content_decides_where_names_do_not(tmp_path: Path) -> None:
    rows = [f"{i},{text},{'no' if i % 3 else 'yes'}" for i, text in enumerate(LONG)]
    assert guess_columns(stream(tmp_path, "nr,what,urgent", rows)) == Columns("what", "urgent")


def test_two_candidates_are_no_answer(tmp_path: Path) -> None:
    rows = [f"{text},{text} again,{i % 2}" for i, text in enumerate(LONG)]
    found = stream(tmp_path, "first,second,flag", rows)
    with pytest.raises(ConfigError, match="columns found: 'first', 'second', 'flag'") as caught:
        guess_columns(found)
    assert "--text-column" in str(caught.value)
    assert guess_columns(found, text_column="second") == Columns("second", "flag")


def test_a_label_is_not_needed_to_predict(tmp_path: Path) -> None:
    found = stream(tmp_path, "id,text", [f"{i},{text}" for i, text in enumerate(LONG)])
    assert guess_columns(found, require_label=False) == Columns("text", None)
    with pytest.raises(ConfigError, match="which column holds the label"):
        guess_columns(found)


def test_stated_columns_must_exist_and_differ(tmp_path: Path) -> None:
    found = stream(tmp_path, "text,label", ["a,x"])
    with pytest.raises(ConfigError, match=r"no column 'Label'(.|\n)*did you mean 'label'"):
        guess_columns(found, label_column="Label")
    with pytest.raises(ConfigError, match="must differ"):
        guess_columns(found, text_column="text", label_column="text")
