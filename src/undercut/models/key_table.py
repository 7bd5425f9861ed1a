"""Which row belongs to a 64-bit key: an open-addressing hash table read by whole arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undercut.core.dataset import IntArray

KeyArray = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SLOTS_PER_KEY = 4


class KeyTable:
    """Positions of distinct keys, found for a million queries in a handful of numpy calls.

    Fibonacci hashing into a power-of-two table at a load of at most 1/4, linear probing.
    Source: Knuth, The Art of Computer Programming 3, section 6.4.
    """

    def __init__(self, keys: KeyArray) -> None:
        """keys: (n,) distinct uint64; key i is found as position i."""
        bits = max(4, (len(keys) * _SLOTS_PER_KEY).bit_length())
        self.keys = keys
        self._shift = np.uint64(64 - bits)
        self._mask = (1 << bits) - 1
        self._slots = np.full(1 << bits, -1, dtype=np.int64)
        # A query that meets an empty slot compares with this stand-in and is told -1 either way.
        self._padded = np.append(keys, np.uint64(0))
        self._insert()

    def __len__(self) -> int:
        return len(self.keys)

    def find(self, queries: KeyArray) -> IntArray:
        """Positions of the queries, (m,) int64; -1 where a query is no key."""
        home = self._home(queries)
        found = self._slots[home]
        # Most queries end here: hit, or empty slot. The rest walk on to the next slot.
        stray = np.flatnonzero((self._padded[found] != queries) & (found >= 0))
        while len(stray):
            home[stray] = (home[stray] + 1) & self._mask
            found[stray] = self._slots[home[stray]]
            step = found[stray]
            stray = stray[(self._padded[step] != queries[stray]) & (step >= 0)]
        return found

    def _home(self, queries: KeyArray) -> IntArray:
        return ((queries * _GOLDEN) >> self._shift).astype(np.int64)

    def _insert(self) -> None:
        waiting = np.arange(len(self.keys), dtype=np.int64)
        slot = self._home(self.keys)
        while len(waiting):
            empty = self._slots[slot] < 0
            self._slots[slot[empty]] = waiting[empty]  # of rivals for one slot the last one stays
            lost = self._slots[slot] != waiting
            waiting, slot = waiting[lost], (slot[lost] + 1) & self._mask
