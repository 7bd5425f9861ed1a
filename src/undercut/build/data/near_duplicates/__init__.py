"""Texts that say the same, exactly or nearly, in groups."""

from undercut.build.data.near_duplicates.config import NearDuplicateConfig
from undercut.build.data.near_duplicates.finder import NearDuplicateFinder, near_duplicates
from undercut.build.data.near_duplicates.result import Group, NearDuplicates, Pairs
from undercut.build.data.near_duplicates.sketch import Sketches, chosen, joined, signatures
from undercut.build.data.near_duplicates.vectors import near_vectors

__all__ = [
    "Group",
    "NearDuplicateConfig",
    "NearDuplicateFinder",
    "NearDuplicates",
    "Pairs",
    "Sketches",
    "chosen",
    "joined",
    "near_duplicates",
    "near_vectors",
    "signatures",
]
