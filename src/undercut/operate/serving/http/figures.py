"""Figures that other rooms contribute to `/metrics`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One number at the moment of the scrape.

    name: without the prefix `undercut_`; a counter's without `_total`. Labels hold no texts and
    no secrets.
    """

    name: str
    help: str
    value: float
    kind: Literal["gauge", "counter"] = "gauge"
    labels: Mapping[str, str] = field(default_factory=dict)


FigureSource = Callable[[], Iterable[Figure]]
