"""`/health`: the process answers. `/ready`: and so does what it needs, part by part.

Knows each part by one short question that costs a store next to nothing. Tells states and the words of errors, no
addresses and nothing secret. What is found is true for a second, however many ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from app.draining import Draining
from app.metered import code_of
from app.settings import Settings
from storage.ids import EntityId
from storage.keys import Bucket, Key
from storage.ports import Stores
from storage.sql.migrate import HEAD, NewerSchema, OlderSchema

PATIENCE_SECONDS = 2.0
"""What answers later than this counts as away."""
FRESH_SECONDS = 1.0

OK, DEGRADED, AWAY = "ok", "degraded", "away"
_NOTHING = Key(Bucket.REVISIONS, "ready/0.json")
"""An object that is never written: that it is missing is an answer."""

_SOMEBODY = EntityId("Q1")
"""Whether this one is there makes no difference."""

Probe = Callable[[], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Part:
    """Something that the server needs. Without one that is not `needed` it serves, if less well."""

    probe: Probe
    needed: bool = True


class Readiness:
    """Whether an application can serve."""

    def __init__(self, parts: Mapping[str, Part], draining: Draining) -> None:
        self._parts, self._draining = parts, draining
        self._looking: asyncio.Task[dict[str, Any]] | None = None
        self._looked = 0.0

    async def state(self) -> dict[str, Any]:
        """What `/ready` tells."""
        if self._looking is None or (self._looking.done() and monotonic() - self._looked >= FRESH_SECONDS):
            self._looking = asyncio.create_task(self._look())
        # Not the question itself is cancelled when one of those who wait for it goes away.
        parts = await asyncio.shield(self._looking)
        is_ending = self._draining.is_begun
        is_ready = not is_ending and all(part["state"] != AWAY for part in parts.values())
        degraded = [name for name, part in parts.items() if part["state"] != OK]
        return {"ready": is_ready, "ending": is_ending, "warnings": degraded, "parts": parts}

    async def _look(self) -> dict[str, Any]:
        found = await asyncio.gather(*(_asked(part) for part in self._parts.values()))
        self._looked = monotonic()
        return dict(zip(self._parts, found, strict=True))


async def _asked(part: Part) -> dict[str, Any]:
    lacking = AWAY if part.needed else DEGRADED
    began = monotonic()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            told = await part.probe()
    except TimeoutError:
        return {"state": lacking, "why": "timeout"}
    # Whatever it is: it is the answer to the question. Its text may tell where things lie, so the word alone.
    except Exception as error:
        return {"state": lacking, "why": code_of(error)}
    return {"state": OK, "milliseconds": round((monotonic() - began) * 1000, 1), **told}


def readiness(stores: Stores, settings: Settings, draining: Draining) -> Readiness:
    """Of an application on these stores."""

    async def objects() -> Mapping[str, Any]:
        await stores.objects.get([_NOTHING])
        return {}

    async def metadata() -> Mapping[str, Any]:
        await stores.metadata.registered([_SOMEBODY])
        return {}

    async def schema() -> Mapping[str, Any]:
        try:
            found = await stores.metadata.schema_version()
        except NewerSchema as newer:
            # Who upgrades migrates first: the servers that run meanwhile go on, until they are replaced.
            return {"state": DEGRADED, "why": newer.code}
        return {"version": found} if found == HEAD else {"state": AWAY, "why": OlderSchema.code}

    async def events() -> Mapping[str, Any]:
        await stores.events.reachable()
        return {}

    parts = {"metadata": Part(metadata), "objects": Part(objects), "events": Part(events, needed=False)}
    if not settings.vitess_shards:
        parts["schema"] = Part(schema)  # the tables of Vitess are made by its own tools, and tell no version
    return Readiness(parts, draining)


async def health(_: Request) -> Response:
    """The process runs and its loop answers; asks nobody else."""
    return PlainTextResponse("ok\n")


async def ready(request: Request) -> Response:
    """200 if requests may be sent here, else 503; JSON that names each part."""
    told = await request.app.state.readiness.state()
    return JSONResponse(told, 200 if told["ready"] else 503, headers={"Cache-Control": "no-store"})
