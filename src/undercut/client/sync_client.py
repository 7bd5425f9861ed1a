"""`undercut.Client`: asks a server, from threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
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
from undercut.client.in_order import in_order
from undercut.client.jobs import Job, checked_texts
from undercut.client.monthly import MonthUsage, usage_call
from undercut.client.replies import Reply
from undercut.client.settings import ClientConfig, server
from undercut.client.timing import SyncTiming
from undercut.core.errors import ConnectionFailedError

T = TypeVar("T")
_NEVER = threading.Event()


class Client:
    """Asks an undercut server, retries what may be retried, and is charged once for it.

    url: of the server; UNDERCUT_URL, else the local one, where not given. key: UNDERCUT_KEY where
    not given. transport: another way to send (tests, a proxy). Safe to share between threads.

    >>> with Client("http://127.0.0.1:8700") as client:  # doctest: +SKIP
    ...     client.predict("where is my card?").label
    'card_arrival'
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        config: ClientConfig | None = None,
        transport: httpx.BaseTransport | None = None,
        timing: SyncTiming | None = None,
    ) -> None:
        self._config = config or ClientConfig()
        self._server = server(url, key)
        self._timing = timing or SyncTiming()
        self._http = httpx.Client(
            headers=headers_of(self._server),
            limits=limits_of(self._config),
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"Client({self._server.url!r})"

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; calls under way in other threads fail."""
        self._http.close()

    @overload  # a str is an Iterable[str] as well, and meant as one text
    def predict(  # type: ignore[overload-overlap]
        self,
        texts: str,
        *,
        top_k: int = 1,
        deadline_seconds: float | None = None,
        idempotency_key: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Answer: ...

    @overload
    def predict(
        self,
        texts: Iterable[str],
        *,
        top_k: int = 1,
        deadline_seconds: float | None = None,
        idempotency_key: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Answer]: ...

    def predict(
        self,
        texts: str | Iterable[str],
        *,
        top_k: int = 1,
        deadline_seconds: float | None = None,
        idempotency_key: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Answer | list[Answer]:
        """The answer to one text, or the answers to many in their order.

        Many are split into requests of `config.request_inputs`, `config.concurrency` at once.
        deadline_seconds: for the whole call; without it each request has `config.deadline_seconds`.
        idempotency_key: gives the call a name: the same call with it again, after a crash as
        well, gets the answers there are and is charged for the rest only.
        Raises InputError before anything is sent where a text is none; RequestError and its kinds
        for a refusal; ConnectionFailedError where no answer came.
        """
        job = Job(self._config, top_k=top_k, key=idempotency_key, deadline_seconds=deadline_seconds)
        many = checked_texts([texts] if isinstance(texts, str) else texts)
        answers = list(self._answers(job, many, progress, total=len(many)))
        return answers[0] if isinstance(texts, str) else answers

    def predict_many(
        self,
        texts: Iterable[str],
        *,
        top_k: int = 1,
        deadline_seconds: float | None = None,
        idempotency_key: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Iterator[Answer]:
        """Answers to a stream of texts, in its order, as they come; memory stays bounded.

        Reads ahead by a few requests at most. The rest is as for `predict`.
        """
        job = Job(self._config, top_k=top_k, key=idempotency_key, deadline_seconds=deadline_seconds)
        return self._answers(job, texts, progress, total=None)

    def predict_csv(
        self,
        source: Path | str,
        target: Path | str,
        *,
        text_column: str | None = None,
        top_k: int = 1,
        idempotency_key: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> int:
        """Answer the texts of a CSV file into another, which appears when it is whole.

        text_column: 'text', or the only column, where not given; a column `id` goes along. The
        rest is as for `predict_many`. Returns how many rows were answered; InputError for a file
        that is no CSV or has no such column.
        """
        with csv_job(source, target, text_column=text_column, top_k=checked_top_k(top_k)) as job:
            for answer in self.predict_many(
                job.texts(), top_k=top_k, idempotency_key=idempotency_key, progress=progress
            ):
                job.write(answer)
        return job.rows

    def usage(self, month: str | None = None) -> MonthUsage:
        """What this key's tenant used in a month, '2026-11'; the current one where None."""
        now = self._timing.monotonic()
        until = now + self._config.deadline_seconds
        return self._run(usage_call(month), until, _NEVER)

    def _answers(
        self,
        job: Job,
        texts: Iterable[str],
        progress: Callable[[Progress], None] | None,
        total: int | None,
    ) -> Iterator[Answer]:
        done = Progress(total=total)
        for batch in self._batches(job, job.calls(texts), whole=total is not None):
            done = done.after(batch)
            if progress is not None:
                progress(done)
            yield from batch.answers

    def _batches(self, job: Job, calls: Iterator[Call[Batch]], *, whole: bool) -> Iterator[Batch]:
        started = self._timing.monotonic()
        stop = threading.Event()

        def ask(call: Call[Batch]) -> Batch:
            return self._run(call, job.until(started, self._timing.monotonic()), stop)

        # One request needs no threads. A stream is not held up to find out.
        first = list(islice(calls, 2)) if whole else []
        everything = chain(first, calls)
        if self._config.concurrency == 1 or len(first) == 1:
            return map(ask, everything)
        return in_order(everything, ask, concurrency=self._config.concurrency, stop=stop)

    def _run(self, call: Call[T], until: float, stop: threading.Event) -> T:
        steps = exchange(call, self._config, self._timing, until)
        outcome: Outcome = None
        while True:
            if stop.is_set():
                raise ConnectionFailedError("the batch was given up")
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, Send):
                outcome = self._send(call, step)
            else:
                outcome = None
                self._timing.sleep(step.seconds, stop)

    def _send(self, call: Call[T], step: Send) -> Outcome:
        if self._http.is_closed:
            raise closed()
        until = self._timing.monotonic() + step.timeout_seconds
        try:
            with self._http.stream(
                call.method,
                self._server.url + call.path,
                content=call.body,
                headers=call.headers,
                timeout=timeout_of(step.timeout_seconds),
            ) as response:
                body = bytearray()
                for piece in response.iter_raw():
                    body += piece
                    # httpx bounds each read; their sum is bounded here.
                    if self._timing.monotonic() > until:
                        return late(self._server, step.timeout_seconds)
                    if len(body) > MOST_REPLY_BYTES:
                        return too_long(self._server)
                return Reply(response.status_code, lower(response.headers), bytes(body))
        except httpx.RequestError as error:
            return broken(error, self._server)
