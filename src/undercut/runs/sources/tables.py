"""Tables in files: every format of the main job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from undercut.build.data.documents import Origin, Record, Unreadable
from undercut.core.tabular import RowProblem, RowStream, guess_columns, open_rows
from undercut.runs.sources.cells import Roles, document_of, roles_of
from undercut.runs.sources.config import SourceConfig
from undercut.runs.sources.page_reader import PageReader


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReader:
    """One table. source: the address the user gave. inside: the file in a folder or an archive."""

    stream: RowStream
    roles: Roles
    source: str
    inside: str
    config: SourceConfig

    def records(self, pages: PageReader) -> Iterator[Record]:
        unit = "record" if self.stream.encoding is None else "line"
        before = f"{self.inside} {unit}" if self.inside else unit
        for row in self.stream.select(self.roles.names):
            place = f"{before} {row.line}"
            if isinstance(row, RowProblem):
                yield Unreadable(Origin(self.source, place), row.what)
            else:
                yield document_of(
                    row.values, self.roles, source=self.source, place=place, config=self.config
                )


def open_table(path: Path, *, source: str, inside: str, config: SourceConfig) -> TableReader:
    """Settle format, encoding and columns. Raises InputError or ConfigError."""
    stream = open_rows(path, split=config.split, encoding=config.encoding, limits=config.limits)
    columns = guess_columns(
        stream,
        text_column=config.text_column,
        label_column=config.label_column,
        require_label=False,
    )
    roles = roles_of(columns.text, columns.label, config, stream.columns)
    stream.select(roles.names)  # a column that is not there is told before the first row
    return TableReader(stream=stream, roles=roles, source=source, inside=inside, config=config)
