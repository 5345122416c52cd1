"""A sound store with little of everything, and ways to damage one behind the backs of those who write to it.

Rows are changed by SQL that all engines take, objects and events by their ports where these have a verb for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import text

from app.settings import Settings
from storage import relay, times
from storage.canonical import hash64
from storage.changes import Change, Protect, Protection, SoftDelete
from storage.edits import Base
from storage.ids import EntityId, internal
from storage.keys import snapshot_key, statement_key
from storage.model import Event
from storage.ports import Stores
from storage.sql.metadata import SqlMetadata
from tests.builders import a_body, an_event, an_item
from tests.commit.making import edit, make
from tests.places import Places, nothing
from tests.states.moves import asked, hard_delete, redirect_to

Q42 = EntityId("Q42")
LINK = hash64(a_body("P31", item="Q5").canonical)
"""The statement by which Q42 refers to Q5."""
SHARED = hash64(a_body("P1", string="held by many").canonical)
"""The other one that Q42 holds, and Q1 with it."""


async def sound(stores: Stores) -> None:
    """Fill a place: two items with a link and a shared statement, one in each state, and nothing owed any more."""
    item = an_item("Q42").with_statement("P1", string="held by many")
    edits = [
        edit(an_item("Q5").with_label("en", "human"), Base.NOTHING),
        edit(an_item("Q1").with_statement("P1", string="held by many"), Base.NOTHING),
        edit(item, Base.NOTHING),
        edit(item.with_statement("P31", item="Q5"), 1, edit_type="a link"),
    ]
    changes: Mapping[str, Change] = {
        "Q60": redirect_to("Q5"),
        "Q61": Protect(Protection.LOCKED),
        "Q62": SoftDelete("a duplicate"),
        "Q63": hard_delete(),
    }
    for entity, change in changes.items():
        edits += [edit(an_item(entity).with_label("en", entity), Base.NOTHING), asked(entity, change)]
    await make(stores, *edits)
    await relay.settle(stores, clock=times.now)


@dataclass(frozen=True, slots=True)
class Damaged:
    """Stores at a place, to be damaged. What is opened for that is closed with `stack`."""

    stores: Stores
    places: Places
    place: Settings
    stack: AsyncExitStack


Do = Callable[[Damaged], Awaitable[Stores]]
"""Do the damage; answers the stores in which it is."""


async def run(stores: Stores, statement: str, **bound: object) -> None:
    """Run one statement of SQL, which must find something to change."""
    assert isinstance(stores.metadata, SqlMetadata)
    count = await stores.metadata.database.write(lambda c: c.execute(text(statement), bound).rowcount)
    assert count > 0, statement


def rows(statement: str, entity: str = "Q42", **bound: object) -> Do:
    """A change of rows. The number of the entity is `:it`, that of Q5 `:q5`."""

    async def do(damaged: Damaged) -> Stores:
        numbers = {"it": internal(EntityId(entity)), "q5": internal(EntityId("Q5"))}
        named = {name: number for name, number in numbers.items() if f":{name}" in statement}
        await run(damaged.stores, statement, **named, **bound)
        return damaged.stores

    return do


async def lose_snapshot(damaged: Damaged) -> Stores:
    """An object is gone."""
    await damaged.stores.objects.delete([snapshot_key(Q42, 1)])
    return damaged.stores


async def lose_statement(damaged: Damaged) -> Stores:
    """An object is gone."""
    await damaged.stores.objects.delete([statement_key(LINK)])
    return damaged.stores


async def change_snapshot(damaged: Damaged) -> Stores:
    """An object has a byte more."""
    await damaged.places.alter(damaged.place, snapshot_key(Q42, 2), lambda data: data + b" ")
    return damaged.stores


async def tag_as_pending(damaged: Damaged) -> Stores:
    """A tag is that of what is not committed."""
    await damaged.stores.objects.tag({snapshot_key(Q42, 2): {"publication_state": "pending"}})
    return damaged.stores


async def tell_of_nothing(damaged: Damaged) -> Stores:
    """An event too many."""
    await damaged.stores.events.publish([an_event("Q42", 9)])
    return damaged.stores


def told(change: Callable[[Sequence[Event]], Sequence[Event]]) -> Do:
    """The events are told again in another stream, as nobody would."""

    async def do(damaged: Damaged) -> Stores:
        events = [one.event for one in await damaged.stores.events.read(None, 1000)]
        # A new one for each: what is filled once is there for all who ask for the same.
        place = await asyncio.to_thread(damaged.places.filled, partial(nothing))
        other = await damaged.stack.enter_async_context(damaged.places.opened(place))
        for event in change(events):
            await other.events.publish([event])
        return replace(damaged.stores, events=other.events)

    return do
