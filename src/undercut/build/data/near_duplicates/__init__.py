"""Texts that say the same, exactly or nearly, in groups."""

from undercut.build.data.near_duplicates.config import NearDuplicateConfig
from undercut.build.data.near_duplicates.finder import NearDuplicateFinder, near_duplicates
from undercut.build.data.near_duplicates.result import Group, NearDuplicates, Pairs

__all__ = [
    "Group",
    "NearDuplicateConfig",
    "NearDuplicateFinder",
    "NearDuplicates",
    "Pairs",
    "near_duplicates",
]
