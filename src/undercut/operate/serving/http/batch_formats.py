"""Which format a batch's answers come in: NDJSON, or CSV where the caller would rather have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from undercut.operate.serving.answering import Answered
from undercut.operate.serving.http.batch_lines import NDJSON, NdjsonLines, Summary
from undercut.operate.serving.http.batch_records import Record
from undercut.operate.serving.http.batch_rows import CSV, CsvRows
from undercut.operate.serving.http.refusal import Refusal

_NDJSON_NAMES: Final = (NDJSON, b"application/ndjson", b"application/jsonl", b"application/json")
_CSV_NAMES: Final = (CSV, b"application/csv")


class BatchFormat(Protocol):
    """Words the answers of a batch.

    media: content type. name: tells its answers from those of other formats in the books, '' for
    the usual one.
    """

    media: bytes
    name: str

    def opening(self) -> bytes:
        """What comes before the first record."""
        ...

    def renderer(self, records: Sequence[Record]) -> Callable[[Answered], bytes]:
        """What a chunk becomes, answers and faults in its order."""
        ...

    def faults(self, records: Sequence[Record]) -> bytes:
        """What records without any text to answer become."""
        ...

    def stopped(self, refusal: Refusal, request_id: str, next_position: int) -> bytes:
        """The end of a batch that stopped early; next_position: of the first record without a
        line."""
        ...

    def summary(self, summary: Summary, request_id: str) -> bytes:
        """The end of a whole batch."""
        ...


def format_for(accept: bytes, top_k: int) -> BatchFormat:
    """CSV where the Accept header puts it before NDJSON, else NDJSON."""
    if _quality(accept, _CSV_NAMES) > _quality(accept, _NDJSON_NAMES):
        return CsvRows(top_k)
    return NdjsonLines(top_k)


def _quality(accept: bytes, names: Sequence[bytes]) -> float:
    """The best weight that a header gives one of these names; a closer match outweighs wildcards.

    Source: RFC 9110, 12.5.1.
    """
    weights: dict[bytes, float] = {}
    for part in accept.lower().split(b","):
        range_, *parameters = (piece.strip() for piece in part.split(b";"))
        weights[range_] = _weight(parameters)
    best = 0.0
    for name in names:
        kind = name.partition(b"/")[0]
        for range_ in (name, kind + b"/*", b"*/*"):
            if range_ in weights:
                best = max(best, weights[range_])
                break
    return best


def _weight(parameters: Sequence[bytes]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if 0.0 <= weight <= 1.0 else 0.0
    return 1.0
