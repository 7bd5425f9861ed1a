"""The last stage: kept, rejected and changed rows as Parquet, and what the report counts.

Parts are read one after the other, so memory does not grow with the rows. Nothing in these files
tells when or where they were made: same input and config, same bytes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from undercut.build.data.findings import example
from undercut.build.data.personal_data import MaskConfig, mask
from undercut.build.data.steps import Outcome
from undercut.core.dataset import IntArray
from undercut.core.errors import UndercutError
from undercut.runs.cleaning.near import Groups
from undercut.runs.cleaning.parts import (
    ROWS,
    Part,
    read_marks,
    read_outcome,
    read_table,
    unreadable,
)
from undercut.runs.cleaning.rows import Rows, SourceRows

DATA, REJECTED, CHANGED = "data.parquet", "rejected.parquet", "changed.parquet"
DOUBTED = "doubted.parquet"
_DOUBTING_STEP = "label_noise"
FACTS = "facts.json"
EXAMPLES = 5

_ORIGIN = [ROWS.field(name) for name in ("source", "place", "date", "licence")]
_ROW, _TEXT, _LABEL = pa.field("row", pa.int64()), ROWS.field("text"), ROWS.field("label")
_WHY = [pa.field(name, pa.string()) for name in ("step", "rule", "evidence")]
DATA_SCHEMA = pa.schema(
    [
        _ROW,
        _TEXT,
        _LABEL,
        pa.field("group", pa.int64()),
        pa.field("weight", pa.float32()),
        pa.field("language", pa.string()),
        *_ORIGIN,
        ROWS.field("extra"),
    ]
)
REJECTED_SCHEMA = pa.schema([_ROW, *_WHY, _TEXT, _LABEL, *_ORIGIN])
CHANGED_SCHEMA = pa.schema(
    [_ROW, *_WHY, pa.field("before", pa.string()), pa.field("after", pa.string()), *_ORIGIN]
)


@dataclass
class _Counts:
    """What was counted on the way, by source and by rule."""

    kept: Counter[int] = field(default_factory=Counter)
    rejected: Counter[int] = field(default_factory=Counter)
    changed: Counter[int] = field(default_factory=Counter)
    by_rule: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str, str], list[dict[str, Any]]] = field(default_factory=dict)
    labels: Counter[str] = field(default_factory=Counter)

    def add(self, action: str, step: str, rule: str) -> list[dict[str, Any]] | None:
        """Count one row a rule touched; the rule's examples, where one more is wanted."""
        key = (action, step, rule)
        self.by_rule[key] += 1
        examples = self.examples.setdefault(key, [])
        return examples if len(examples) < EXAMPLES else None


def write_output(
    folder: Path,
    rows: Rows,
    groups: Groups,
    weights: Mapping[int, float],
    *,
    masks: MaskConfig | None,
    tick: Callable[[float | None, str], None],
) -> None:
    """Fill a folder with the four tables and `facts.json`.

    Rows rejected for their label alone stand in `doubted.parquet` once more, as they would in
    `data.parquet`: they are left out of training, and may still judge.
    weights: of rows that weigh other than 1. masks: how texts from before the masking step are
    masked before they are shown, None where the user keeps personal data.
    Raises UndercutError where kept and rejected rows are not the rows read: a defect.
    """
    counts = _Counts()
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(pq.ParquetWriter(folder / name, schema, compression="zstd"))
            for name, schema in (
                (DATA, DATA_SCHEMA),
                (DOUBTED, DATA_SCHEMA),
                (REJECTED, REJECTED_SCHEMA),
                (CHANGED, CHANGED_SCHEMA),
            )
        }
        done = 0
        for source in rows.kept_sources:
            for part in source.parts:
                sheet = _Sheet(part, source.steps, masks, counts)
                for name, table in sheet.tables(groups, weights).items():
                    if table.num_rows:
                        writers[name].write_table(table, row_group_size=table.num_rows)
                done += part.rows
                tick(done / rows.count, f"{done:,} rows written")
    for source in rows.kept_sources:
        _reconcile(source, counts)
    facts = json.dumps(_facts(rows, counts), ensure_ascii=False, sort_keys=True, indent=1)
    (folder / FACTS).write_text(facts, encoding="utf-8")


class _Sheet:
    """One part: its rows as read, and every step's outcome."""

    def __init__(
        self, part: Part, names: tuple[str, ...], masks: MaskConfig | None, counts: _Counts
    ) -> None:
        self._part = part
        self._names = names
        self._counts = counts
        self._masks = masks
        self._table = read_table(part.file)
        self._origin = self._table.select([f.name for f in _ORIGIN])
        self._texts: list[str] = self._table["text"].to_pylist()
        self._labels = self._table["label"].to_pylist()
        self._masked = "personal_data" not in names
        self._rejected: list[tuple[int, str, str, str, str]] = []
        self._changed: list[tuple[int, str, str, str, str, str]] = []
        self._marks: dict[int, str | None] = {}

    def tables(self, groups: Groups, weights: Mapping[int, float]) -> dict[str, pa.Table]:
        part = self._part
        self._apply("read", Outcome(unreadable(part, self._table)))
        for name, folder in zip(self._names, part.deltas, strict=True):
            if name == "language":
                self._marks = read_marks(folder, part)
            self._apply(name, read_outcome(folder, part))
            self._masked = self._masked or name == "personal_data"
        self._rejected.sort()
        return {
            DATA: self._data(groups, weights),
            DOUBTED: self._doubted(groups),
            REJECTED: self._rejected_table(),
            CHANGED: self._changed_table(),
        }

    def _apply(self, step: str, outcome: Outcome) -> None:
        first, counts, source = self._part.first, self._counts, self._part.source
        for rejection in outcome.rejected:
            at = rejection.row - first
            rule, evidence = rejection.reason
            text = self._shown(self._texts[at])
            self._rejected.append((at, step, rule, evidence, text))
            counts.rejected[source] += 1
            examples = counts.add("rejected", step, rule)
            if examples is not None:
                examples.append(self._example(at, text, evidence))
        for change in outcome.changed:
            at = change.row - first
            before, after = self._texts[at], change.text
            self._texts[at] = after
            shown = self._shown(before), self._shown(after)
            counts.changed[source] += 1
            for rule, evidence in change.reasons:
                self._changed.append((at, step, rule, evidence, *shown))
                examples = counts.add("changed", step, rule)
                if examples is not None:
                    examples.append(self._example(at, shown[1], evidence))

    def _shown(self, text: str) -> str:
        """A text fit to be seen: personal data masked, also before the step that masks."""
        return text if self._masks is None or self._masked else mask(text, self._masks).text

    def _example(self, at: int, text: str, evidence: str) -> dict[str, Any]:
        cut = example(0, text, None).text
        return {
            "row": self._part.first + at,
            "place": f"{self._origin['source'][at].as_py()}, {self._origin['place'][at].as_py()}",
            "text": cut,
            "label": self._labels[at],
            "evidence": evidence,
        }

    def _data(self, groups: Groups, weights: Mapping[int, float]) -> pa.Table:
        gone = np.zeros(self._part.rows, dtype=bool)
        gone[[at for at, *_ in self._rejected]] = True
        kept = np.flatnonzero(~gone)
        self._counts.kept[self._part.source] += len(kept)
        labels = (self._labels[at] for at in kept)
        self._counts.labels.update(label for label in labels if label is not None)
        return self._rows(kept, groups, weights)

    def _doubted(self, groups: Groups) -> pa.Table:
        doubted = [at for at, step, *_ in self._rejected if step == _DOUBTING_STEP]
        return self._rows(np.array(doubted, np.int64), groups, {})

    def _rows(self, at: IntArray, groups: Groups, weights: Mapping[int, float]) -> pa.Table:
        """Rows by their position in the part, as every step left them."""
        numbers = at + self._part.first
        columns: dict[str, Any] = {
            "row": numbers,
            "text": [self._texts[i] for i in at],
            "label": [self._labels[i] for i in at],
            "group": groups.of(numbers),
            "weight": np.array([weights.get(int(row), 1.0) for row in numbers], np.float32),
            "language": [self._marks.get(int(row)) for row in numbers],
        }
        return self._with_origin(columns, at, DATA_SCHEMA)

    def _rejected_table(self) -> pa.Table:
        at, step, rule, evidence, text = _columns(self._rejected, 5)
        columns = {
            "row": [i + self._part.first for i in at],
            "step": step,
            "rule": rule,
            "evidence": evidence,
            "text": text,
            "label": [self._labels[i] for i in at],
        }
        return self._with_origin(columns, np.array(at, np.int64), REJECTED_SCHEMA)

    def _changed_table(self) -> pa.Table:
        self._changed.sort(key=lambda change: change[0])  # stable: steps stay in order
        at, step, rule, evidence, before, after = _columns(self._changed, 6)
        columns = {
            "row": [i + self._part.first for i in at],
            "step": step,
            "rule": rule,
            "evidence": evidence,
            "before": before,
            "after": after,
        }
        return self._with_origin(columns, np.array(at, np.int64), CHANGED_SCHEMA)

    def _with_origin(self, columns: dict[str, Any], at: Any, schema: pa.Schema) -> pa.Table:
        taken = self._table.take(pa.array(at, pa.int64()))
        for name in schema.names:
            if name not in columns:
                columns[name] = taken[name]
        return pa.table({name: columns[name] for name in schema.names}, schema=schema)


def _columns(rows: list[Any], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[]] * width


def _reconcile(source: SourceRows, counts: _Counts) -> None:
    kept, rejected = counts.kept[source.number], counts.rejected[source.number]
    if kept + rejected != source.facts.records:
        raise UndercutError(
            f"{source.address}: {kept} kept and {rejected} rejected rows are not the "
            f"{source.facts.records} that were read: a defect in undercut"
        )


def _facts(rows: Rows, counts: _Counts) -> dict[str, Any]:
    return {
        "sources": [
            {
                "address": source.address,
                "name": source.name,
                "test": source.test,
                "read": source.facts.records,
                "unreadable": source.facts.unreadable,
                "labelled": source.facts.labelled,
                "characters": source.facts.characters,
                "kept": counts.kept[source.number],
                "rejected": counts.rejected[source.number],
                "changed": counts.changed[source.number],
            }
            for source in rows.sources
        ],
        "rules": [
            {
                "action": action,
                "step": step,
                "rule": rule,
                "count": counts.by_rule[action, step, rule],
                "examples": counts.examples[action, step, rule],
            }
            for action, step, rule in counts.by_rule
        ],
        "classes": len(counts.labels),
        "labelled": sum(counts.labels.values()),
    }
