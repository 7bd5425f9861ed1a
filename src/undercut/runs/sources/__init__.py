"""Every place that texts come from, opened the same way: `open_source`."""

from undercut.runs.sources.config import SourceConfig, ZipLimits
from undercut.runs.sources.open import open_source

__all__ = ["SourceConfig", "ZipLimits", "open_source"]
