"""Every format carries everything, whatever stands in it."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.build.labels.workers import Answer, Ask
from undercut.core.errors import ConfigError, InputError
from undercut.core.money import Money
from undercut.runs.labelling.formats import (
    Format,
    Suggestion,
    Task,
    read_answers,
    read_tasks,
    recognise_format,
    write_task_list,
    write_tasks,
)
from undercut.runs.labelling.formats.files import SUFFIXES

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
_NAME = _TEXT.filter(lambda text: text.strip() == text and bool(text.strip()))
_FIELD = st.one_of(
    _TEXT, st.just(""), st.integers(-9, 9), st.booleans(), st.none(), st.lists(_TEXT, max_size=2)
)
_FIELDS = st.dictionaries(
    st.one_of(_NAME, st.sampled_from(["id", "label", "answers", "note", "task", "undercut_x"])),
    _FIELD,
    max_size=3,
)
_MONEY = st.one_of(st.none(), st.integers(0, 10**6).map(lambda n: Money(Decimal(n) / 10**4, "USD")))
_SHARE = st.one_of(st.none(), st.floats(0, 1))


@st.composite
def _answers(draw: st.DrawFn, item: str) -> Answer:
    return Answer(
        item=item,
        worker=draw(_NAME),
        label=draw(st.one_of(st.none(), _NAME)),
        cost=draw(_MONEY),
        probability=draw(_SHARE),
        seconds=draw(st.one_of(st.none(), st.floats(0, 1e6))),
        note=draw(st.one_of(st.just(""), _NAME)),
        reference=draw(st.one_of(st.just(""), _NAME)),
    )


@st.composite
def _tasks(draw: st.DrawFn) -> list[Task]:
    items = draw(st.lists(_NAME, max_size=3, unique=True))
    return [
        Task(
            ask=Ask(item, draw(_TEXT)),
            suggestions=tuple(
                Suggestion(label, draw(_SHARE), draw(_NAME))
                for label in draw(st.lists(_NAME, max_size=2))
            ),
            answers=tuple(draw(st.lists(_answers(item), max_size=3))),
            fields=draw(_FIELDS),
        )
        for item in items
    ]


def _content(tasks: list[Task]) -> list[tuple[object, ...]]:
    return [(one.ask, one.suggestions, one.answers, dict(one.fields)) for one in tasks]


# The same tasks through all formats: they take longer to think up than to write and read.
@given(tasks=_tasks())
@settings(max_examples=40, deadline=None)
def test_a_round_trip_loses_nothing(tasks: list[Task]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for format in Format:
            check_round_trip(Path(folder) / f"{format}{SUFFIXES[format]}", tasks, format)


def check_round_trip(path: Path, tasks: list[Task], format: Format) -> None:
    write_task_list(path, tasks, classes=["a", "b"], format=format)
    back = read_tasks(path, format=format)
    assert _content(back) == _content(tasks), format
    # and again, now that the records have an origin, with one more answer
    more = [
        Task(
            one.ask,
            one.suggestions,
            (*one.answers, Answer(one.ask.item, "late", "a", None)),
            one.fields,
            one.origin,
        )
        for one in back
    ]
    write_task_list(path, more, classes=["a", "b"], format=format)
    assert _content(read_tasks(path, format=format)) == _content(more), format


@pytest.mark.parametrize("format", Format)
def test_what_goes_out_is_recognised_coming_back(format: Format, tmp_path: Path) -> None:
    path = tmp_path / f"tasks{SUFFIXES[format]}"
    asks = [Ask("t1", "卡丢了，怎么办？\n第二行"), Ask("t2", 'a "quoted", text')]
    write_tasks(
        path,
        asks,
        classes=["lost", "other"],
        format=format,
        preannotations={"t1": Suggestion("lost", 0.75, "rules")},
    )
    if format != Format.MTURK:  # what a batch is made from is any table; its results are not
        assert recognise_format(path) == format
    back = read_tasks(path, format=format)
    assert [one.ask for one in back] == asks
    assert back[0].suggestions == (Suggestion("lost", 0.75, "rules"),)
    assert read_answers(path, format=format) == []


def test_unknown_formats_and_repeated_items_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown format 'excel'"):
        write_tasks(tmp_path / "x.csv", [], classes=["a"], format="excel")
    with pytest.raises(InputError, match="two tasks"):
        write_tasks(tmp_path / "x.csv", [Ask("1", "x")] * 2, classes=["a"], format="csv")
