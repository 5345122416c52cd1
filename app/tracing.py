"""Traces: which request or round of the relay did what, down to each call of a store, by OpenTelemetry.

Exported by OTLP over HTTP where the standard variables say so (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_EXPORTER`);
else there are no spans at all. A request has a trace id in any case: the one that its `traceparent` names, else one of
its own, under which its log lines and masked errors are found. Knows no HTTP.
"""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.settings import WrongSetting

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
Attributes = Mapping[str, str | int] | None

_propagator = TraceContextTextMapPropagator()


class Tracing:
    """Where spans go to, or that there are none. Must be closed, which sends what is left."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._tracer: Tracer | None = None
        if not is_wanted(environment):
            return
        # Imported only where there is something to export: it takes longer than the rest of a start.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        named = "OTEL_SERVICE_NAME" in environment or "service.name=" in environment.get(
            "OTEL_RESOURCE_ATTRIBUTES", ""
        )
        self._provider = TracerProvider(
            resource=Resource.create({} if named else {"service.name": "wikibase-graph"})
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("wikibase_graph")

    def close(self) -> None:
        """Send what is left; waits for it, but no longer than the exporter's own limits."""
        if self._tracer is not None:
            self._provider.shutdown()

    @contextmanager
    def request(self, name: str, headers: Mapping[str, str]) -> Iterator[Span]:
        """What happens meanwhile belongs to a request, of the trace that its headers name or a new one."""
        given = _propagator.extract(headers, context.Context())
        if self._tracer is not None:
            with _span(self._tracer, name, given, SpanKind.SERVER) as span:
                yield span
            return
        span = trace.get_current_span(given)
        if not span.get_span_context().is_valid:
            own = SpanContext(secrets.randbits(128) or 1, secrets.randbits(64) or 1, is_remote=False)
            span = NonRecordingSpan(own)
        token = context.attach(trace.set_span_in_context(span))
        try:
            yield span
        finally:
            context.detach(token)

    @contextmanager
    def root(self, name: str, attributes: Attributes = None) -> Iterator[None]:
        """What happens meanwhile is a trace of its own."""
        if self._tracer is None:
            yield
            return
        with _span(self._tracer, name, context.Context(), SpanKind.INTERNAL, attributes):
            yield

    @contextmanager
    def step(
        self, name: str, attributes: Attributes = None, kind: SpanKind = SpanKind.INTERNAL
    ) -> Iterator[None]:
        """What happens meanwhile is a step of the trace that there is, if there is any."""
        if self._tracer is None or not trace.get_current_span().is_recording():
            yield
            return
        with _span(self._tracer, name, None, kind, attributes):
            yield


@contextmanager
def _span(
    tracer: Tracer,
    name: str,
    parent: context.Context | None,
    kind: SpanKind,
    attributes: Attributes = None,
) -> Iterator[Span]:
    # Of what is raised the name alone: texts of errors may quote what somebody wrote.
    with tracer.start_as_current_span(
        name, parent, kind, attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except Exception as error:
            span.set_status(StatusCode.ERROR, getattr(error, "code", type(error).__name__))
            raise


def current_trace() -> str | None:
    """The id of the trace that there is, in its 32 digits."""
    found = trace.get_current_span().get_span_context()
    return f"{found.trace_id:032x}" if found.is_valid else None


def trace_id() -> str:
    """The id of the trace that there is, or one that nothing else has."""
    return current_trace() or uuid.uuid4().hex


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether the standard variables ask for traces. WrongSetting if they ask for what is not built in."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER") or (
        "otlp" if any(environment.get(name) for name in _ENDPOINTS) else "none"
    )
    if exporter == "none":
        return False
    if exporter != "otlp":
        raise WrongSetting(f"OTEL_TRACES_EXPORTER={exporter!r} is none of otlp, none")
    for name in _PROTOCOLS:
        if environment.get(name, "http/protobuf") != "http/protobuf":
            raise WrongSetting(f"{name}={environment[name]!r} is not http/protobuf")
    return True
