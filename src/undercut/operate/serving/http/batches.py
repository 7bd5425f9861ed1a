"""POST /v1/batches: records streamed up, answers streamed down, in bounded memory.

A chunk of records is answered while the next is read; chunks are recorded and sent in order, each
recorded before its lines go out. With an Idempotency-Key, chunk i is recorded under a key made of
it and i: chunks are cut by what is in them and not by time, so a batch that is sent again finds
every chunk that was answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import orjson

from undercut.core.errors import OverloadedError, QuotaExceededError, UndercutError
from undercut.operate.serving.http.batch_csv import CsvReader
from undercut.operate.serving.http.batch_formats import BatchFormat, format_for
from undercut.operate.serving.http.batch_lines import NDJSON, Summary
from undercut.operate.serving.http.batch_records import NdjsonReader, Record, RecordReader
from undercut.operate.serving.http.body import stream_body
from undercut.operate.serving.http.exchange import REPLAYED, Exchange
from undercut.operate.serving.http.limits import HttpLimits
from undercut.operate.serving.http.metered import Prepared, Question
from undercut.operate.serving.http.refusal import Refusal, refusal_of
from undercut.operate.serving.http.reply_headers import head_of

NDJSON_TYPES = frozenset(
    # the last is what curl says where it is told nothing
    {b"", NDJSON, b"application/ndjson", b"application/jsonl", b"application/x-www-form-urlencoded"}
)
CSV_TYPES = frozenset({b"text/csv", b"application/csv"})
_CHUNKS_AHEAD = 2
_Preparing = asyncio.Task[Prepared | None]
_LONGEST_WAIT_SECONDS = 60.0
_SHORTEST_WAIT_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records that are answered and recorded together."""

    number: int
    records: Sequence[Record]

    @property
    def texts(self) -> list[str]:
        """Texts of the records without fault."""
        return [record.text for record in self.records if record.text is not None]


async def batches(exchange: Exchange) -> None:
    """Answer a batch; sends its response by itself."""
    query = exchange.query(("top_k", "text_column"))
    top_k = _top_k(query.get("top_k", "1"), exchange.services.limits)
    reader = _reader(exchange, query.get("text_column"))
    task = asyncio.current_task()
    hang_up = exchange.hang_up
    if hang_up is not None and task is not None:
        hang_up.cancel = task.cancel
    try:
        batch = _Batch(exchange, top_k, format_for(exchange.head.accept, top_k))
        async with exchange.services.till.turn(batch.question(Chunk(0, ()), key="")):
            await batch.run(reader)
    finally:
        if hang_up is not None:
            hang_up.cancel = None


class _Batch:
    def __init__(self, exchange: Exchange, top_k: int, form: BatchFormat) -> None:
        self._exchange = exchange
        self._form = form
        self._limits = exchange.services.limits
        self._till = exchange.services.till
        self._top_k = top_k
        self._summary = Summary()
        self._next_position = 0
        self._slots = asyncio.Semaphore(_CHUNKS_AHEAD)
        self._ahead: asyncio.Queue[tuple[Chunk, _Preparing] | None] = asyncio.Queue()
        self._unsettled: set[_Preparing] = set()

    async def run(self, reader: RecordReader) -> None:
        reading = asyncio.create_task(self._read(reader))
        try:
            while (item := await self._ahead.get()) is not None:
                await self._finish_chunk(*item)
            # what stopped the reading is raised here, after everything before it was sent
            await reading
        except (Refusal, UndercutError) as error:
            await self._stop(error if isinstance(error, Refusal) else refusal_of(error))
        else:
            end = self._form.summary(self._summary, self._exchange.head.books_id)
            await self._send(end, last=True)
        finally:
            # whoever cancelled us must not leave reservations behind
            await self._till.finish(self._clean_up(reading))

    async def _read(self, reader: RecordReader) -> None:
        """Cut chunks and have them prepared, a few ahead of those being sent."""
        try:
            async for chunk in _chunks(self._exchange, reader, self._limits):
                await self._slots.acquire()
                preparing = asyncio.create_task(self._prepare(chunk))
                self._unsettled.add(preparing)
                self._ahead.put_nowait((chunk, preparing))
        finally:
            self._ahead.put_nowait(None)

    async def _prepare(self, chunk: Chunk) -> Prepared | None:
        if not chunk.texts:
            return None
        # Chunks of a batch that is sent again must not compete with each other for the quota.
        if (found := await self._till.replayed(self.question(chunk))) is not None:
            return found
        deadline = self._exchange.deadline(self._limits.longest_deadline_seconds)
        while True:
            try:
                return await self._till.prepare(self.question(chunk))
            except (OverloadedError, QuotaExceededError) as error:
                # The first chunk is refused like any request; later ones wait for their turn.
                wait = max(error.retry_after_seconds or 1.0, _SHORTEST_WAIT_SECONDS)
                over = self._exchange.deadline(wait) >= deadline
                if chunk.number == 0 or wait > _LONGEST_WAIT_SECONDS or over:
                    raise
                await asyncio.sleep(wait)

    def question(self, chunk: Chunk, *, key: str | None = None) -> Question:
        """How a chunk is asked and booked. key: in place of the chunk's own."""
        head = self._exchange.head
        base = head.idempotency_key
        own = None if base is None else (base if key == "" else f"{base} chunk {chunk.number}")
        content = [[record.identifier, record.text, record.line] for record in chunk.records]
        return Question(
            caller=self._exchange.known_caller,
            request_id=f"{head.books_id}.{chunk.number}",
            texts=chunk.texts,
            top_k=self._top_k,
            deadline=self._exchange.deadline(self._limits.longest_deadline_seconds),
            render=self._form.renderer(chunk.records),
            idempotency_key=own,
            # the books keep answers as they were worded: another format is another question
            body_sha256=self._exchange.digest(
                orjson.dumps([self._top_k, content, *filter(None, [self._form.name])])
            ),
        )

    async def _finish_chunk(self, chunk: Chunk, preparing: _Preparing) -> None:
        prepared = await preparing
        self._unsettled.discard(preparing)
        self._slots.release()
        if prepared is None:
            self._summary.faulty(chunk.records)
            body, repeat = self._form.faults(chunk.records), False
        else:
            recorded = await self._till.commit(prepared)
            body, repeat = recorded.answer, recorded.repeat
            if repeat or prepared.request is None:
                self._summary.repeated(chunk.records)
            else:
                self._summary.answered(chunk.records, prepared.request)
        self._next_position = chunk.records[-1].position + 1
        await self._send(body, repeat=repeat)

    async def _stop(self, refusal: Refusal) -> None:
        if not self._exchange.answer_started:
            raise refusal
        counters = self._exchange.services.counters
        counters.refusals[refusal.code] += 1
        head = self._exchange.head
        end = self._form.stopped(refusal, head.request_id, self._next_position)
        await self._send(end, last=True)

    async def _send(self, body: bytes, *, repeat: bool = False, last: bool = False) -> None:
        exchange = self._exchange
        if not exchange.answer_started:
            exchange.answer_started = True
            media, replayed = self._form.media, REPLAYED if repeat else []
            headers = head_of(exchange.head.request_id, media, replayed)
            body = self._form.opening() + body
            start = {"type": "http.response.start", "status": 200, "headers": headers}
            await exchange.send(start)
        await exchange.send({"type": "http.response.body", "body": body, "more_body": not last})

    async def _clean_up(self, reading: asyncio.Task[None]) -> None:
        """Nothing that was prepared and not sent is charged."""
        for task in (reading, *self._unsettled):
            task.cancel()
        await asyncio.wait([reading, *self._unsettled])
        for task in self._unsettled:
            if not task.cancelled() and task.exception() is None:
                prepared = task.result()
                if prepared is not None:
                    await self._till.abandon(prepared)


async def _chunks(
    exchange: Exchange, reader: RecordReader, limits: HttpLimits
) -> AsyncIterator[Chunk]:
    """Records in chunks of bounded size, cut the same way whenever the same bytes come."""
    number = 0
    records: list[Record] = []
    characters = 0
    async for record in _records(exchange, reader, limits):
        if record.position >= limits.batch_inputs:
            raise Refusal(
                413, "too_many_inputs", f"a batch has at most {limits.batch_inputs} records"
            )
        records.append(record)
        characters += len(record.text or "")
        if len(records) >= limits.batch_chunk_inputs or characters >= limits.batch_chunk_bytes:
            yield Chunk(number, records)
            number += 1
            records, characters = [], 0
    if records:
        yield Chunk(number, records)


async def _records(
    exchange: Exchange, reader: RecordReader, limits: HttpLimits
) -> AsyncIterator[Record]:
    async for part in stream_body(exchange.receive, limits):
        for record in reader.feed(part):
            yield record
    for record in reader.end():
        yield record


def _reader(exchange: Exchange, text_column: str | None) -> RecordReader:
    content_type = exchange.head.content_type
    limits = exchange.services.limits
    if content_type in CSV_TYPES:
        return CsvReader(limits, text_column)
    if content_type not in NDJSON_TYPES:
        raise Refusal(
            415,
            "unsupported_media_type",
            "a batch is NDJSON or CSV",
            hint="Content-Type: application/x-ndjson or text/csv",
        )
    if text_column is not None:
        raise Refusal(400, "invalid_query", "text_column goes with Content-Type: text/csv")
    return NdjsonReader(limits)


def _top_k(value: str, limits: HttpLimits) -> int:
    if not (value.isascii() and value.isdigit()) or not 1 <= int(value[:9]) <= limits.top_k:
        raise Refusal(400, "invalid_query", f"top_k must be from 1 to {limits.top_k}")
    return int(value[:9])
