"""Frames: what goes in comes out, and nothing else gets through."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.operate.serving.engine import frames
from undercut.operate.serving.engine.stage_batch import StageBatch, StageOutcome

CLASSES = 3
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)  # surrogates among them


@given(st.lists(ANY_TEXT, max_size=20), st.integers(1, 3), st.integers(1, 2**32 - 1))
def test_batches_survive(texts: list[str], top: int, number: int) -> None:
    known = {
        name: np.random.default_rng(seed).random((len(texts), CLASSES), dtype=np.float32)
        for seed, name in enumerate(("a", "b"))
    }
    frame = frames.write_batch(number, StageBatch(1, top, texts, known))
    assert frames.body_length(frame) == len(frame) - 4
    body = frame[4:]
    assert frames.kind_and_number(body) == (frames.BATCH, number)
    back = frames.read_batch(body, [(), ("a", "b")], CLASSES)
    assert (back.stage, back.top, list(back.texts)) == (1, top, texts)
    for name, values in known.items():
        assert np.array_equal(back.known[name], values)


@given(st.lists(st.booleans(), max_size=20), st.integers(1, CLASSES))
def test_outcomes_survive(done: list[bool], top: int) -> None:
    random = np.random.default_rng(1)
    answered = sum(done)
    outcome = StageOutcome(
        done=np.array(done, dtype=np.bool_),
        classes=random.integers(0, CLASSES, (answered, top)).astype(np.int32),
        probabilities=random.random((answered, top), dtype=np.float32),
        known={"a": random.random((len(done) - answered, CLASSES), dtype=np.float32)},
        seconds=0.25,
        cpu_seconds=0.125,
    )
    back = frames.read_outcome(frames.write_outcome(7, outcome)[4:], ["a"], CLASSES)
    assert np.array_equal(back.done, outcome.done)
    assert np.array_equal(back.classes, outcome.classes)
    assert np.array_equal(back.probabilities, outcome.probabilities)
    assert np.array_equal(back.known["a"], outcome.known["a"])
    assert (back.seconds, back.cpu_seconds) == (0.25, 0.125)


@given(st.binary(max_size=200))
def test_rubbish_is_a_frame_error_or_an_unreadable_text(body: bytes) -> None:
    for read in (
        lambda: frames.kind_and_number(body),
        lambda: frames.read_batch(body, [(), ("a",)], CLASSES),
        lambda: frames.read_outcome(body, ["a"], CLASSES),
        lambda: frames.read_ready(body),
    ):
        try:
            read()
        except (frames.FrameError, UnicodeDecodeError):
            continue


def test_a_frame_cut_anywhere_is_refused() -> None:
    known = {"a": np.ones((2, CLASSES), dtype=np.float32)}
    body = frames.write_batch(1, StageBatch(1, 1, ["ab", "卡"], known))[4:]
    for end in range(len(body)):
        with pytest.raises((frames.FrameError, UnicodeDecodeError)):
            frames.read_batch(body[:end], [(), ("a",)], CLASSES)


def test_a_frame_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(frames.FrameError):
        frames.body_length(b"\xff\xff\xff\xff")
