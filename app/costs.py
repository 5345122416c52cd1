"""`extensions.cost`: what a request pulled, for whoever wrote it.

Told to who asks for it, by `"extensions": {"cost": true}` beside the query or by the header `X-Cost: true`. All numbers
are of this request alone, but for what it shared with others: what somebody else was reading is a wait here, and a
miss there.
"""

from __future__ import annotations

import json
from time import perf_counter
from typing import Any

from app.answers import Answer, written
from app.asked import Asked
from app.requests import Request, request_here

PARTS = ("parse", "validate", "execute", "serialise", "store")
"""Of the time. `store` is the part of `execute` in which at least one call of a store was under way."""


def with_cost(answer: Answer, asked: Asked, maximum: int) -> Answer:
    """The answer, with what it cost if that was asked for. `maximum` is what it might have cost, 0 for anything."""
    request = request_here()
    if request is None or not (request.cost_wanted or (asked.extensions or {}).get("cost") is True):
        return answer
    began = perf_counter()
    told = written(answer)
    request.seconds["serialise"] = perf_counter() - began
    # Counted in what was written, since parts of the answer may be written already.
    fields = _fields(json.loads(told).get("data"))
    extensions = {
        **answer.get("extensions", {}),
        "cost": _told(request, fields, len(told), maximum),
    }
    return {**answer, "extensions": extensions}


def _told(request: Request, fields: int, size: int, maximum: int) -> dict[str, Any]:
    return {
        "cost": request.cost,
        "maximum": maximum,
        "fields": fields,
        "bytes": size,
        "databaseQueries": request.database_queries,
        "objectReads": request.object_reads,
        "objectReadBytes": request.object_read_bytes,
        "objectWrites": request.object_writes,
        "objectWrittenBytes": request.object_written_bytes,
        "cacheHits": request.cache_hits,
        "cacheMisses": request.cache_misses,
        "cacheWaits": request.cache_waits,
        "storeCalls": request.store_calls,
        "milliseconds": {part: round(request.seconds[part] * 1000, 3) for part in PARTS},
    }


def _fields(data: object) -> int:
    """How many fields an answer has, at all depths."""
    count, left = 0, [data]
    while left:
        match left.pop():
            case dict() as fields:
                count += len(fields)
                left.extend(fields.values())
            case list() as items:
                left.extend(items)
    return count
