"""Spans that really leave the process: set up here unless whoever started it has done so."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import undercut
from undercut.core.errors import MissingExtraError

if TYPE_CHECKING:
    from undercut.operate.serving.http.tracing import OpenTelemetryTracer

_PACKAGES: Final = (
    "opentelemetry.sdk.trace",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
)


def check_tracing() -> None:
    """MissingExtraError where spans could not be sent anywhere."""
    for package in ("opentelemetry", *_PACKAGES):
        try:
            found = find_spec(package)
        except ModuleNotFoundError:
            found = None
        if found is None:
            raise MissingExtraError("opentelemetry", "otel", "--tracing")


def make_tracer() -> OpenTelemetryTracer:
    """Spans for the process's tracer provider.

    Where none was set up (by `opentelemetry-instrument` or a program that embeds the server),
    spans go over OTLP/HTTP as OTEL_EXPORTER_OTLP_ENDPOINT and its kin say, by default to
    http://localhost:4318; those in memory are sent before the process ends.
    """
    from opentelemetry import trace

    from undercut.operate.serving.http.tracing import OpenTelemetryTracer

    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        _set_up()
    return OpenTelemetryTracer()


def _set_up() -> None:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    facts = {"service.version": undercut.__version__}
    if "OTEL_SERVICE_NAME" not in os.environ:
        facts["service.name"] = "undercut"
    provider = TracerProvider(resource=Resource.create(facts))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
