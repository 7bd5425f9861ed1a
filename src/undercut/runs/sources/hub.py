"""Data sets of the Hugging Face hub, `hf:NAME` or `hf:NAME/CONFIG` of a name, streamed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from undercut.build.data.documents import Record
from undercut.core.errors import InputError, MissingExtraError
from undercut.core.tabular.columns import guess_columns
from undercut.core.tabular.rows import Cell, Row, RowStream, checked_columns
from undercut.runs.sources.cells import Roles, document_of, roles_of
from undercut.runs.sources.config import SourceConfig
from undercut.runs.sources.page_reader import PageReader

_SAMPLE_ROWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HubReader:
    """One split, row by row; nothing is downloaded before it is read."""

    rows: Any
    roles: Roles
    class_names: Mapping[str, tuple[str, ...]]
    source: str
    config: SourceConfig

    def records(self, pages: PageReader) -> Iterator[Record]:
        for number, row in enumerate(self.rows, start=1):
            cells = [self._named(name, row.get(name)) for name in self.roles.names]
            yield document_of(
                cells, self.roles, source=self.source, place=f"record {number}", config=self.config
            )

    def _named(self, column: str, cell: Cell) -> Cell:
        names = self.class_names.get(column)
        if names is None or not isinstance(cell, int):
            return cell
        return names[cell] if 0 <= cell < len(names) else None


def open_hub(address: str, *, config: SourceConfig) -> tuple[HubReader, int | None]:
    """`hf:NAME`, with `SourceConfig.split` ("train" by default); scripts of a set are never run.

    Returns the reader and the number of rows where the hub states it.
    Raises MissingExtraError without `datasets`, InputError where the hub refuses.
    """
    try:
        datasets = importlib.import_module("datasets")
    except ModuleNotFoundError as error:
        raise MissingExtraError("datasets", "hub", "reading data sets of the hub") from error
    name, _, subset = address.removeprefix("hf:").partition(":")
    split = config.split or "train"
    try:
        rows = datasets.load_dataset(name, subset or None, split=split, streaming=True)
        sample = [dict(row) for row in islice(rows, _SAMPLE_ROWS)]
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"cannot be loaded: {str(error)[:300]}", file=address) from None
    if not sample:
        raise InputError(f"the split {split!r} holds no rows", file=address)
    columns = checked_columns(list(sample[0]), source=address, most=config.columns)
    roles = _roles(columns, sample, address, config)
    info = getattr(getattr(rows, "info", None), "splits", None) or {}
    total = getattr(info.get(split), "num_examples", None)
    reader = HubReader(
        rows=rows,
        roles=roles,
        class_names=_class_names(getattr(rows, "features", None)),
        source=address,
        config=config,
    )
    return reader, total


def _roles(
    columns: tuple[str, ...], sample: list[dict[str, Cell]], source: str, config: SourceConfig
) -> Roles:
    stream = RowStream(
        source=source,
        format="hub",
        columns=columns,
        encoding=None,
        rows_at_most=len(sample),
        reader=_Sample(columns, sample),
    )
    found = guess_columns(
        stream,
        text_column=config.text_column,
        label_column=config.label_column,
        require_label=False,
    )
    return roles_of(found.text, found.label, config, columns)


@dataclass(frozen=True, slots=True)
class _Sample:
    columns: tuple[str, ...]
    cells: list[dict[str, Cell]]
    encoding: None = None
    rows_at_most: None = None
    arrow_schema: None = None

    def rows(self, positions: tuple[int, ...]) -> Iterator[Row]:
        for number, row in enumerate(self.cells, start=1):
            yield Row(number, tuple(row.get(self.columns[p]) for p in positions))


def _class_names(features: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(features, Mapping):
        return {}
    return {
        str(name): tuple(map(str, feature.names))
        for name, feature in features.items()
        if isinstance(getattr(feature, "names", None), list)
    }
