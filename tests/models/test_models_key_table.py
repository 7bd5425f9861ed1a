"""The hash table finds every key it holds and nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.models.key_table import KeyTable

KEYS = st.integers(0, 2**64 - 1)


@settings(deadline=None)
@given(st.lists(KEYS, unique=True, max_size=300), st.lists(KEYS, max_size=100))
def test_finds_what_a_dict_finds(keys: list[int], others: list[int]) -> None:
    table = KeyTable(np.array(keys, dtype=np.uint64))
    expected = {key: i for i, key in enumerate(keys)}
    queries = [*keys, *others, 0, 2**64 - 1]
    found = table.find(np.array(queries, dtype=np.uint64))
    assert found.tolist() == [expected.get(query, -1) for query in queries]


def test_keys_that_share_one_slot_are_all_found() -> None:
    rng = np.random.default_rng(0)
    drawn = np.unique(rng.integers(0, 2**63, 200_000).astype(np.uint64))
    home = KeyTable(drawn[:100])._home(drawn)
    crowded = drawn[home == np.bincount(home).argmax()][:100]
    table = KeyTable(crowded)
    assert table.find(crowded).tolist() == list(range(100))
    assert (table.find(drawn[home != home[0]][:50]) < 100).all()


def test_empty_table_and_empty_query() -> None:
    none = np.zeros(0, dtype=np.uint64)
    assert KeyTable(none).find(np.array([0, 7], dtype=np.uint64)).tolist() == [-1, -1]
    assert KeyTable(np.array([3], dtype=np.uint64)).find(none).shape == (0,)
