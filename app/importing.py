"""Lay documents over the store: each becomes a revision, or is unchanged, or is refused with its place (M1).

A document is imported once: its key is its entity, its content and the revision that it says it is of. Run again,
or after a crash, what has landed is passed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import orjson

from app import samples
from app.intake import Document, Intake, Place, Redirect, Refused
from app.taking import Report
from storage import times
from storage.canonical import NotCanonical, canonical, digest
from storage.changes import Change, SetContent, SetRedirect
from storage.commit import Outcome, Seen, commit
from storage.content import DERIVED
from storage.derive import draw, finish
from storage.edits import Base, Edit
from storage.errors import Invalid, StorageError
from storage.ids import EntityId, NotAnEntityId, PropertyId, entity_id
from storage.model import EditInfo, JsonObject
from storage.ports import EditKey, Stores, Work
from storage.relay import publish
from storage.validation import Level, faults

WINDOW = 64
"""Documents read at once; twice as many may be under way: enough for commits to share the disk's syncs and for the
processor to work while the disk does, few enough to hold in memory."""
EDITOR = "entity-api"


@dataclass(slots=True)
class ImportReport(Report):
    """What became of the documents."""

    created: int = 0
    edited: int = 0
    unchanged: int = 0

    def counts(self) -> JsonObject:
        return {"created": self.created, "edited": self.edited, "unchanged": self.unchanged}


@dataclass(frozen=True, slots=True)
class _Wanted:
    place: Place
    entity: EntityId
    change: Change
    key: EditKey
    source_revision: int | None


async def import_documents(
    intake: Iterable[Intake],
    stores: Stores,
    *,
    maintained_by: PropertyId | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> ImportReport:
    """Import all. `done` is told how many documents are through.

    Documents of one entity follow each other in their order, others go side by side. A store that does not answer
    ends it, as an ExceptionGroup with the StorageError; it can be run again.
    """
    report = ImportReport()
    documents = iter(intake)
    room = asyncio.Semaphore(2 * WINDOW)
    last: dict[EntityId, asyncio.Task[None]] = {}
    drawn: list[Work] = []
    reading_on = asyncio.create_task(asyncio.to_thread(_read, documents))
    async with asyncio.TaskGroup() as group:
        while window := await reading_on:
            reading_on = asyncio.create_task(asyncio.to_thread(_read, documents))
            wanted = [one for one in (_wanted(document, report) for document in window) if one is not None]
            landed = await stores.metadata.landed_many(_keys(wanted))
            heads = await stores.metadata.heads({one.entity for one in wanted if one.key.key not in landed})
            report.unchanged += sum(one.key.key in landed for one in wanted)
            done(len(window) - len(wanted) + sum(one.key.key in landed for one in wanted))
            if len(drawn) >= WINDOW:
                group.create_task(finish(_taken(drawn), stores))
            for one in wanted:
                if one.key.key in landed:
                    continue
                await room.acquire()
                # Where a document of the same entity is still under way, the head is about to move.
                before = last.get(one.entity)
                seen = Seen(heads.get(one.entity)) if before is None else None
                task = group.create_task(
                    _import_after(before, one, seen, stores, report, drawn, maintained_by)
                )
                last[one.entity] = task
                task.add_done_callback(partial(_leave, entity=one.entity, last=last, room=room, done=done))
    await finish(drawn, stores)
    while await publish(stores):
        pass
    return report


def _taken(drawn: list[Work]) -> list[Work]:
    taken = list(drawn)
    drawn.clear()
    return taken


def _leave(
    task: asyncio.Task[None],
    entity: EntityId,
    last: dict[EntityId, asyncio.Task[None]],
    room: asyncio.Semaphore,
    done: Callable[[int], None],
) -> None:
    if last.get(entity) is task:
        del last[entity]
    room.release()
    done(1)


def _keys(wanted: Iterable[_Wanted]) -> dict[EntityId, list[bytes]]:
    keys: dict[EntityId, list[bytes]] = {}
    for one in wanted:
        keys.setdefault(one.entity, []).append(one.key.key)
    return keys


async def import_samples(stores: Stores, *, maintained_by: PropertyId | None = None) -> int:
    """Import the samples into a store without any entity; answers how many."""
    if await stores.metadata.entities(None, 1):
        return 0
    place = Place("samples", "")
    intake = [
        Redirect(place, one["entity"], one["redirect"]) if "redirect" in one else Document(place, one)
        for one in samples.entities()
    ]
    report = await import_documents(intake, stores, maintained_by=maintained_by)
    return report.created


def _read(documents: Iterator[Intake]) -> list[Intake]:
    return list(islice(documents, WINDOW))


def _wanted(document: Intake, report: Report) -> _Wanted | None:
    """The edit that a document asks for, if it can be one."""
    if isinstance(document, Refused):
        report.refuse(document.place, document.code, document.reason)
        return None
    try:
        if isinstance(document, Redirect):
            entity, target = entity_id(document.source), entity_id(document.target)
            return _Wanted(
                document.place, entity, SetRedirect(target), _key(entity, {"redirect": target}), None
            )
        entity = entity_id(document.entity["id"])
        content = {name: value for name, value in document.entity.items() if name not in DERIVED}
        source = document.entity.get("lastrevid")
        source = source if isinstance(source, int) and 0 < source < 2**63 else None
        key = _key(entity, {"entity": content, "lastrevid": source})
        change = SetContent(content, Level.LENIENT, parsed=True)
        return _Wanted(document.place, entity, change, key, source)
    except (NotAnEntityId, NotCanonical) as error:
        found = faults(document.entity, Level.LENIENT) if isinstance(document, Document) else ()
        code, reason = (found[0].code, str(Invalid(found))) if found else ("invalid_value", str(error))
        report.refuse(document.place, code, reason, found)
        return None


def _key(entity: EntityId, told: Mapping[str, Any]) -> EditKey:
    try:
        data = orjson.dumps(
            told, option=orjson.OPT_SORT_KEYS
        )  # need not be canonical: it is compared with its like
    except TypeError:
        data = canonical(told)
    request = digest(data)
    # The key holds its entity, so it can't come back with another: nothing has to be reserved.
    return EditKey(digest(b"import\n" + entity.encode() + request), request, shared=False)


async def _import_after(
    previous: asyncio.Task[None] | None,
    wanted: _Wanted,
    seen: Seen | None,
    stores: Stores,
    report: ImportReport,
    drawn: list[Work],
    maintained_by: PropertyId | None,
) -> None:
    if previous is not None:
        await asyncio.wait([previous])
    info = EditInfo(EDITOR, source_revision_id=wanted.source_revision)
    edit = Edit(wanted.entity, Base.HEAD, wanted.change, info, wanted.key, revives=True)
    try:
        outcome = await commit(edit, stores, clock=times.now, seen=seen, maintained_by=maintained_by)
    except Invalid as error:
        report.refuse(wanted.place, error.faults[0].code, str(error), error.faults)
        return
    except StorageError as error:
        if error.retryable:
            raise
        report.refuse(wanted.place, error.code, str(error))
        return
    _count(outcome, report)
    if outcome.owed is not None:
        await draw(outcome.owed, stores)
        drawn.append(outcome.owed.work)


def _count(outcome: Outcome, report: ImportReport) -> None:
    if outcome.owed is None:  # the head says so already, or the document landed before
        report.unchanged += 1
    elif outcome.created:
        report.created += 1
    else:
        report.edited += 1
