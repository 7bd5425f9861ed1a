"""What stages hand each other on disk: rows once, and after that only what steps did to them.

Rows are written when they are read, in parts of bounded size. A step writes no rows: for each part
it leaves which of them it rejected and changed (a delta), with rule and evidence. What a step sees
is the part with the deltas of the steps before it laid over, so `kept + rejected = read` holds by
construction, a changed threshold repeats one step, and the disk holds the texts about once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from undercut.build.data.documents import Record, Unreadable
from undercut.build.data.labels import written_label
from undercut.build.data.steps import Batch, Change, Outcome, Reason, Rejection
from undercut.core.canonical import canonical_json
from undercut.core.dataset import IntArray
from undercut.core.errors import ArtefactError

PART_ROWS = 16_384
PART_CHARACTERS = 8 << 20

ROWS = pa.schema(
    [
        ("text", pa.string()),
        ("label", pa.string()),
        ("source", pa.string()),
        ("place", pa.string()),
        ("date", pa.date32()),
        ("licence", pa.string()),
        ("extra", pa.string()),
        ("problem", pa.string()),
    ]
)
_REASON = pa.struct([("rule", pa.string()), ("evidence", pa.string())])
REJECTED = pa.schema([("row", pa.int64()), ("rule", pa.string()), ("evidence", pa.string())])
CHANGED = pa.schema([("row", pa.int64()), ("reasons", pa.list_(_REASON)), ("text", pa.string())])
MARKS = pa.schema([("row", pa.int64()), ("mark", pa.string())])
_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True, slots=True)
class Part:
    """Some consecutive rows of one source, and what was done to them so far.

    source, number: which source of the run, which part of it. first: number of its first row
    among the rows of the whole run. characters: of its texts as read. deltas: folders of
    the steps done, in order.
    """

    source: int
    number: int
    first: int
    rows: int
    characters: int
    file: Path
    deltas: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """The stem of the files that steps write for this part."""
        return f"{self.number:06d}"

    def after(self, delta: Path) -> Part:
        """The part once a step has left its delta in a folder."""
        return replace(self, deltas=(*self.deltas, delta))


def records_table(records: Sequence[Record]) -> pa.Table:
    """Records as rows; what cannot be UTF-8 (a lone surrogate) becomes U+FFFD."""
    columns: dict[str, list[Any]] = {name: [] for name in ROWS.names}
    for record in records:
        origin = record.origin
        read = None if isinstance(record, Unreadable) else record
        columns["text"].append("" if read is None else _utf8(read.text))
        columns["label"].append(None if read is None else _label(read.label))
        columns["source"].append(_utf8(origin.source))
        columns["place"].append(_utf8(origin.place))
        columns["date"].append(origin.date)
        columns["licence"].append(_maybe(origin.licence))
        extra = read.extra if read is not None else None
        columns["extra"].append(canonical_json(dict(extra)) if extra else None)
        columns["problem"].append(_utf8(record.reason) if isinstance(record, Unreadable) else None)
    return pa.table(columns, schema=ROWS)


def cut_into_parts(batches: Iterator[list[Record]]) -> Iterator[list[Record]]:
    """Records in lists of at most `PART_ROWS`, and of about `PART_CHARACTERS` at most."""
    part: list[Record] = []
    characters = 0
    for batch in batches:
        for record in batch:
            size = 0 if isinstance(record, Unreadable) else len(record.text)
            if part and (len(part) >= PART_ROWS or characters + size > PART_CHARACTERS):
                yield part
                part, characters = [], 0
            part.append(record)
            characters += size
    if part:
        yield part


def write_table(path: Path, table: pa.Table) -> None:
    """One Arrow file; the same table gives the same bytes."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema, options=_LZ4) as w:
        w.write_table(table.combine_chunks())


def read_table(path: Path) -> pa.Table:
    """An Arrow file as written. Raises ArtefactError where it is missing or damaged."""
    try:
        with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
            return file.read_all()
    except (OSError, pa.ArrowException) as error:
        raise ArtefactError(
            f"{path}: cannot be read: {error}", hint="remove its folder and run again"
        ) from error


def write_outcome(folder: Path, part: Part, outcome: Outcome) -> None:
    """Leave what a step did to a part; rows are numbered within the part."""
    first = part.first
    if outcome.rejected:
        rows = [
            {"row": r.row - first, "rule": r.reason.rule, "evidence": _utf8(r.reason.evidence)}
            for r in outcome.rejected
        ]
        table = pa.Table.from_pylist(rows, schema=REJECTED)
        write_table(folder / f"{part.name}.rejected.arrow", table)
    if outcome.changed:
        rows = [
            {
                "row": c.row - first,
                "reasons": [{"rule": r.rule, "evidence": _utf8(r.evidence)} for r in c.reasons],
                "text": _utf8(c.text),
            }
            for c in outcome.changed
        ]
        table = pa.Table.from_pylist(rows, schema=CHANGED)
        write_table(folder / f"{part.name}.changed.arrow", table)


def read_outcome(folder: Path, part: Part) -> Outcome:
    """What a step left for a part, rows numbered within the run."""
    rejected: tuple[Rejection, ...] = ()
    changed: tuple[Change, ...] = ()
    file = folder / f"{part.name}.rejected.arrow"
    if file.is_file():
        columns = read_table(file).to_pydict()
        rejected = tuple(
            Rejection(part.first + row, Reason(rule, evidence))
            for row, rule, evidence in zip(*columns.values(), strict=True)
        )
    file = folder / f"{part.name}.changed.arrow"
    if file.is_file():
        columns = read_table(file).to_pydict()
        changed = tuple(
            Change(part.first + row, tuple(Reason(r["rule"], r["evidence"]) for r in reasons), text)
            for row, reasons, text in zip(*columns.values(), strict=True)
        )
    return Outcome(rejected, changed)


def write_marks(folder: Path, part: Part, rows: IntArray, marks: Sequence[str | None]) -> None:
    """Leave what a step says of each row."""
    table = pa.table([rows - part.first, list(marks)], schema=MARKS)
    write_table(folder / f"{part.name}.marks.arrow", table)


def read_marks(folder: Path, part: Part) -> dict[int, str | None]:
    """What a step said of each row of a part, by number within the run; empty: nothing."""
    file = folder / f"{part.name}.marks.arrow"
    if not file.is_file():
        return {}
    rows, marks = read_table(file).to_pydict().values()
    return {part.first + row: mark for row, mark in zip(rows, marks, strict=True)}


def read_mark_column(part: Part) -> tuple[IntArray, NDArray[np.uint64]]:
    """Positions of the live rows of a part and the digests its last step marked them with.

    Returns (n,) int64 and (n, 4) uint64, from 64 hex digits a row.
    """
    table = read_table(part.deltas[-1] / f"{part.name}.marks.arrow")
    digits = "".join(table["mark"].to_pylist())
    digests = np.frombuffer(bytes.fromhex(digits), dtype=">u8").astype(np.uint64)
    return table["row"].to_numpy().astype(np.int64), digests.reshape(-1, 4)


def unreadable(part: Part, table: pa.Table) -> tuple[Rejection, ...]:
    """The records that the source could not read, as rejections."""
    bad = np.flatnonzero(table["problem"].is_valid().to_numpy())
    reasons = table["problem"].take(bad).to_pylist()
    return tuple(
        Rejection(part.first + int(row), Reason("unreadable_row", why))
        for row, why in zip(bad, reasons, strict=True)
    )


def live_rows(part: Part) -> Batch:
    """The rows of a part that are still there, with the texts they have by now."""
    table = read_table(part.file)
    texts = table["text"].to_pylist()
    gone = np.zeros(part.rows, dtype=bool)
    gone[table["problem"].is_valid().to_numpy()] = True
    for folder in part.deltas:
        file = folder / f"{part.name}.rejected.arrow"
        if file.is_file():
            gone[read_table(file)["row"].to_numpy()] = True
        file = folder / f"{part.name}.changed.arrow"
        if file.is_file():
            changed = read_table(file)
            for row, text in zip(
                changed["row"].to_pylist(), changed["text"].to_pylist(), strict=True
            ):
                texts[row] = text
    kept = np.flatnonzero(~gone)
    labels = table["label"].take(kept).to_pylist()
    return Batch(rows=kept + part.first, texts=[texts[i] for i in kept], labels=labels)


def _maybe(text: str | None) -> str | None:
    return None if text is None else _utf8(text)


def _label(label: str | None) -> str | None:
    """A label written as the main job writes it; None where nothing is left of it."""
    return None if label is None else written_label(_utf8(label))


def _utf8(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
