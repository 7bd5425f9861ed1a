"""The rows of a run between its stages: which parts, and which deltas lie over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from undercut.runs.cleaning.parts import Part
from undercut.runs.stages import Made


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What reading a source told: records, those unreadable, those with a label, characters."""

    records: int
    unreadable: int
    labelled: int
    characters: int


@dataclass(frozen=True, slots=True)
class SourceRows:
    """One source's rows.

    address: as the user gave it. name: short, unique in the run, for stages. test: it only says
    what must not be in the result. made: the stage that these rows stand after. steps: names of
    the steps done, one for each delta of the parts.
    """

    number: int
    address: str
    name: str
    test: bool
    facts: SourceFacts
    made: Made
    parts: tuple[Part, ...]
    steps: tuple[str, ...] = ()

    def after(self, step: str, made: Made, delta: Path) -> SourceRows:
        """The rows after a step that left its deltas in a folder."""
        parts = tuple(part.after(delta) for part in self.parts)
        return replace(self, made=made, parts=parts, steps=(*self.steps, step))


@dataclass(frozen=True, slots=True)
class Rows:
    """All sources of a run, those of the result first, the test source last."""

    sources: tuple[SourceRows, ...]

    @property
    def kept_sources(self) -> tuple[SourceRows, ...]:
        """The sources whose rows make the result."""
        return tuple(source for source in self.sources if not source.test)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the result, in order."""
        return tuple(part for source in self.kept_sources for part in source.parts)

    @property
    def test_parts(self) -> tuple[Part, ...]:
        """The parts of the test source."""
        return tuple(part for source in self.sources if source.test for part in source.parts)

    @property
    def count(self) -> int:
        """Records of the result's sources, test rows not counted."""
        return sum(source.facts.records for source in self.kept_sources)

    @property
    def all_count(self) -> int:
        """Records of all sources."""
        return sum(source.facts.records for source in self.sources)

    def inputs(self) -> dict[str, Made]:
        """What a stage over all rows is made from."""
        return {f"{source.number:03d}": source.made for source in self.sources}

    def after(self, step: str, made: Made) -> Rows:
        """The rows after a step over all of them."""
        return Rows(
            tuple(
                source.after(step, made, delta_folder(made.path, source.number))
                for source in self.sources
            )
        )

    def replaced(self, sources: Mapping[int, SourceRows]) -> Rows:
        """The rows with some sources a step further."""
        return Rows(tuple(sources.get(source.number, source) for source in self.sources))


def delta_folder(folder: Path, source: int) -> Path:
    """Where a step over all rows leaves the deltas of one source."""
    return folder / f"{source:03d}"
