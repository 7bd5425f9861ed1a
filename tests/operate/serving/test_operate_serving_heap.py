"""What a process holds from its start on costs no later collection anything."""

from __future__ import annotations

import gc

from undercut.operate.serving.heap import settle_heap


def test_what_is_held_when_the_heap_settles_is_not_looked_through_again() -> None:
    held = [[number] for number in range(1000)]
    assert any(one is held for one in gc.get_objects())
    try:
        settle_heap()
        assert not any(one is held for one in gc.get_objects())
        assert gc.get_freeze_count() >= len(held)
    finally:
        gc.unfreeze()
