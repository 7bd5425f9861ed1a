"""What gathers while a thread is busy goes together: in order, bounded, none lost at the end."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.core.errors import BooksUnavailableError
from undercut.operate.metering.gathering import Gathering


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 7))
def test_every_item_comes_once_in_order_in_groups_of_bounded_size(
    sizes: list[int], most: int
) -> None:
    gathering: Gathering[int] = Gathering(most=most)
    put = 0
    for size in sizes:
        gathering.put_all(range(put, put + size))
        put += size
    gathering.close()
    groups = []
    while (group := gathering.take()) is not None:
        assert 0 < len(group) <= most
        groups.append(group)
    assert [item for group in groups for item in group] == list(range(put))
    # all but the last are full: nothing waits that could have gone
    assert all(len(group) == most for group in groups[:-1])


def test_nothing_is_taken_after_the_end() -> None:
    gathering: Gathering[int] = Gathering()
    gathering.put(1)
    gathering.close()
    gathering.close()
    with pytest.raises(BooksUnavailableError):
        gathering.put_all([2, 3])
    assert gathering.take() == [1]


def test_many_threads_lose_nothing() -> None:
    gathering: Gathering[tuple[int, int]] = Gathering(most=5)
    seen: list[tuple[int, int]] = []

    def take() -> None:
        while (group := gathering.take()) is not None:
            seen.extend(group)

    def put(thread: int) -> None:
        for number in range(0, 600, 3):
            gathering.put_all([(thread, number + more) for more in range(3)])

    taker = threading.Thread(target=take)
    taker.start()
    putters = [threading.Thread(target=put, args=(thread,)) for thread in range(4)]
    for putter in putters:
        putter.start()
    for putter in putters:
        putter.join()
    gathering.close()
    taker.join()
    for thread in range(4):
        assert [number for who, number in seen if who == thread] == list(range(600))
