"""A collector of traces: takes what is exported by OTLP over HTTP, and puts the spans together again."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True, slots=True)
class Span:
    """What is compared of a span. Ids in hexadecimal digits; `parent` is empty for the first of a trace."""

    trace: str
    id: str
    parent: str
    name: str
    attributes: dict[str, str | int]
    failure: str


class Collector:
    """What was exported so far, by whom."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.spans: list[Span] = []
        self.services: set[str] = set()

    def named(self, name: str) -> list[Span]:
        """The spans of this name."""
        return [span for span in self.spans if span.name == name]

    def path(self, span: Span) -> list[str]:
        """The names from the first span of its trace down to this one."""
        by_id = {one.id: one for one in self.spans}
        names = [span.name]
        while span.parent in by_id:
            span = by_id[span.parent]
            names.insert(0, span.name)
        return names

    def take(self, data: bytes) -> None:
        """Keep what one request brings."""
        request = ExportTraceServiceRequest.FromString(data)
        for resource in request.resource_spans:
            for told in resource.resource.attributes:
                if told.key == "service.name":
                    self.services.add(told.value.string_value)
            for scope in resource.scope_spans:
                for span in scope.spans:
                    attributes: dict[str, str | int] = {
                        one.key: one.value.int_value or one.value.string_value for one in span.attributes
                    }
                    failure = span.status.message if span.status.code == 2 else ""
                    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                    self.spans.append(Span(*ids, span.name, attributes, failure))


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens, in a thread."""

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            data = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                data = gzip.decompress(data)
            collector.take(data)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        collector = Collector(server.server_port)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
