from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.build.data import CleanConfig, Table, clean
from undercut.build.data.keys import exact_key, loose_key
from undercut.core.errors import InputError
from undercut.core.tabular import RowProblem

SMALL = CleanConfig(least_rows=1)
BASE = [("one", "x"), ("two", "y"), ("three", "x"), ("four", "y")]


def table(rows: Sequence[tuple[str, str | int | float | None]], *, problems: int = 0) -> Table:
    return Table(
        source="mine.csv",
        encoding="utf-8",
        text_column="text",
        label_column="label",
        texts=tuple(text for text, _ in rows),
        labels=tuple(label for _, label in rows),
        lines=np.arange(2, len(rows) + 2),
        problems=tuple(RowProblem(i, "broken") for i in range(problems)),
        problem_count=problems,
    )


def cleaned(
    rows: Sequence[tuple[str, str | int | float | None]], config: CleanConfig = SMALL
) -> tuple[list[tuple[str, str]], dict[str, int]]:
    result = clean(table(rows), config=config).train
    data = result.dataset
    kept = [(text, data.classes[i]) for text, i in zip(data.texts, data.labels, strict=True)]
    return kept, {finding.rule: finding.count for finding in result.report.findings}


def test_clean_rows_pass_untouched() -> None:
    assert cleaned(BASE) == (BASE, {})


def test_exact_duplicates_collapse_to_their_first_row() -> None:
    rows = [*BASE, ("  one\n", "x"), ("cafe\u0301", "y"), ("caf\u00e9", "y"), ("One", "x")]
    kept, found = cleaned(rows)
    assert kept == [*BASE, ("cafe\u0301", "y"), ("One", "x")]
    assert found == {"exact_duplicate": 2}


def test_conflicts_keep_the_majority_and_drop_ties() -> None:
    rows = [*BASE, ("m", "x"), ("m ", "y"), ("m", "x"), ("t", "x"), ("t", "y")]
    kept, found = cleaned(rows)
    assert kept == [*BASE, ("m", "x")]
    assert found == {"conflicting_label": 1, "tied_conflicting_label": 2, "exact_duplicate": 1}


def test_empty_and_unlabelled_rows_are_dropped() -> None:
    rows = [*BASE, ("", "x"), (" \n\t", "y"), ("\u200b\ufeff", "x"), ("a", None), ("b", " ")]
    kept, found = cleaned([*rows, ("c", float("nan")), ("👍", "x")])
    assert kept == [*BASE, ("👍", "x")]
    assert found == {"empty_text": 3, "missing_label": 3}


def test_a_megabyte_of_text_is_cut_and_told() -> None:
    kept, found = cleaned([*BASE, ("z" * 1_000_000, "x")])
    assert len(kept[-1][0]) == 20_000
    assert found == {"long_text": 1}


@pytest.mark.parametrize(
    ("labels", "names", "changed"),
    [
        (["1.0", "2.0", "1.0", "2.0"], ["1", "2", "1", "2"], 4),
        ([1.0, 2.0, 1.0, 2.0], ["1", "2", "1", "2"], 4),
        (["0", "2.0", "2", "-0.0"], ["0", "2", "2", "0"], 2),
        ([1, 2, 1, 2], ["1", "2", "1", "2"], 0),
        ([True, False, True, False], ["true", "false", "true", "false"], 0),
        (["1.0", "spam", "1.0", "spam"], ["1.0", "spam", "1.0", "spam"], 0),
    ],
)
def test_labels_written_as_numbers(
    labels: list[str | int | float], names: list[str], changed: int
) -> None:
    rows = [(text, label) for (text, _), label in zip(BASE, labels, strict=True)] * 2
    kept, found = cleaned(rows)
    assert [name for _, name in kept] == names
    assert found.get("whole_number_label", 0) == 2 * changed


def test_fractions_look_like_a_regression_target() -> None:
    with pytest.raises(InputError, match="looks like a regression target"):
        cleaned([("a", "1.0"), ("b", "2.5"), ("c", "1"), ("d", "2")])


def test_train_loses_what_test_holds_and_test_keeps_its_duplicates() -> None:
    test = table([("One!", "x"), ("new", "x"), ("new", "x"), ("odd", "never seen")])
    result = clean(table([*BASE, ("five", "x")]), test=test, config=SMALL)
    assert result.train.dataset.texts == ("two", "three", "four", "five")
    assert result.test is not None
    assert result.test.dataset.texts == ("One!", "new", "new")
    assert result.test.dataset.classes == result.train.dataset.classes == ("x", "y")
    assert [f.rule for f in result.train.report.findings] == ["also_in_test"]
    assert [f.rule for f in result.test.report.findings] == ["class_not_in_train"]


def test_labels_of_train_and_test_are_written_alike() -> None:
    train = table([(text, 1 if label == "x" else 0) for text, label in BASE])
    result = clean(train, test=table([("other", "1.0")]), config=SMALL)
    assert result.test is not None
    assert result.test.dataset.labels.tolist() == [1]


def test_too_few_rows_one_class_and_identifiers_are_refused() -> None:
    ten = [(f"text {i}", "xy"[i % 2]) for i in range(10)]
    with pytest.raises(InputError, match=r"mine\.csv: 10 usable rows; at least 20 are needed"):
        clean(table(ten))
    with pytest.raises(InputError, match=r"one class only \('x'\) after cleaning \(1 empty text"):
        cleaned([("a", "x"), ("b", "x"), ("", "y")])
    with pytest.raises(InputError, match="30 different labels in 30 rows: this looks like an id"):
        clean(table([(f"text {i}", str(i)) for i in range(30)]))
    with pytest.raises(InputError, match="no test row is usable: 1 class not in train"):
        clean(table(BASE), test=table([("other", "z")]), config=SMALL)


def test_the_report_is_json_with_lines_and_short_examples() -> None:
    rows = [*BASE, ("w" * 500, "x"), ("w" * 500, "x"), ("lonely", "z")]
    report = clean(table(rows, problems=3), config=SMALL).train.report
    again = json.loads(json.dumps(report.as_dict()))
    assert (again["rows_read"], again["rows_kept"], again["classes"]) == (10, 6, 3)
    counts = {f["rule"]: f["count"] for f in again["findings"]}
    assert counts == {"unreadable_row": 3, "exact_duplicate": 1, "single_row_class": 1}
    duplicate = again["findings"][1]["examples"][0]
    assert (duplicate["line"], duplicate["label"]) == (7, "x")
    assert len(duplicate["text"]) == 160


def test_keys() -> None:
    assert exact_key("  a\u00a0 b\n") == "a b"
    assert exact_key("A") != exact_key("a")
    assert loose_key("Hello, World!") == loose_key("hello world")
    assert loose_key("好的，谢谢。") == loose_key("好的谢谢")
    assert loose_key("???") == "???"
    assert loose_key("👍") != loose_key("👎")


word = st.text(st.sampled_from("aAb ,é\u0301\n"), max_size=4)


@settings(deadline=None, max_examples=150)
@given(
    rows=st.lists(st.tuples(word, st.sampled_from(["x", "y", "z", "", None])), max_size=30),
    test=st.lists(st.tuples(word, st.sampled_from(["x", "y"])), max_size=8),
)
def test_invariants(rows: list[tuple[str, str | None]], test: list[tuple[str, str | None]]) -> None:
    try:
        result = clean(table(rows), test=table(test) if test else None, config=SMALL)
    except InputError:
        return
    data, report = result.train.dataset, result.train.report
    keys = [exact_key(text) for text in data.texts]
    assert len(set(keys)) == len(keys)
    assert all(keys)
    assert data.classes == tuple(sorted({data.classes[i] for i in data.labels}))
    assert not {loose_key(t) for t in data.texts} & {loose_key(t) for t, _ in test if exact_key(t)}
    dropping = [f for f in report.findings if f.rule != "single_row_class"]
    assert report.rows_read - report.rows_kept == sum(f.count for f in dropping)
    again = [rows[line - 2] for line in data.lines]
    assert again == [(t, data.classes[i]) for t, i in zip(data.texts, data.labels, strict=True)]
