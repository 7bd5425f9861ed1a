"""A folder as `datasets.save_to_disk` writes it, with pyarrow alone: labels become class ids."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from undercut.core.errors import InputError
from undercut.core.files import PARTIAL_PREFIX, sync_folder, sync_tree
from undercut.core.tabular.arrow import import_pyarrow
from undercut.core.tabular.writer import ColumnType
from undercut.runs.labelling.formats.labelled import LabelledTable, class_names

_FILE = "data-00000-of-00001.arrow"


def write_saved(folder: Path, table: LabelledTable, *, types: Mapping[str, ColumnType]) -> None:
    """Write the folder in one step; raises InputError where something stands there already."""
    if folder.exists():
        raise InputError("exists already", file=str(folder), hint="another folder")
    classes = class_names(table)
    arrow = _arrow(table, classes, types)
    partial = folder.with_name(f"{PARTIAL_PREFIX}{folder.name}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    pyarrow = import_pyarrow()
    with (
        pyarrow.OSFile(str(partial / _FILE), "wb") as sink,
        pyarrow.ipc.new_stream(sink, arrow.schema) as writer,
    ):
        writer.write_table(arrow)
    _write_json(partial / "dataset_info.json", _info(table, arrow, classes))
    _write_json(partial / "state.json", _state(table))
    sync_tree(partial)
    partial.rename(folder)
    sync_folder(folder.parent)


def _arrow(table: LabelledTable, classes: tuple[str, ...], types: Mapping[str, ColumnType]) -> Any:
    pyarrow = import_pyarrow()
    known = (
        {}
        if table.like is None or table.like.reader.arrow_schema is None
        else {one.name: one.type for one in table.like.reader.arrow_schema}
    )
    ids = {name: at for at, name in enumerate(classes)}
    arrays = {}
    for at, name in enumerate(table.columns):
        cells: list[Any] = [row[at] for row in table.rows]
        if name == table.label_column:
            # -1 is how `datasets` writes that a class is not known
            cells = [-1 if cell in (None, "") else ids[str(cell)] for cell in cells]
            arrays[name] = pyarrow.array(cells, pyarrow.int64())
        elif name in types:
            kind = types[name]
            arrays[name] = pyarrow.array(
                cells, getattr(pyarrow, "bool_" if kind == "bool" else kind)()
            )
        else:
            arrays[name] = pyarrow.array(cells, known.get(name))
            if pyarrow.types.is_null(arrays[name].type):
                arrays[name] = arrays[name].cast(pyarrow.string())
    return pyarrow.table(arrays)


def _info(table: LabelledTable, arrow: Any, classes: tuple[str, ...]) -> dict[str, Any]:
    features: dict[str, Any] = {one.name: _feature(one.type) for one in arrow.schema}
    features[table.label_column] = {"names": list(classes), "_type": "ClassLabel"}
    return {"citation": "", "description": "", "features": features, "homepage": "", "license": ""}


def _feature(type: Any) -> Any:
    """A column's type as `datasets` names it."""
    pyarrow = import_pyarrow()
    if pyarrow.types.is_list(type) or pyarrow.types.is_large_list(type):
        return {"feature": _feature(type.value_type), "_type": "List"}
    if pyarrow.types.is_struct(type):
        return {one.name: _feature(one.type) for one in type}
    names = {"double": "float64", "float": "float32", "halffloat": "float16"}
    return {"dtype": names.get(str(type), str(type)), "_type": "Value"}


def _state(table: LabelledTable) -> dict[str, Any]:
    content = repr((table.columns, table.rows)).encode()
    return {
        "_data_files": [{"filename": _FILE}],
        "_fingerprint": hashlib.sha256(content).hexdigest()[:16],
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
