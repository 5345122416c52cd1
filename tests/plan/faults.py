"""What is wrong with what is read, the same each time it is read: decided by the key and a number.

Contents are broken as no validated edit could, so that resolvers raise and what may not be null is null; others are damaged,
or not there, or their store does not answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any
from unittest.mock import patch

from storage import reading
from storage.errors import Damaged, Unavailable
from storage.model import StatementBody, StoredSnapshot

Read = Callable[..., Awaitable[Mapping[Any, Any]]]


@contextmanager
def faulty(number: int, part: float) -> Iterator[None]:
    """Within, this part of all that is read is wrong."""
    with (
        patch.object(reading, "statements", _reading(reading.statements, number, part, _broken_statement)),
        patch.object(reading, "snapshots", _reading(reading.snapshots, number, part, _broken_snapshot)),
        patch.object(reading, "heads", _reading(reading.heads, number, part / 4, lambda head, _: head)),
    ):
        yield


def _reading(read: Read, number: int, part: float, broken: Callable[[Any, Random], Any]) -> Read:
    async def wrapped(stores: Any, keys: Collection[Any]) -> Mapping[Any, Any]:
        found = dict(await read(stores, keys))
        for key, value in list(found.items()):
            chance = Random(f"{number} {key}")
            if chance.random() >= part:
                continue
            match chance.randrange(8):
                case 0:
                    found[key] = Damaged(str(key), "is broken on purpose")
                case 1 if broken is not _broken_snapshot:
                    del found[key]
                case 2:
                    found[key] = Unavailable(f"{key} on purpose")
                case _ if not isinstance(value, Damaged):
                    found[key] = broken(value, chance)
        return found

    return wrapped


def _broken_statement(body: StatementBody, chance: Random) -> StatementBody:
    statement = deepcopy(body.statement)
    for _ in range(chance.randint(1, 3)):
        _break(statement, chance)
    return replace(body, statement=statement)


def _broken_snapshot(stored: StoredSnapshot, chance: Random) -> StoredSnapshot:
    content = stored.snapshot.content
    entity = deepcopy(content.entity)
    for _ in range(chance.randint(1, 4)):
        _break(entity, chance)
    return replace(stored, snapshot=replace(stored.snapshot, content=replace(content, entity=entity)))


def _break(value: Any, chance: Random) -> None:
    """Change something somewhere within."""
    places: list[tuple[Any, Any]] = []
    levels = [value]
    while levels:
        one = levels.pop()
        keys = one.keys() if isinstance(one, dict) else range(len(one))
        for key in keys:
            places.append((one, key))
            if isinstance(one[key], dict | list):
                levels.append(one[key])
    if not places:
        return
    holder, key = chance.choice(places)
    match chance.randrange(6):
        case 0:
            del holder[key]
        case 1:
            holder[key] = None
        case 2:
            holder[key] = chance.choice([True, 2**40, 1.5, float("inf"), [], {}, [1], "x"])
        case 3:
            holder[key] = [holder[key]]
        case 4:
            holder[key] = {"value": holder[key]}
        case _:
            holder[key] = chance.choice(["novalue", "wikibase-entityid", 7, -1, (), ("a", "b")])
