"""Row sums equal the plain loop, for every mix of lengths."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.models.row_sum import sum_rows


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.integers(0, 5), st.integers(60, 200)), min_size=1, max_size=60),
    st.integers(0, 1000),
)
def test_equals_the_plain_loop(lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(50, 4)).astype(np.float32)
    counts = np.array(lengths, dtype=np.int64)
    ids = rng.integers(0, 50, counts.sum())
    ends = np.cumsum(counts)
    expected = [
        table[ids[end - n : end]].astype(np.float64).sum(axis=0)
        for end, n in zip(ends, counts, strict=True)
    ]
    result = sum_rows(table, ids, counts)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, np.stack(expected), atol=1e-4)


def test_nobody_owns_anything() -> None:
    table = np.ones((3, 2), dtype=np.float32)
    none = np.zeros(0, dtype=np.int64)
    for owners in (0, 1, 40):
        result = sum_rows(table, none, np.zeros(owners, dtype=np.int64))
        assert result.shape == (owners, 2)
        assert not result.any()
