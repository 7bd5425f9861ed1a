"""What a streamed batch sends back where CSV is asked for: a header, and a row for each record."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence

from undercut.core.money import exact
from undercut.operate.serving.answering import Answered, TextAnswer
from undercut.operate.serving.http.batch_lines import Summary
from undercut.operate.serving.http.batch_records import Record
from undercut.operate.serving.http.refusal import Refusal

CSV = b"text/csv"
_PLACE = ("position", "line", "id")
_ANSWER = ("label", "confidence", "stage", "cost", "currency", "plan")
_FAULT = ("error", "message")
STOPPED = "stopped: "


class CsvRows:
    """Implements `BatchFormat`: RFC 4180, in UTF-8.

    Beyond the likeliest class, columns label_2, confidence_2 and so on. A record that is not
    answered has its code in `error`. There is no summary; a batch that stopped early ends with a
    row whose `error` begins with 'stopped: ' and whose `position` is the first one without a row.
    """

    media = CSV
    name = "csv"

    def __init__(self, top_k: int) -> None:
        self._top_k = top_k
        self._ranked = [f"{name}_{n}" for n in range(2, top_k + 1) for name in _ANSWER[:2]]

    def opening(self) -> bytes:
        """The header row."""
        return _rows([[*_PLACE, *_ANSWER, *_FAULT, *self._ranked]])

    def renderer(self, records: Sequence[Record]) -> Callable[[Answered], bytes]:
        """Rows of a chunk in its order: answers, and the faults between them."""

        def render(answered: Answered) -> bytes:
            answers = iter(answered.answers)
            digest = answered.plan.digest
            return _rows(
                self._answer(record, next(answers), digest)
                if record.fault is None
                else self._fault(record)
                for record in records
            )

        return render

    def faults(self, records: Sequence[Record]) -> bytes:
        """Rows of records without any text to answer."""
        return _rows(map(self._fault, records))

    def stopped(self, refusal: Refusal, request_id: str, next_position: int) -> bytes:
        """The last row of a batch that stopped early."""
        words = (f"{STOPPED}{refusal.code}", f"{refusal.message} (request {request_id})")
        return _rows([[next_position, "", "", *[""] * len(_ANSWER), *words, *self._no_ranked()]])

    def summary(self, summary: Summary, request_id: str) -> bytes:
        """Nothing: a row is a record."""
        return b""

    def _answer(self, record: Record, answer: TextAnswer, digest: str) -> list[object]:
        cost = answer.cost
        money = ("", "") if cost is None else (exact(cost.amount), cost.currency)
        ranked: list[object] = []
        if self._top_k > 1:
            for label, confidence in answer.top[1 : self._top_k]:
                ranked += [label, confidence]
            # a plan may have fewer classes than were asked for
            ranked += [""] * (len(self._ranked) - len(ranked))
        return [
            *_place(record),
            answer.label,
            answer.confidence,
            answer.stage,
            *money,
            digest,
            "",
            "",
            *ranked,
        ]

    def _fault(self, record: Record) -> list[object]:
        assert record.fault is not None
        words = (record.fault.code, record.fault.message)
        return [*_place(record), *[""] * len(_ANSWER), *words, *self._no_ranked()]

    def _no_ranked(self) -> list[str]:
        return [""] * len(self._ranked)


def _place(record: Record) -> tuple[object, ...]:
    return record.position, record.line, "" if record.identifier is None else record.identifier


def _rows(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
