"""How many threads to use, and how to run blocks on them in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Block = TypeVar("Block")
Result = TypeVar("Result")


def available_cores() -> int:
    """Cores this process may use (respects CPU affinity, as containers set it)."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def map_blocks(
    function: Callable[[Block], Result], blocks: Iterable[Block], *, threads: int
) -> list[Result]:
    """Apply `function` to every block, results in order, on up to `threads` threads.

    Threads pay because numpy, tokenizers and onnxruntime release the interpreter lock.
    """
    work = list(blocks)
    if threads <= 1 or len(work) <= 1:
        return [function(block) for block in work]
    with ThreadPoolExecutor(max_workers=min(threads, len(work))) as pool:
        return list(pool.map(function, work))
