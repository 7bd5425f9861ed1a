"""Every place that texts come from, opened the same way: `open_source`.

Names are loaded on use: the reading processes start here too and need next to nothing of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from undercut.runs.sources.config import SourceConfig, ZipLimits
    from undercut.runs.sources.open import open_source

__all__ = ["SourceConfig", "ZipLimits", "open_source"]

_HOMES = {"SourceConfig": "config", "ZipLimits": "config", "open_source": "open"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
