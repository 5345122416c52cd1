"""`wikibase-graph serve` with peers and floors beside `/graphql`, on the same stores, through the same cache.

    /hand/NAME     the same by hand: a Starlette route (see `twins`)
    /scalar        the answer by hand as one field of a JSON scalar, by graphql-core: GraphQL with nothing typed in it
    /bytes/NAME    what was sent to `/record/NAME` before, by a bare ASGI application
    /objects       bare reads of objects by their names, with the S3 client that the stores read with
    /ariadne       the graph's own resolvers under Ariadne, where it is installed (see `peer_ariadne`)

`python -m tests.benchmarks.peers serve`. What stands before `/graphql` (middleware, limits, metrics) stands before none of
these; the server beneath and its event loop are the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import graphql
import orjson
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.commands import main
from app.main import application
from app.metered import Port
from app.settings import Settings
from storage.keys import Bucket, Key
from storage.model import JsonObject
from storage.ports import Stores
from storage.s3 import S3Objects
from tests.benchmarks import twins

PASSED = "query Passed($name: String!, $asked: Json!) { passed(name: $name, asked: $asked) }"
"""What is asked of `/scalar`."""


class Beside(Starlette):
    """The application, and before it those of the others that a path belongs to."""

    def __init__(self, app: Starlette) -> None:
        super().__init__()
        self.state = app.state
        self._app = app
        self._others: dict[str, ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == "/metrics":
            await self._app(scope, receive, send)
            return
        name = scope["path"].split("/", 2)[1]
        if name not in self._others:
            self._others = {**dict(_others(self.state)), "graphql": self._app}  # the stores are open by now
        await self._others[name](scope, receive, send)


def _others(state: Any) -> Iterable[tuple[str, ASGIApp]]:
    stores: Stores = state.stores
    recorded: dict[str, bytes] = {}
    yield "hand", twins.application(stores)
    yield "scalar", Starlette(routes=[Route("/scalar", _scalar(stores), methods=["POST"])])
    yield "objects", Starlette(routes=[Route("/objects", _objects(stores), methods=["POST"])])
    yield "bytes", _Bytes(recorded)
    yield "record", _recording(recorded)
    if find_spec("ariadne") is not None:
        yield "ariadne", import_module("tests.benchmarks.peer_ariadne").application(state)


class _Bytes:
    """Sends what was recorded: as little as an ASGI application can do."""

    def __init__(self, recorded: dict[str, bytes]) -> None:
        self._recorded = recorded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body", False):
            pass
        body = self._recorded[scope["path"]]
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _recording(recorded: dict[str, bytes]) -> ASGIApp:
    async def record(request: Request) -> Response:
        recorded[request.url.path.replace("/record/", "/bytes/")] = await request.body()
        return Response(b"{}")

    return Starlette(routes=[Route("/record/{name}", record, methods=["POST"])])


def _scalar(stores: Stores) -> Callable[[Request], Any]:
    async def passed(_: None, _info: GraphQLResolveInfo[Any], name: str, asked: JsonObject) -> JsonObject:
        return await twins.READS[name](stores, asked)

    json = GraphQLScalarType("Json")
    arguments = {
        "name": GraphQLArgument(GraphQLNonNull(GraphQLString)),
        "asked": GraphQLArgument(GraphQLNonNull(json)),
    }
    schema = GraphQLSchema(GraphQLObjectType("Query", {"passed": GraphQLField(json, arguments, passed)}))

    async def answer(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        result = await graphql.graphql(schema, asked["query"], variable_values=asked["variables"])
        assert not result.errors, result.errors
        return Response(orjson.dumps({"data": result.data}), media_type="application/json")

    return answer


def _objects(stores: Stores) -> Callable[[Request], Any]:
    """Reads of statements by their names, all that are asked for at once as far as the place allows."""

    async def answer(request: Request) -> Response:
        objects: Any = stores.objects
        while isinstance(objects, Port):
            objects = objects._port
        assert isinstance(objects, S3Objects), "measured on S3 alone"
        reader, folder = objects._client._reader, objects._place.folder(Bucket.STATEMENTS)
        assert reader is not None
        room = asyncio.Semaphore(objects._place.concurrency)

        async def read(name: str) -> int:
            async with room:
                found = await reader.read(folder.bucket, folder.prefix + Key(Bucket.STATEMENTS, name).name)
            assert found is not None, name
            return len(found.data)

        read_bytes = await asyncio.gather(*map(read, orjson.loads(await request.body())))
        return Response(orjson.dumps(sum(read_bytes)), media_type="application/json")

    return answer


def beside(settings: Settings) -> Starlette:
    """The application with the others."""
    return Beside(application(settings))


if __name__ == "__main__":
    # The command finds what it serves by this name.
    vars(import_module("app.commands.serve"))["application"] = beside
    main()
