"""Near-duplicates from texts that come in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from undercut.build.data.near_duplicates.config import NearDuplicateConfig
from undercut.build.data.near_duplicates.join import join
from undercut.build.data.near_duplicates.result import NearDuplicates
from undercut.build.data.near_duplicates.sketch import Sketches, joined, signatures
from undercut.core.errors import InputError
from undercut.models.threads import available_cores, map_blocks

_BATCH = 65_536
_BLOCK_TEXTS = 4_096
_BLOCK_CHARACTERS = 1 << 19  # the arrays of a block then stay near the processor


def near_duplicates(
    texts: Iterable[str], config: NearDuplicateConfig | None = None, *, threads: int | None = None
) -> NearDuplicates:
    """Groups of texts that are the same after normalising or nearly the same.

    texts: read once, 65,536 at a time; none is kept. About 500 bytes are kept of a short text,
    at most 5 KB of a long one. The result depends on neither batches nor threads.
    Raises InputError for what is not a string.
    Source: Broder 1997; Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, chapter 3.
    """
    finder = NearDuplicateFinder(config, threads=threads)
    rest = iter(texts)
    while batch := list(islice(rest, _BATCH)):
        finder.add(batch)
    return finder.groups()


class NearDuplicateFinder:
    """The same for texts that come in batches: `add` them, then ask for the `groups`."""

    def __init__(
        self, config: NearDuplicateConfig | None = None, *, threads: int | None = None
    ) -> None:
        self._config = config or NearDuplicateConfig()
        self._threads = threads or available_cores()
        self._parts: list[Sketches] = []
        self._rows = 0

    def __len__(self) -> int:
        """Texts seen so far."""
        return self._rows

    def add(self, texts: Sequence[str]) -> None:
        """Read texts; their rows count on from those read before.

        Raises InputError for what is not a string.
        """
        for i, text in enumerate(texts):
            if not isinstance(text, str):
                raise InputError(
                    f"row {self._rows + i} is a {type(text).__name__}; expected a text",
                    hint="drop rows without a text first",
                )
        self._parts += map_blocks(
            lambda block: signatures(block, self._config), _blocks(texts), threads=self._threads
        )
        self._rows += len(texts)

    def groups(self) -> NearDuplicates:
        """Groups of all texts added so far; more may be added afterwards."""
        if not self._parts:
            self._parts.append(signatures([], self._config))
        self._parts = [joined(self._parts, threads=self._threads)]
        return join(self._parts[0], self._config, threads=self._threads)


def _blocks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    ends = np.cumsum(lengths)
    start = 0
    while start < len(texts):
        before = int(ends[start] - lengths[start])
        stop = int(np.searchsorted(ends, before + _BLOCK_CHARACTERS, side="right"))
        stop = min(max(stop, start + 1), start + _BLOCK_TEXTS)
        yield texts[start:stop]
        start = stop
