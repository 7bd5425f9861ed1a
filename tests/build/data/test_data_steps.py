"""Steps: what they leave is what they say, one text at a time or many."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from undercut.build.data.steps import Batch, Reason, chain, one_by_one, survivors
from undercut.build.data.text_steps import bounds_step, key_step


def batch(texts: list[str]) -> Batch:
    return Batch(np.arange(10, 10 + len(texts)), texts, [None] * len(texts))


def decide(text: str) -> Reason | tuple[str, tuple[Reason, ...]] | None:
    if "x" in text:
        return Reason("has_x", "x")
    return (text.upper(), (Reason("upper", "letters"),)) if text else None


@given(st.lists(st.text("abxXY ", max_size=5), max_size=20))
def test_rejected_and_left_are_all_there_was(texts: list[str]) -> None:
    before = batch(texts)
    outcome = one_by_one(decide)(before)
    after = survivors(before, outcome)
    gone = {rejection.row for rejection in outcome.rejected}
    assert sorted([*after.rows.tolist(), *gone]) == before.rows.tolist()
    assert list(after.texts) == [text.upper() for text in texts if "x" not in text]
    # A text that a rule leaves as it is has not changed.
    assert all(change.text != texts[change.row - 10] for change in outcome.changed)


def test_a_chain_sees_what_the_steps_before_left() -> None:
    left, outcomes = chain([one_by_one(decide), bounds_step(3)])(batch(["abcdef", "x", "ab"]))
    assert list(left.texts) == ["ABC", "AB"]
    assert [len(outcome.rejected) for outcome in outcomes] == [1, 0]
    assert outcomes[1].changed[0].reasons[0].evidence == "6 characters, cut to 3"


def test_invisible_texts_go() -> None:
    outcome = bounds_step(100)(batch(["", " \u200b", "ok", "\u200b" * 5]))
    assert [rejection.row for rejection in outcome.rejected] == [10, 11, 13]


def test_keys_tell_exact_from_loose() -> None:
    marks = key_step()(batch(["Where is it?", "where is it", "Where  is it?"])).marks
    assert marks is not None
    first, second, third = (str(mark) for mark in marks)
    assert first == third
    assert first[:32] != second[:32]
    assert first[32:] == second[32:]
