"""`undercut.AsyncClient`: asks a server, from an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import TypeVar, overload

from undercut.client.answers import Answer, Batch, Progress
from undercut.client.calls import Call, checked_top_k
from undercut.client.connections import (
    MOST_REPLY_BYTES,
    broken,
    closed,
    headers_of,
    httpx,
    late,
    limits_of,
    lower,
    timeout_of,
    too_long,
)
from undercut.client.csv_files import csv_job
from undercut.client.exchange import Outcome, Send, exchange
from undercut.client.in_order_async import in_order_async
from undercut.client.jobs import Job, checked_texts
from undercut.client.monthly import MonthUsage, usage_call
from undercut.client.replies import Reply
from undercut.client.settings import ClientConfig, server
from undercut.client.timing import AsyncTiming

T = TypeVar("T")


class AsyncClient:
    """`Client` for an event loop: the same arguments, the same answers, the same errors.

    One per event loop. Cancelling a call cancels its requests; what the server had begun it may
    still answer and count, and the same `idempotency_key` gets that answer later.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        config: ClientConfig | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timing: AsyncTiming | None = None,
    ) -> None:
        self._config = config or ClientConfig()
        self._server = server(url, key)
        self._timing = timing or AsyncTiming()
        self._http = httpx.AsyncClient(
            headers=headers_of(self._server),
            limits=limits_of(self._config),
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"AsyncClient({self._server.url!r})"

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; calls under way fail."""
        await self._http.aclose()

    @overload  # a str is an Iterable[str] as well, and meant as one text
    async def predict(  # type: ignore[overload-overlap]
        self,
        texts: str,
        *,
        top_k: int = 1,
        deadline_seconds: float | None = None,
        idempotency_key: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Answer: ...

    @overload
    async def predict(
        self,
        texts: Iterable[str],
        *,
        top_k: int = 1,
        deadline_seconds: float | None = None,
        idempotency_key: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Answer]: ...

    async def predict(
        self,
        texts: str | Iterable[str],
        *,
        top_k: int = 1,
        deadline_seconds: float | None = None,
        idempotency_key: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Answer | list[Answer]:
        """The answer to one text, or the answers to many in their order; see `Client.predict`."""
        job = Job(self._config, top_k=top_k, key=idempotency_key, deadline_seconds=deadline_seconds)
        many = checked_texts([texts] if isinstance(texts, str) else texts)
        answers = [answer async for answer in self._answers(job, many, progress, total=len(many))]
        return answers[0] if isinstance(texts, str) else answers

    def predict_many(
        self,
        texts: Iterable[str] | AsyncIterable[str],
        *,
        top_k: int = 1,
        deadline_seconds: float | None = None,
        idempotency_key: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> AsyncIterator[Answer]:
        """Answers to a stream of texts, in its order, as they come; memory stays bounded.

        Reads ahead by a few requests at most. The rest is as for `Client.predict`.
        """
        job = Job(self._config, top_k=top_k, key=idempotency_key, deadline_seconds=deadline_seconds)
        return self._answers(job, texts, progress, total=None)

    async def predict_csv(
        self,
        source: Path | str,
        target: Path | str,
        *,
        text_column: str | None = None,
        top_k: int = 1,
        idempotency_key: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> int:
        """Answer the texts of a CSV file into another; see `Client.predict_csv`."""
        with csv_job(source, target, text_column=text_column, top_k=checked_top_k(top_k)) as job:
            async for answer in self.predict_many(
                job.texts(), top_k=top_k, idempotency_key=idempotency_key, progress=progress
            ):
                job.write(answer)
        return job.rows

    async def usage(self, month: str | None = None) -> MonthUsage:
        """What this key's tenant used in a month, '2026-11'; the current one where None."""
        until = self._timing.monotonic() + self._config.deadline_seconds
        return await self._run(usage_call(month), until)

    async def _answers(
        self,
        job: Job,
        texts: Iterable[str] | AsyncIterable[str],
        progress: Callable[[Progress], None] | None,
        total: int | None,
    ) -> AsyncIterator[Answer]:
        done = Progress(total=total)
        started = self._timing.monotonic()

        async def ask(call: Call[Batch]) -> Batch:
            return await self._run(call, job.until(started, self._timing.monotonic()))

        batches = in_order_async(_calls(job, texts), ask, concurrency=self._config.concurrency)
        async with aclosing(batches):
            async for batch in batches:
                done = done.after(batch)
                if progress is not None:
                    progress(done)
                for answer in batch.answers:
                    yield answer

    async def _run(self, call: Call[T], until: float) -> T:
        steps = exchange(call, self._config, self._timing, until)
        outcome: Outcome = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, Send):
                outcome = await self._send(call, step)
            else:
                outcome = None
                await self._timing.sleep(step.seconds)

    async def _send(self, call: Call[T], step: Send) -> Outcome:
        if self._http.is_closed:
            raise closed()
        try:
            async with asyncio.timeout(step.timeout_seconds):
                return await self._attempt(call, step)
        except httpx.RequestError as error:
            return broken(error, self._server)
        except TimeoutError:
            return late(self._server, step.timeout_seconds)

    async def _attempt(self, call: Call[T], step: Send) -> Outcome:
        async with self._http.stream(
            call.method,
            self._server.url + call.path,
            content=call.body,
            headers=call.headers,
            timeout=timeout_of(step.timeout_seconds),
        ) as response:
            body = bytearray()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > MOST_REPLY_BYTES:
                    return too_long(self._server)
            return Reply(response.status_code, lower(response.headers), bytes(body))


async def _calls(job: Job, texts: Iterable[str] | AsyncIterable[str]) -> AsyncIterator[Call[Batch]]:
    if not isinstance(texts, AsyncIterable):
        for call in job.calls(texts):
            yield call
        return
    splitter = job.splitter()
    async for text in texts:
        if (full := splitter.add(text)) is not None:
            yield job.call(full)
    if rest := splitter.rest():
        yield job.call(rest)
