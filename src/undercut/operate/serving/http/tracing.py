"""OpenTelemetry, where it is installed (`pip install 'undercut[otel]'`) and asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from undercut.core.errors import MissingExtraError


class Tracer(Protocol):
    """Wraps a request in a span that continues the caller's trace."""

    def span(self, operation: str, traceparent: bytes, request_id: str) -> Any:
        """A context manager."""
        ...


class OpenTelemetryTracer:
    """Spans of the globally configured tracer provider; exporters are the environment's affair."""

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

    @contextmanager
    def span(self, operation: str, traceparent: bytes, request_id: str) -> Iterator[None]:
        """A server span named after the operation, with the request id and no content."""
        carrier = {"traceparent": traceparent.decode("ascii", errors="replace")}
        with self._tracer.start_as_current_span(
            f"undercut {operation}",
            context=self._propagator.extract(carrier) if traceparent else None,
            kind=self._trace.SpanKind.SERVER,
            attributes={"undercut.request_id": request_id},
            # an exception's words may quote what the user sent
            record_exception=False,
            set_status_on_exception=False,
        ):
            yield
