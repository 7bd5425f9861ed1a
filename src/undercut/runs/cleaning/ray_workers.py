"""The same pipeline on Ray Data: steps as `map_batches`, LSH bands shuffled by hash.

The engine is Ray's. The driver reads parts, hands their live rows over a window at a time and
writes the deltas that come back, so workers need no shared disk; shuffles and joins are Ray's own
and spill to disk. The rows are those of the local run: see `near_duplicates.partition`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from undercut.build.data.near_duplicates import NearDuplicateConfig, NearDuplicates, signatures
from undercut.build.data.near_duplicates.partition import (
    BandRows,
    KeyPairs,
    band_rows,
    candidate_pairs,
    join_pairs,
    verify,
)
from undercut.build.data.steps import Batch, Change, Outcome, Reason, Rejection
from undercut.core.errors import MissingExtraError, UndercutError
from undercut.runs.cleaning.parts import Part, live_rows, write_marks, write_outcome
from undercut.runs.cleaning.specs import StepSpec
from undercut.runs.cleaning.workers import Done, Finder

_WINDOW = 64
_BLOCK_ROWS = 8_192
_SHARDS = 64
_REASONS = pa.list_(pa.struct([("rule", pa.string()), ("evidence", pa.string())]))
# What one row's step came to: reasons and no text: rejected; both: changed; neither: a mark.
_SAID = pa.schema(
    [
        ("part", pa.int64()),
        ("row", pa.int64()),
        ("reasons", _REASONS),
        ("text", pa.string()),
        ("mark", pa.string()),
        ("marked", pa.bool_()),
    ]
)


@contextmanager
def ray_workers(address: str | None, processes: int | None) -> Iterator[RayWorkers]:
    """A Ray cluster: the one at `address`, or one on this machine that ends with the block.

    Raises MissingExtraError without Ray, UndercutError where the cluster cannot be reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise MissingExtraError("ray", "ray", "cleaning on several machines") from error
    ours = not ray.is_initialized()
    if ours:
        try:
            ray.init(
                address=address,
                num_cpus=processes if address is None else None,
                include_dashboard=False if address is None else None,
                log_to_driver=False,
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise UndercutError(
                f"the Ray cluster at {address or 'this machine'} cannot be used: {error}",
                hint="ray status; --workers local",
            ) from error
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    try:
        yield RayWorkers(ray)
    finally:
        if ours:
            ray.shutdown()


class RayWorkers:
    """Steps and near-duplicates on a Ray cluster."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray

    def run(self, spec: StepSpec, parts: Sequence[Part], folder: Path) -> Iterator[Done]:
        """One step over parts; the order of the parts is kept."""
        for start in range(0, len(parts), _WINDOW):
            window = parts[start : start + _WINDOW]
            tables = [_rows_table(i, part) for i, part in enumerate(window)]
            said = (
                self._ray.data.from_arrow(tables)
                .map_batches(
                    _do_step,
                    fn_kwargs={"spec": spec},
                    batch_format="pyarrow",
                    batch_size=_BLOCK_ROWS,
                )
                .iter_batches(batch_format="pyarrow", batch_size=None)
            )
            by_part: dict[int, list[dict[str, Any]]] = {i: [] for i in range(len(window))}
            for batch in said:
                for row in batch.to_pylist():
                    by_part[row["part"]].append(row)
            for i, part in enumerate(window):
                _leave(folder, part, by_part.pop(i))
                yield Done(part, part.rows)

    def rest(self) -> None:
        """Ray's processes are Ray's to keep."""

    def finder(self, config: NearDuplicateConfig) -> Finder:
        """Near-duplicates by shuffled bands."""
        return RayFinder(self._ray, config)


class RayFinder:
    """Groups near-duplicates among texts that lie in Ray's object store."""

    def __init__(self, ray: Any, config: NearDuplicateConfig) -> None:
        self._ray = ray
        self._config = config
        self._blocks: list[Any] = []
        self._rows = 0

    def add(self, texts: Sequence[str]) -> None:
        """Hand over texts; their rows count on from those before."""
        for start in range(0, len(texts), _BLOCK_ROWS):
            block = list(texts[start : start + _BLOCK_ROWS])
            rows = np.arange(self._rows, self._rows + len(block))
            self._rows += len(block)
            self._blocks.append(self._ray.put(pa.table({"row": rows, "words": block})))

    def groups(self) -> NearDuplicates:
        """Groups of all texts added so far."""
        config = {"config": self._config}
        if not self._blocks:
            nothing = np.zeros(0, dtype=np.uint64)
            return join_pairs(nothing, [], signatures([], self._config), self._config)
        keyed = self._mapped(self._ray.data.from_arrow_refs(self._blocks), _keys, config)
        keyed = keyed.materialize()
        keys = np.zeros(self._rows, dtype=np.uint64)
        for batch in keyed.select_columns(["row", "key"]).iter_batches(batch_format="pyarrow"):
            keys[batch["row"].to_numpy()] = batch["key"].to_numpy()
        first = np.unique(keys, return_index=True)[1]
        distinct = self._mapped(keyed, _having, {"column": "row", "wanted": np.sort(first)})
        distinct = distinct.drop_columns(["row"]).materialize()
        pairs = self._pairs(distinct, config)
        touched = np.unique(np.concatenate([pairs.left, pairs.right]))
        held = self._mapped(distinct, _having, {"column": "key", "wanted": touched})
        words = [text for row in held.iter_batches(batch_format="pyarrow") for text in _list(row)]
        return join_pairs(keys, [pairs], signatures(words, self._config), self._config)

    def _pairs(self, distinct: Any, config: dict[str, Any]) -> KeyPairs:
        bands = self._mapped(distinct, _bands, config)
        found = bands.groupby("shard").map_groups(
            _candidates, fn_kwargs=config, batch_format="pyarrow"
        )
        once = found.groupby(["left", "right"]).count().select_columns(["left", "right"])
        texts = self._mapped(distinct, _as_texts, {})
        # Each pair meets the text of its left side, then that of its right, where their keys go.
        met = texts.union(self._mapped(once, _as_pairs, {}))
        met = met.groupby("shard").map_groups(_meet, batch_format="pyarrow")
        checked = (
            texts.union(met)
            .groupby("shard")
            .map_groups(_verified, fn_kwargs=config, batch_format="pyarrow")
        )
        parts = [
            KeyPairs(
                batch["left"].to_numpy(),
                batch["right"].to_numpy(),
                batch["similarity"].to_numpy(),
            )
            for batch in checked.iter_batches(batch_format="pyarrow")
            if batch.num_rows
        ]
        empty = np.zeros(0, dtype=np.uint64)
        return KeyPairs(
            np.concatenate([empty, *(part.left for part in parts)]),
            np.concatenate([empty, *(part.right for part in parts)]),
            np.concatenate([np.zeros(0, np.float32), *(part.similarity for part in parts)]),
        )

    def _mapped(self, data: Any, function: Any, arguments: dict[str, Any]) -> Any:
        return data.map_batches(
            function, fn_kwargs=arguments, batch_format="pyarrow", batch_size=_BLOCK_ROWS
        )


def _rows_table(number: int, part: Part) -> pa.Table:
    batch = live_rows(part)
    columns = {
        "part": np.full(len(batch), number, dtype=np.int64),
        "row": batch.rows,
        "text": list(batch.texts),
        "label": pa.array(batch.labels, pa.string()),
    }
    return pa.table(columns)


def _do_step(table: pa.Table, spec: StepSpec) -> pa.Table:
    batch = Batch(table["row"].to_numpy(), table["text"].to_pylist(), table["label"].to_pylist())
    outcome = spec.make()(batch)
    part = dict(zip(batch.rows.tolist(), table["part"].to_pylist(), strict=True))
    said = [_said(part, r.row, (r.reason,), None) for r in outcome.rejected]
    said += [_said(part, c.row, c.reasons, c.text) for c in outcome.changed]
    if outcome.marks is not None:
        for row, mark in zip(batch.rows.tolist(), outcome.marks, strict=True):
            said.append(_said(part, row, (), None) | {"mark": mark, "marked": True})
    return pa.Table.from_pylist(said, schema=_SAID)


def _said(
    part: dict[int, int], row: int, reasons: tuple[Reason, ...], text: str | None
) -> dict[str, Any]:
    return {
        "part": part[row],
        "row": row,
        "reasons": [reason._asdict() for reason in reasons],
        "text": text,
        "mark": None,
        "marked": False,
    }


def _leave(folder: Path, part: Part, said: list[dict[str, Any]]) -> None:
    said.sort(key=lambda row: row["row"])
    marked = [row for row in said if row["marked"]]
    reasons = {
        id(row): tuple(Reason(**reason) for reason in row["reasons"])
        for row in said
        if not row["marked"]
    }
    plain = [row for row in said if not row["marked"]]
    outcome = Outcome(
        rejected=tuple(
            Rejection(row["row"], reasons[id(row)][0]) for row in plain if row["text"] is None
        ),
        changed=tuple(
            Change(row["row"], reasons[id(row)], row["text"])
            for row in plain
            if row["text"] is not None
        ),
    )
    write_outcome(folder, part, outcome)
    if marked:
        rows = np.array([row["row"] for row in marked], dtype=np.int64)
        write_marks(folder, part, rows, [row["mark"] for row in marked])


def _keys(table: pa.Table, config: NearDuplicateConfig) -> pa.Table:
    sketches = signatures(table["words"].to_pylist(), config)
    return table.append_column("key", pa.array(sketches.keys))


def _having(table: pa.Table, column: str, wanted: Any) -> pa.Table:
    """The rows whose cell stands in an ascending array."""
    cells = table[column].to_numpy()
    place = np.searchsorted(wanted, cells).clip(max=max(0, len(wanted) - 1))
    held = wanted[place] == cells if len(wanted) else np.zeros(len(cells), dtype=bool)
    return table.filter(pa.array(held))


def _bands(table: pa.Table, config: NearDuplicateConfig) -> pa.Table:
    rows = band_rows(signatures(table["words"].to_pylist(), config))
    mixed = rows.bucket.astype(np.int64) * 31 + rows.band.astype(np.int64) * 2 + rows.grain
    return pa.table(
        {
            "shard": mixed % _SHARDS,
            "grain": rows.grain,
            "band": rows.band,
            "bucket": rows.bucket,
            "near": rows.near,
            "key": rows.text,
        }
    )


def _candidates(table: pa.Table, config: NearDuplicateConfig) -> pa.Table:
    columns = {name: table[name].to_numpy() for name in ("grain", "band", "bucket", "near", "key")}
    rows = BandRows(
        columns["grain"], columns["band"], columns["bucket"], columns["near"], columns["key"]
    )
    left, right = candidate_pairs(rows, config)
    return pa.table({"left": left, "right": right})


def _as_texts(table: pa.Table) -> pa.Table:
    keys = table["key"].to_numpy()
    return _meeting(keys, np.zeros(len(keys), np.uint64), table["words"], pair=False)


def _as_pairs(table: pa.Table) -> pa.Table:
    left, right = table["left"].to_numpy(), table["right"].to_numpy()
    return _meeting(left, right, pa.nulls(len(left), pa.string()), pair=True)


def _meeting(keys: Any, others: Any, words: Any, *, pair: bool) -> pa.Table:
    """Rows that go where their key goes.

    words: of a text its own; of a pair those of its other side, null where they are not known yet.
    """
    shard = (keys % np.uint64(_SHARDS)).astype(np.int64)
    columns = [shard, keys, others, words, np.full(len(keys), pair)]
    return pa.table(columns, names=["shard", "key", "other", "words", "pair"])


def _meet(table: pa.Table) -> pa.Table:
    """The pairs of a shard, turned round: sent to their other side, with the words of this one."""
    pairs, words = _met(table)
    return _meeting(pairs["other"].to_numpy(), pairs["key"].to_numpy(), words, pair=True)


def _verified(table: pa.Table, config: NearDuplicateConfig) -> pa.Table:
    """The pairs of a shard that are alike; they come keyed by their right side."""
    pairs, words = _met(table)
    left, right = pairs["other"].to_numpy(), pairs["key"].to_numpy()
    sketches = signatures([*pairs["words"].to_pylist(), *words.to_pylist()], config)
    found = verify(sketches, left, right, config)
    return pa.table({"left": found.left, "right": found.right, "similarity": found.similarity})


def _met(table: pa.Table) -> tuple[pa.Table, Any]:
    """The pairs of a shard and, for each, the words of the text it is keyed by."""
    pair = table["pair"].to_numpy(zero_copy_only=False)
    texts, pairs = table.filter(pa.array(~pair)), table.filter(pa.array(pair))
    keys = texts["key"].to_numpy()
    order = np.argsort(keys)
    at = np.searchsorted(keys[order], pairs["key"].to_numpy())
    return pairs, texts["words"].take(pa.array(order[at], pa.int64()))


def _list(table: pa.Table) -> list[str]:
    words: list[str] = table["words"].to_pylist()
    return words
