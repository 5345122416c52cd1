"""Edits for the tests of the write flow, and what these tests ask of the stores.

The entities are those of `tests.builders`. Knows no backend.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from itertools import count
from typing import Any, Literal

from storage import reading, relay, times
from storage.changes import SetContent, SetRedirect
from storage.check import check
from storage.commit import Outcome, commit
from storage.edits import Base, Edit
from storage.ids import EntityId
from storage.model import EditInfo, JsonObject
from storage.ports import EditKey, HistoryPage, Stores
from storage.validation import Level
from tests.builders import EntityBuilder

BaseOf = int | Literal[Base.NOTHING, Base.HEAD]


def edit(
    content: EntityBuilder | JsonObject,
    base: BaseOf,
    key: EditKey | None = None,
    *,
    level: Level = Level.STRICT,
    revives: bool = False,
    **info: Any,
) -> Edit:
    """That the entity shall say this."""
    entity = content.json() if isinstance(content, EntityBuilder) else content
    told = EditInfo(**({"editor": "Alice"} | info))
    return Edit(EntityId(entity["id"]), base, SetContent(entity, level), told, key, revives=revives)


def redirect(source: str, target: str, base: BaseOf, *, revives: bool = False) -> Edit:
    """That the entity shall redirect. With `revives` as an import would have it, whatever the target is."""
    return Edit(EntityId(source), base, SetRedirect(EntityId(target)), EditInfo("Alice"), revives=revives)


async def eager() -> AsyncIterator[int]:
    """As many tries as the write flow makes by itself, without its waits."""
    for number in range(12):
        await asyncio.sleep(0)
        yield number


async def patient() -> AsyncIterator[int]:
    """The waits of the write flow without an end: where all of many are to land, and the machine may have much to do."""
    for number in count():
        if number:
            await asyncio.sleep(random.uniform(0.2, 1.0) * min(0.01 * 2 ** min(number, 8), 2.0))
        yield number


async def make(stores: Stores, first: Edit, *more: Edit) -> Outcome:
    """Commit these edits, derive nothing, and answer how the last one ended."""
    outcome = await commit(first, stores, clock=times.now, pauses=eager)
    for one in more:
        outcome = await commit(one, stores, clock=times.now, pauses=eager)
    return outcome


async def read(stores: Stores, entity: str, revision: int | None = None) -> JsonObject:
    """The entity as it is read back."""
    row = await reading.row_of(stores, EntityId(entity), revision)
    return await reading.entity_json(stores, row)


async def history(stores: Stores, entity: str) -> list[int]:
    """The numbers of an entity's revisions, oldest first."""
    page = HistoryPage(EntityId(entity), 10_000)
    rows = (await stores.metadata.histories([page]))[page]
    return [row.revision for row in reversed(rows)]


async def head_of(stores: Stores, entity: str) -> int | None:
    """The revision of an entity's head, None if it has none."""
    found = (await stores.metadata.heads([EntityId(entity)])).get(EntityId(entity))
    return found.head.revision if found is not None else None


async def findings(stores: Stores) -> Sequence[str]:
    """What the checker has against the stores once all that is owed is done."""
    await relay.settle(stores, clock=times.now)
    return [str(finding) async for finding in check(stores)]
