"""Integer hash functions over whole arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def mix_32(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A bijection of 32-bit integers whose every output bit depends on every input bit.

    Source: the finaliser of MurmurHash3 (Appleby 2011).
    """
    mixed = values ^ (values >> np.uint32(16))
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return mixed


def mix_64(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The same for 64 bits. Source: SplitMix64 (Steele, Lea & Flood 2014)."""
    mixed = values ^ (values >> np.uint64(30))
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
