"""undercut: from a labelled file to the cheapest certified model plan.

>>> import undercut  # doctest: +SKIP
>>> undercut.clean(undercut.CleanConfig(sources=("tickets.csv", "crawl/"), out="clean"))
>>> report = undercut.run("tickets.csv", keep=0.99, out="out")
>>> undercut.load("out/plan").predict(["my card was declined"])

>>> undercut.Client("http://127.0.0.1:8700").predict("my card was declined")

The names load what they need on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from undercut.client import AsyncClient, Client
    from undercut.models.plan import load_plan as load
    from undercut.runs.cleaning.config import CleanConfig
    from undercut.runs.cleaning.job import clean
    from undercut.runs.config import RunConfig
    from undercut.runs.front_door import run

__version__ = "0.1.0"
__all__ = [
    "AsyncClient",
    "CleanConfig",
    "Client",
    "RunConfig",
    "__version__",
    "clean",
    "load",
    "run",
]

_PLACES = {
    "AsyncClient": ("undercut.client", "AsyncClient"),
    "Client": ("undercut.client", "Client"),
    "CleanConfig": ("undercut.runs.cleaning.config", "CleanConfig"),
    "clean": ("undercut.runs.cleaning.job", "clean"),
    "RunConfig": ("undercut.runs.config", "RunConfig"),
    "load": ("undercut.models.plan", "load_plan"),
    "run": ("undercut.runs.front_door", "run"),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PLACES[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
