"""Statements as data: where they stand, and their contents fetched at once for a whole list, if they are needed.

Knows which fields of a statement need its content, rows and loaders; knows no GraphQL type.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, cast

from graph import loading
from graph.context import Info
from graph.selection import selected
from storage.errors import StatementMissing
from storage.ids import PropertyId, owner
from storage.model import JsonObject, Revision, StatementBody, StatementIndex
from storage.ports import StatementRow


class Held(NamedTuple):
    """A statement, as an entity holds it or found by its hash. Content and id are there if they were selected.

    A tuple, since one is made for each statement of an answer.
    """

    hash: int
    property: PropertyId
    content: JsonObject | None = None
    id: str | None = None


FREE = frozenset({"id", "hash", "propertyId", "property", "refCount", "holders", "__typename"})
"""Fields that need no content."""


def rank_of(held: Any) -> str:
    """The rank in a statement's content; older JSON may leave the usual one out."""
    rank: str = held.content.get("rank", "normal")
    return rank


@dataclass(frozen=True, slots=True)
class Choice:
    """Which statements of a subject are wanted."""

    properties: Sequence[PropertyId] | None = None
    ranks: Collection[str] | None = None
    best: bool = False


Subject = tuple[Revision, str | None]
"""A revision, and the id of the form or sense of it whose statements are meant."""


async def statements_of(info: Info, row: Revision, part: str | None, choice: Choice) -> list[Any]:
    """The statements of an entity, or of a form or sense of it. What can't be read has its error in its place."""
    (found,) = await statements_of_many(info, [(row, part)], choice)
    if isinstance(found, BaseException):
        raise found
    return found


async def statements_of_many(
    info: Info, subjects: Sequence[Subject], choice: Choice
) -> list[list[Any] | BaseException]:
    """The same of many, with one read of contents for all. What is wrong with one subject stands in its place."""
    tolds = await all_told(info, [row for row, _ in subjects])
    wanted = selected(info)
    ranked = choice.ranks is not None or choice.best
    places = [
        [] if isinstance(told, BaseException) else told.index.places(choice.properties, part)
        for told, (_, part) in zip(tolds, subjects, strict=True)
    ]
    hashes: list[int] = []
    inline: dict[int, StatementBody] = {}
    for told, found in zip(tolds, places, strict=True):
        if not isinstance(told, BaseException):
            hashes += [told.index.hashes[place] for place, _ in found]
            inline |= told.bodies
    contents, ids = await asyncio.gather(
        contents_of(info, hashes, inline, needed=ranked or not wanted <= FREE),
        _all_ids(info, subjects, tolds) if "id" in wanted else _nothing(),
    )
    rest = iter(zip(hashes, contents, strict=True))
    answers: list[list[Any] | BaseException] = []
    for number, (told, found) in enumerate(zip(tolds, places, strict=True)):
        own = ids[number] if ids is not None else None
        if isinstance(told, BaseException) or isinstance(own, BaseException):
            deque(islice(rest, len(found)), maxlen=0)
            answers.append(told if isinstance(told, BaseException) else cast(BaseException, own))
            continue
        held = [
            content
            if isinstance(content, BaseException)
            else Held(one, name, content, own[place] if own is not None else None)
            for (place, name), (one, content) in zip(found, islice(rest, len(found)), strict=True)
        ]
        answers.append(_chosen_or_error(held, choice) if ranked else held)
    return answers


async def statements_by_hash(info: Info, hashes: Sequence[int], *through: str) -> list[Any]:
    """Statements that some entity holds, by their hashes; StatementMissing, or what is wrong, in the place of others.

    `through` are the fields between the current one and the statements, as for `selected`.
    """
    rows = await info.context.loaders.visible.load_many(hashes)
    seen = [row.hash for row in rows if isinstance(row, StatementRow)]
    needed = not selected(info, *through) <= FREE
    contents = dict(zip(seen, await contents_of(info, seen, {}, needed=needed), strict=True))
    return [_found(one, row, contents.get(one)) for one, row in zip(hashes, rows, strict=True)]


def _found(one: int, row: StatementRow | BaseException | None, content: Any) -> Any:
    if row is None:
        return StatementMissing(one)
    if isinstance(row, BaseException) or isinstance(content, BaseException):
        return row if isinstance(row, BaseException) else content
    return Held(one, PropertyId(row.property), content)


async def statement_by_id(info: Info, id: str) -> Any:
    """The statement that the head of an entity holds under an id. StatementMissing, and what `loading` raises."""
    prefix, _, _ = id.partition("$")
    entity = owner(prefix.upper())  # in either case, as below
    if entity is None:
        raise StatementMissing(id)
    row = (await loading.current(info.context.loaders, entity, follow=False)).row
    told = await told_of(info, row)
    ids = await _ids(info, row, told) or []
    # Wikibase takes ids in either case, and keeps them as they came.
    place = next((place for place, one in enumerate(ids) if one and one.lower() == id.lower()), None)
    if place is None:
        raise StatementMissing(id)
    hash_ = told.index.hashes[place]
    content = (await contents_of(info, [hash_], told.bodies, needed=not selected(info) <= FREE))[0]
    if isinstance(content, BaseException):
        raise content
    return Held(hash_, told.index.property_at(place), content, ids[place])


@dataclass(frozen=True, slots=True)
class Told:
    """What a revision's row tells of its statements. `ids` and `bodies` are there if its snapshot had to be read."""

    index: StatementIndex
    ids: list[str | None] | None = None
    bodies: Mapping[int, StatementBody] = field(default_factory=dict)


async def told_of(info: Info, row: Revision) -> Told:
    """Which statements a revision holds. One older than 1.2.0 does not tell in its row: its snapshot is read."""
    if row.index is not None:
        return Told(row.index)
    snapshot, bodies = await info.context.loaders.content_of(row)
    content = snapshot.content
    parts = {part: claims.property_counts() for part, claims in content.parts.items()}
    held = list(content.statements())
    index = StatementIndex([one.hash for one in held], content.claims.property_counts(), parts)
    return Told(index, [one.id for one in held], bodies)


async def all_told(info: Info, rows: Sequence[Revision]) -> list[Told | BaseException]:
    """The same of many, in their order. What is wrong with one stands in its place."""
    if all(row.index is not None for row in rows):
        return [Told(row.index) for row in rows if row.index is not None]
    return await asyncio.gather(*(told_of(info, row) for row in rows), return_exceptions=True)


async def erased_of(
    info: Info, row: Revision, part: str | None, properties: Sequence[PropertyId] | None
) -> list[int]:
    """The hashes of those statements of a revision, or of a form or sense of it, that were erased, in their order."""
    told = await told_of(info, row)
    hashes = told.index.of(properties, part)
    if row.index is not None:
        erased = await info.context.loaders.erased.load(tuple(hashes)) or ()
        return [one for one in hashes if one in erased]
    if part is None and properties is None:
        # Of a list that does not say of what property they are, those that are left were told.
        hashes += (await info.context.loaders.snapshot_of(row)).ungrouped
    return [one for one in dict.fromkeys(hashes) if one not in told.bodies]


async def contents_of(
    info: Info, hashes: Sequence[int], inline: Mapping[int, StatementBody], *, needed: bool
) -> list[JsonObject | BaseException | None]:
    """The contents of statements in one batch; Damaged in the place of one that can't be read."""
    if not needed:
        return [None] * len(hashes)
    others = [one for one in hashes if one not in inline]
    read = dict(zip(others, await info.context.loaders.statement.load_many(others), strict=True))
    bodies = [inline.get(one) or read[one] for one in hashes]
    return [body.statement if isinstance(body, StatementBody) else body for body in bodies]


async def _ids(info: Info, row: Revision, told: Told) -> list[str | None] | None:
    if told.ids is not None:
        return told.ids
    return await info.context.loaders.statement_ids.load((row.entity, row.revision))


async def _all_ids(
    info: Info, subjects: Sequence[Subject], tolds: Sequence[Told | BaseException]
) -> list[list[str | None] | BaseException | None]:
    """The ids of the statements of many, in their order."""
    found: list[list[str | None] | BaseException | None] = [
        None if isinstance(told, BaseException) else told.ids for told in tolds
    ]
    unread = [number for number, told in enumerate(tolds) if isinstance(told, Told) and told.ids is None]
    places = [(subjects[number][0].entity, subjects[number][0].revision) for number in unread]
    read = await info.context.loaders.statement_ids.load_many(places)
    for number, ids in zip(unread, read, strict=True):
        found[number] = ids
    return found


async def _nothing() -> None:
    return None


def _chosen_or_error(held: Sequence[Any], choice: Choice) -> list[Any] | BaseException:
    try:
        return _chosen(held, choice)
    except Exception as error:
        return error


def _chosen(held: Sequence[Any], choice: Choice) -> list[Any]:
    """Those of the ranks asked for. One that can't be read stays: nobody knows its rank, and no list is shortened."""
    preferred = {one.property for one in held if isinstance(one, Held) and rank_of(one) == "preferred"}

    def is_wanted(one: Held, rank: str) -> bool:
        if choice.best and rank != ("preferred" if one.property in preferred else "normal"):
            return False
        return choice.ranks is None or rank in choice.ranks

    return [one for one in held if not isinstance(one, Held) or is_wanted(one, rank_of(one))]
