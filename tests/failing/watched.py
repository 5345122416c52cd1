"""`wikibase-graph serve` with one route more, `/left`: what the process has under way, as it alone can tell.

`python -m tests.failing.watched serve ...`
"""

from __future__ import annotations

import asyncio
import logging
from importlib import import_module
from logging.handlers import BufferingHandler
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.commands import main
from app.main import application
from app.settings import Settings
from app.work import Work
from storage.sql.counted import Counted
from storage.sql.metadata import SqlMetadata
from storage.sql.mysql import MysqlDatabase

_LISTENING = "0A"

errors = BufferingHandler(10_000)
"""All that was logged as an error, be it by the event loop of a task that nobody waited for."""
errors.setLevel(logging.ERROR)


def watched(settings: Settings) -> Starlette:
    """The application with that route."""
    app = application(settings)
    app.router.routes.append(Route("/left", _left))
    return app


async def _left(request: Request) -> Response:
    uvicorn = logging.getLogger("uvicorn")  # which sets its handlers when it starts, and passes nothing on
    if errors not in uvicorn.handlers:
        uvicorn.addHandler(errors)
    state = request.app.state
    work: Work = state.work
    metadata: SqlMetadata = state.stores.metadata
    assert isinstance(metadata.database, Counted)
    database = metadata.database.database
    assert isinstance(database, MysqlDatabase)
    assert request.client is not None
    tasks = asyncio.all_tasks()
    left = {
        "edits": len(work._tasks),
        "tasks": len(tasks),
        "coroutines": sorted(getattr(one.get_coro(), "__qualname__", "") for one in tasks),
        "connections": _checked_out(database),
        "followers": state.feed.followers,
        "clients": _clients(state.settings.port) - 1,  # whoever asks
        "errors": [record.getMessage() for record in errors.buffer],
    }
    return JSONResponse(left)


def _checked_out(database: MysqlDatabase) -> int:
    assert database._readers is not None
    engines = (database._readers, database._writers)
    pooled = sum(one.sync_engine.pool.checkedout() for one in engines)  # type: ignore[attr-defined]  # of the pool that it is
    return database._askers.lent + pooled


def _clients(port: int) -> int:
    """Sockets of this machine that belong to the port, but for the one that listens and those that nobody holds."""
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(
        words[1].endswith(f":{port:04X}") and words[3] != _LISTENING and words[9] != "0" for words in lines
    )


if __name__ == "__main__":
    logging.getLogger().addHandler(errors)
    vars(import_module("app.commands.serve"))["application"] = watched
    main()
