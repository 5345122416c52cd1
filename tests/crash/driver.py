"""Kill a process at every step of an edit, and look at what it leaves to the next one.

`python -m tests.crash.driver SCENE FOLDER` plays a scene once to count its steps, then once for each step in a
process that dies there: after each call of a port, and before each statement of SQL that writes and each COMMIT.
(A death before a call leaves what one after the call before it does.) So a new step is covered without being
named here. After each death another process opens the same folder and must find every acknowledged edit, no
other, and a store that can go on (I2, I4, I5, I9). Writes one line of JSON per kill point to standard output.

Processes are forked from this one, which holds no thread and no store, since starting an interpreter for each
of several hundred points would take most of the time.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from app.compose import open_embedded
from storage import reading, relay, times
from storage.canonical import canonical, digest
from storage.content import normal_full
from storage.derive import derive
from storage.edits import Base
from storage.ids import EntityId
from storage.model import JsonObject
from storage.ports import Stores
from tests.commit.making import edit, findings, head_of, history, make, read
from tests.commit.scenes import BY_NAME, Scene, sharing
from tests.faults import Faults, When

TARGET = EntityId("Q100")
NEIGHBOUR = EntityId("Q101")
_LANES = 2


@dataclass(frozen=True, slots=True)
class Point:
    """Where a process dies: after the n-th call of a port, or before the n-th statement of SQL."""

    kind: str
    number: int

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


def main(name: str, folder: Path) -> None:
    """Every kill point of one scene."""
    scene = BY_NAME[name]
    beginning = folder / "beginning"
    # In this process, and the end of a life without death too: what they load, the children need not load again.
    asyncio.run(_begin(scene, beginning))
    points = asyncio.run(_points(scene, beginning, folder / "without death"))
    assert threading.active_count() == 1, "a process with threads must not be forked"
    lanes = [_fork(partial(_lane, scene, beginning, folder, points[lane::_LANES])) for lane in range(_LANES)]
    ended = [_status(lane) for lane in lanes]
    sys.exit(1 if any(ended) else 0)


async def _begin(scene: Scene, folder: Path) -> None:
    async with open_embedded(folder) as stores:
        neighbour = edit(sharing(NEIGHBOUR, "neighbour"), Base.NOTHING)
        await make(stores, neighbour, *scene.before(TARGET))


async def _points(scene: Scene, beginning: Path, folder: Path) -> list[Point]:
    """All kill points, by playing the scene once without any."""
    shutil.copytree(beginning, folder)
    faults = Faults()
    async with open_embedded(folder) as stores:
        with _Statements() as statements:
            await _play(scene, faults.wrap(stores), folder)
    await _survive(scene, folder)
    return [
        *(Point("after call", number) for number in range(1, len(faults.calls) + 1)),
        *(Point("before statement", number) for number in range(1, statements.count + 1)),
    ]


def _lane(scene: Scene, beginning: Path, folder: Path, points: Sequence[Point]) -> None:
    for point in points:
        place = folder / str(point)
        shutil.copytree(beginning, place)
        died = _status(_fork(partial(_run, _die, scene, point, place)))
        killed = os.WIFSIGNALED(died) and os.WTERMSIG(died) == signal.SIGKILL
        if _status(_fork(partial(_run, _survive, scene, place))):
            sys.exit(1)
        wrong = json.loads((place / "wrong").read_text())
        line = json.dumps({"point": str(point), "killed": killed, "wrong": wrong})
        os.write(1, f"{line}\n".encode())
        shutil.rmtree(place)


async def _die(scene: Scene, point: Point, folder: Path) -> None:
    faults = Faults()
    async with open_embedded(folder) as stores:
        if point.kind == "after call":
            faults.kill(When.AFTER, number=point.number)
            await _play(scene, faults.wrap(stores), folder)
        else:
            with _Statements(kill_at=point.number):
                await _play(scene, stores, folder)


async def _play(scene: Scene, stores: Stores, folder: Path) -> None:
    """The edit, its answer to the client, what it owes, and a turn of the relay."""
    outcome = await scene.act(stores, TARGET)
    _acknowledge(folder, outcome.entity, outcome.revision, scene)
    if outcome.owed is not None:
        await derive(outcome.owed, stores)
    for job in (relay.DERIVING, relay.PUBLISHING):
        await relay.turn(job, stores, owner="the one that dies", clock=times.now)


def _acknowledge(folder: Path, entity: EntityId, revision: int, scene: Scene) -> None:
    """What the client was told, on the disk before anything goes on."""
    said = _digest(scene.says(entity).json()) if scene.says is not None else None
    with (folder / "client.log").open("a") as log:
        log.write(json.dumps({"entity": entity, "revision": revision, "digest": said}) + "\n")
        log.flush()
        os.fsync(log.fileno())


async def _survive(scene: Scene, folder: Path) -> None:
    """What a new process finds wrong in the folder, as a list of sentences in the file `wrong`."""
    wrong = []
    try:
        async with open_embedded(folder) as stores:
            wrong.extend([sentence async for sentence in _wrong(scene, stores, folder)])
    except Exception:
        wrong.append(traceback.format_exc())
    (folder / "wrong").write_text(json.dumps(wrong))


async def _wrong(scene: Scene, stores: Stores, folder: Path) -> AsyncIterator[str]:
    log = folder / "client.log"
    acknowledged = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    beginning = sum(one.entity == TARGET for one in scene.before(TARGET))
    for told in acknowledged:
        if problem := await _unlike(stores, told):
            yield problem
    revisions = await history(stores, TARGET)
    if len(revisions) > beginning + 1:
        yield f"one edit made {len(revisions) - beginning} revisions"
    if await read(stores, NEIGHBOUR) != sharing(NEIGHBOUR, "neighbour").json():
        yield "the neighbour is not what it was"
    if scene.keyed:
        again = await scene.act(stores, TARGET)
        if acknowledged and (again.entity, again.revision) != (
            acknowledged[0]["entity"],
            acknowledged[0]["revision"],
        ):
            yield f"under its key the edit became {again}"
        made = await history(stores, again.entity)
        if len(made) != beginning + 1 or made[-1] != again.revision:
            yield f"under its key the edit was made again: {made}"
    head = await head_of(stores, TARGET)
    after = sharing(TARGET, "the next edit").with_statement("P1", string="next")
    await make(stores, edit(after, Base.NOTHING if head is None else head, revives=True))
    if await read(stores, TARGET) != after.json():
        yield "the next edit does not read back"
    for finding in await findings(stores):
        yield finding
    for finding in await _events_unlike_revisions(stores):
        yield finding


async def _unlike(stores: Stores, told: JsonObject) -> str | None:
    """Whether an acknowledged revision is not what its client was told."""
    row = await reading.row_of(stores, EntityId(told["entity"]), told["revision"])
    if told["digest"] is None:
        target = row.flags.is_redirect
        return None if target else f"{told['entity']} was acknowledged as a redirect"
    found = _digest(await reading.entity_json(stores, row))
    return None if found == told["digest"] else f"{told['entity']} {told['revision']} reads differently"


async def _events_unlike_revisions(stores: Stores) -> list[str]:
    """Whether the stream tells, after deduplication, of other revisions than those that are there (I9)."""
    told = {(one.event.entity_id, one.event.revision_id) for one in await stores.events.read(None, 10_000)}
    there = {
        (entity, revision)
        for entity in await stores.metadata.entities(None, 1000)
        for revision in await history(stores, entity)
    }
    return [f"events {sorted(told)}, revisions {sorted(there)}"] if told != there else []


def _digest(entity: JsonObject) -> str:
    return digest(canonical(normal_full(entity))).hex()


class _Statements:
    """Counts the statements of SQL that write, and each COMMIT, of this process; it may die at one of them."""

    def __init__(self, kill_at: int | None = None) -> None:
        self.count = 0
        self._kill_at = kill_at
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> _Statements:
        event.listen(Engine, "before_cursor_execute", self._execute)
        event.listen(Engine, "commit", self._commit)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "before_cursor_execute", self._execute)
        event.remove(Engine, "commit", self._commit)

    def _execute(self, connection: Connection, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):  # a death before a read changes nothing
            connection.info["wrote"] = True
            self._step()

    def _commit(self, connection: Connection) -> None:
        if connection.info.pop("wrote", False):
            self._step()

    def _step(self) -> None:
        with self._one_at_a_time:
            self.count += 1
            if self.count == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)


def _run(work: Callable[..., Coroutine[Any, Any, None]], *told: object) -> None:
    asyncio.run(work(*told))


def _fork(work: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _status(child: int) -> int:
    return os.waitpid(child, 0)[1]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
