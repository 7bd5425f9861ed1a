"""What a streamed batch sends back: one line of JSON for each record, and one at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import orjson

from undercut.core.money import Money
from undercut.core.requests import AnsweredRequest
from undercut.operate.serving.answering import Answered
from undercut.operate.serving.http.batch_records import Record
from undercut.operate.serving.http.predict import answer_fields, money_fields
from undercut.operate.serving.http.refusal import Refusal, error_fields

NDJSON = b"application/x-ndjson"


class NdjsonLines:
    """Implements `BatchFormat`; the last line is a summary, or says what stopped the batch."""

    media = NDJSON
    name = ""

    def __init__(self, top_k: int) -> None:
        self._top_k = top_k

    def opening(self) -> bytes:
        """Nothing."""
        return b""

    def renderer(self, records: Sequence[Record]) -> Callable[[Answered], bytes]:
        """Lines of a chunk in its order: answers, and the faults between them."""
        top_k = self._top_k

        def render(answered: Answered) -> bytes:
            answers = iter(answered.answers)
            digest = answered.plan.digest
            return b"".join(
                orjson.dumps(
                    {**_place(record), **answer_fields(next(answers), top_k), "plan": digest}
                )
                + b"\n"
                if record.fault is None
                else _fault_line(record)
                for record in records
            )

        return render

    def faults(self, records: Sequence[Record]) -> bytes:
        """Lines of records that are not answered."""
        return b"".join(map(_fault_line, records))

    def stopped(self, refusal: Refusal, request_id: str, next_position: int) -> bytes:
        """The last line of a batch that stopped early."""
        fields = {**error_fields(refusal, request_id), "next_position": next_position}
        return orjson.dumps({"stopped": fields}) + b"\n"

    def summary(self, summary: Summary, request_id: str) -> bytes:
        """The last line: what comes before it is the whole answer."""
        return orjson.dumps({"summary": summary.fields(request_id)}) + b"\n"


def _fault_line(record: Record) -> bytes:
    assert record.fault is not None
    error = {"code": record.fault.code, "message": record.fault.message}
    return orjson.dumps({**_place(record), "error": error}) + b"\n"


def _place(record: Record) -> dict[str, object]:
    if record.identifier is None:
        return {"position": record.position, "line": record.line}
    return {"position": record.position, "line": record.line, "id": record.identifier}


@dataclass(slots=True)
class Summary:
    """Totals of a batch; tokens, stages and cost are those of this request, not of repeats.

    costs: currency -> own cost. cost_known: no text was answered at unknown cost.
    """

    records: int = 0
    faults: int = 0
    replayed: int = 0
    inputs: int = 0
    tokens: int = 0
    stages: dict[str, int] = field(default_factory=dict)
    cost: Money | None = None
    cost_known: bool = True

    def repeated(self, records: Sequence[Record]) -> None:
        """A chunk was answered before."""
        self._count(records)
        self.replayed += sum(record.fault is None for record in records)

    def faulty(self, records: Sequence[Record]) -> None:
        """A chunk without any text to answer."""
        self._count(records)

    def answered(self, records: Sequence[Record], row: AnsweredRequest) -> None:
        """A chunk was answered and recorded."""
        self._count(records)
        self.inputs += row.inputs
        self.tokens += row.tokens
        for stage, count in row.stages.items():
            self.stages[stage] = self.stages.get(stage, 0) + count
        if row.cost is None:
            self.cost_known = False
        else:
            self.cost = row.cost if self.cost is None else self.cost + row.cost

    def fields(self, request_id: str) -> dict[str, object]:
        """For JSON."""
        return {
            "request_id": request_id,
            "records": self.records,
            "faults": self.faults,
            "replayed": self.replayed,
            "usage": {
                "inputs": self.inputs,
                "tokens": self.tokens,
                "stages": self.stages,
                "cost": money_fields(self.cost) if self.cost_known else None,
            },
        }

    def _count(self, records: Sequence[Record]) -> None:
        self.records += len(records)
        self.faults += sum(record.fault is not None for record in records)
