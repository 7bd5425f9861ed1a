"""Folders written by `datasets.save_to_disk`, read with pyarrow alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from undercut.core.errors import ConfigError, InputError
from undercut.core.tabular.arrow import (
    BATCH_ROWS,
    ClassNames,
    class_names_of,
    import_pyarrow,
    named_schema,
    rows_of,
    unreadable,
)
from undercut.core.tabular.rows import Limits, Row, RowProblem, checked_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedDatasetReader:
    """One split saved by `datasets.save_to_disk`: Arrow IPC streams, memory-mapped."""

    files: tuple[Path, ...]
    source: str
    columns: tuple[str, ...]
    arrow_schema: Any
    class_names: ClassNames
    limits: Limits
    rows_at_most: int | None = None
    encoding: None = None

    def rows(self, positions: tuple[int, ...]) -> Iterator[Row | RowProblem]:
        names = [self.columns[p] for p in positions]
        yield from rows_of(
            self._batches(), names, self.class_names, source=self.source, limits=self.limits
        )

    def _batches(self) -> Iterator[Any]:
        for file in self.files:
            with _open_stream(file, source=self.source) as stream:
                for batch in stream:
                    for start in range(0, batch.num_rows, BATCH_ROWS):
                        yield batch.slice(start, BATCH_ROWS)


def open_saved_dataset(
    folder: Path, *, source: str, split: str | None, limits: Limits
) -> SavedDatasetReader:
    """Find the split and its files. Raises ConfigError where the split must be named."""
    folder = _split_folder(folder, source=source, split=split)
    state = _read_json(folder / "state.json", source=source)
    if state.get("_indices_data_files"):
        raise InputError(
            "rows are chosen by an indices file, which is not supported",
            file=source,
            hint="call flatten_indices() before save_to_disk()",
        )
    names = [Path(str(entry["filename"])).name for entry in state.get("_data_files") or []]
    files = tuple(folder / name for name in names)
    if not files:
        raise InputError("state.json names no data files", file=source)
    info = folder / "dataset_info.json"
    features = (_read_json(info, source=source).get("features") or {}) if info.is_file() else {}
    with _open_stream(files[0], source=source) as stream:
        schema = stream.schema
    classes = class_names_of(features)
    return SavedDatasetReader(
        files=files,
        source=source,
        columns=checked_columns(list(schema.names), source=source, most=limits.columns),
        arrow_schema=named_schema(schema, classes),
        class_names=classes,
        limits=limits,
    )


def _split_folder(folder: Path, *, source: str, split: str | None) -> Path:
    listing = folder / "dataset_dict.json"
    if not listing.is_file():
        return folder
    splits = [str(name) for name in _read_json(listing, source=source).get("splits") or []]
    if split is None and len(splits) == 1:
        split = splits[0]
    if split not in splits:
        what = "holds several splits" if split is None else f"has no split {split!r}"
        raise ConfigError(
            f"{source}: {what}; splits found: {', '.join(splits)}",
            hint=f"name the split's folder, e.g. {source}/{splits[0] if splits else 'train'}",
        )
    return folder / split


@contextmanager
def _open_stream(file: Path, *, source: str) -> Iterator[Any]:
    pyarrow = import_pyarrow()
    try:
        with pyarrow.memory_map(str(file)) as mapped, pyarrow.ipc.open_stream(mapped) as stream:
            yield stream
    except (pyarrow.ArrowException, OSError) as error:
        raise unreadable(error, f"an Arrow stream ({file.name})", source) from error


def _read_json(path: Path, *, source: str) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name} cannot be read: {error}", file=source) from error
    if not isinstance(value, dict):
        raise InputError(f"{path.name} must hold an object", file=source)
    return value
