from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from undercut.core.errors import InputError
from undercut.core.tabular import Limits, Row, RowProblem, open_rows


def save(folder: Path, text: str, name: str = "a.jsonl") -> Path:
    path = folder / name
    data = text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def test_columns_are_the_keys_in_order_of_appearance(tmp_path: Path) -> None:
    path = save(tmp_path, '{"text": "a", "n": 1}\r\n\r\n{"label": null, "text": "b\u2028c"}\n')
    stream = open_rows(path)
    assert stream.columns == ("text", "n", "label")
    assert list(stream) == [Row(1, ("a", 1, None)), Row(3, ("b\u2028c", None, None))]


def test_gzipped_and_emoji(tmp_path: Path) -> None:
    path = save(tmp_path, '{"text": "好 \\ud83d\\udc4d 👍"}', "a.jsonl.gz")
    assert list(open_rows(path)) == [Row(1, ("好 👍 👍",))]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"text": "a"', "not valid JSON"),
        ("[1, 2]", "a JSON array, expected an object"),
        ('"words"', "a JSON string, expected an object"),
        ('{"text": NaN}', "NaN is not a JSON number"),
        ('{"text": "\\ud800"}', "half of a surrogate pair"),
        ('{"text": "a\\u0000b"}', "NUL"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_a_broken_line_does_not_stop_the_rest(tmp_path: Path, line: str, what: str) -> None:
    path = save(tmp_path, '{"text": "a"}\n' + line + '\n{"text": "b"}\n')
    first, problem, last = open_rows(path)
    assert (first, last) == (Row(1, ("a",)), Row(3, ("b",)))
    assert isinstance(problem, RowProblem)
    assert problem.line == 2
    assert what in problem.what


def test_a_key_that_comes_late_is_reported_unless_columns_are_chosen(tmp_path: Path) -> None:
    path = save(tmp_path, '{"text": "a"}\n' * 1_000 + '{"text": "b", "late": 1}\n')
    assert list(open_rows(path))[-1] == RowProblem(
        1001, "key 'late' is in none of the first records"
    )
    path = save(tmp_path, '{"text": "a", "id": 0}\n' * 1_000 + '{"text": "b", "late": 1}\n')
    assert list(open_rows(path, columns=["text"]))[-1] == Row(1001, ("b",))


def test_one_huge_line_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, '{"text": "a"}\n' + "x" * 5_000)
    with pytest.raises(InputError, match=r"a\.jsonl:2: a line longer than 1000"):
        open_rows(path, limits=Limits(record_characters=1_000))


def test_no_object_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r":1: no line holds a JSON object: a JSON array"):
        open_rows(save(tmp_path, '[{"text": "a"}]', "a.json"))
