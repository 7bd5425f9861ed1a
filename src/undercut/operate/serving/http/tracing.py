"""OpenTelemetry, where it is installed (`pip install 'undercut[otel]'`) and asked for."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from undercut.core.errors import MissingExtraError


class Span(Protocol):
    """One request."""

    def active(self) -> AbstractContextManager[object]:
        """While it is worked on: spans begun meanwhile are its children."""
        ...

    def end(self, status: int, code: str | None) -> None:
        """status: of the response, 0 for none. code: of a refusal."""
        ...


class Tracer(Protocol):
    """Makes spans of requests."""

    def begin(self, operation: str, traceparent: bytes, request_id: str) -> Span:
        """A span that continues the caller's trace."""
        ...


class OpenTelemetryTracer:
    """Spans of the globally configured tracer provider: server spans named after the operation,
    with request id, status and refusal, and nothing of the content.

    Only what is the server's own fault is an error. Source: OpenTelemetry's semantic conventions
    of HTTP server spans.
    """

    def __init__(self) -> None:
        try:
            from opentelemetry import trace
            from opentelemetry.trace.propagation.tracecontext import (
                TraceContextTextMapPropagator,
            )
        except ImportError:
            raise MissingExtraError("opentelemetry-api", "otel", "tracing") from None
        self._trace = trace
        self._tracer = trace.get_tracer("undercut.serving")
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, operation: str, traceparent: bytes, request_id: str) -> Span:
        """As `Tracer.begin`."""
        carrier = {"traceparent": traceparent.decode("ascii", errors="replace")}
        span = self._tracer.start_span(
            f"undercut {operation}",
            context=self._propagator.extract(carrier) if traceparent else None,
            kind=self._trace.SpanKind.SERVER,
            attributes={"undercut.request_id": request_id},
        )
        return _OpenSpan(self._trace, span)


class _OpenSpan:
    def __init__(self, trace: Any, span: Any) -> None:
        self._trace = trace
        self._span = span

    def active(self) -> AbstractContextManager[object]:
        # an exception's words may quote what the user sent
        found: AbstractContextManager[object] = self._trace.use_span(
            self._span, record_exception=False, set_status_on_exception=False
        )
        return found

    def end(self, status: int, code: str | None) -> None:
        if status:
            self._span.set_attribute("http.response.status_code", status)
        if code is not None:
            self._span.set_attribute("error.type", code)
        if status >= 500:
            self._span.set_status(self._trace.StatusCode.ERROR)
        self._span.end()
