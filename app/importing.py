"""Lay documents over the store: each becomes a revision, or is unchanged, or is refused with its place (M1).

A document is imported once: its key is its entity, its content and the revision that it says it is of. Run again,
or after a crash, what has landed is passed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from app import samples
from app.intake import Document, Intake, Place, Redirect, Refused
from storage import times
from storage.canonical import NotCanonical, canonical, digest
from storage.commit import Outcome, commit
from storage.content import DERIVED
from storage.derive import derive
from storage.edits import Base, Change, Edit, SetContent, SetRedirect
from storage.errors import Fault, Invalid, StorageError
from storage.ids import EntityId, NotAnEntityId, entity_id
from storage.model import EditInfo, JsonObject
from storage.ports import EditKey, Stores
from storage.relay import publish
from storage.validation import Level, faults

WINDOW = 128
"""Documents under way at once: enough for commits to share the disk's syncs, few enough to hold in memory."""
EDITOR = "entity-api"


@dataclass(slots=True)
class Report:
    """What became of the documents."""

    created: int = 0
    edited: int = 0
    unchanged: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> JsonObject:
        """Counts, and each refusal with place, code and reason."""
        return {
            "created": self.created,
            "edited": self.edited,
            "unchanged": self.unchanged,
            "refused": len(self.refused),
            "refusals": self.refused,
        }

    def refuse(self, place: Place, code: str, reason: str, found: Sequence[Fault] = ()) -> None:
        """Note a refusal."""
        told = [{"pointer": one.pointer, "code": one.code, "message": one.message} for one in found]
        self.refused.append(
            {"place": str(place), "code": code, "reason": reason} | ({"faults": told} if told else {})
        )


@dataclass(frozen=True, slots=True)
class _Wanted:
    place: Place
    entity: EntityId
    change: Change
    key: EditKey
    source_revision: int | None


async def import_documents(
    intake: Iterable[Intake], stores: Stores, *, done: Callable[[int], None] = lambda _: None
) -> Report:
    """Import all. `done` is told how many documents are through. Unavailable stores end it; it can be run again."""
    report = Report()
    documents = iter(intake)
    while window := await asyncio.to_thread(_read, documents):
        wanted = [one for one in (_wanted(document, report) for document in window) if one is not None]
        await _import_window(wanted, stores, report)
        done(len(window))
    while await publish(stores):
        pass
    return report


async def import_samples(stores: Stores) -> int:
    """Import the samples into a store without any entity; answers how many."""
    if await stores.metadata.entities(None, 1):
        return 0
    place = Place("samples", "")
    intake = [
        Redirect(place, one["entity"], one["redirect"]) if "redirect" in one else Document(place, one)
        for one in samples.entities()
    ]
    report = await import_documents(intake, stores)
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
        found = faults(document.entity, Level.LENIENT)
        if found:
            report.refuse(document.place, found[0].code, str(Invalid(found)), found)
            return None
        entity = entity_id(document.entity["id"])
        content = {name: value for name, value in document.entity.items() if name not in DERIVED}
        source = document.entity.get("lastrevid")
        source = source if isinstance(source, int) and 0 < source < 2**63 else None
        key = _key(entity, {"entity": content, "lastrevid": source})
        change = SetContent(content, Level.LENIENT)
        return _Wanted(document.place, entity, change, key, source)
    except (NotAnEntityId, NotCanonical) as error:
        report.refuse(document.place, "invalid_value", str(error))
        return None


def _key(entity: EntityId, told: Mapping[str, Any]) -> EditKey:
    request = digest(canonical(told))
    # The key holds its entity, so it can't come back with another: nothing has to be reserved.
    return EditKey(digest(b"import\n" + entity.encode() + request), request, shared=False)


async def _import_window(window: Sequence[_Wanted], stores: Stores, report: Report) -> None:
    """Import documents at once, those of one entity one after another in their order."""
    by_entity: dict[EntityId, list[_Wanted]] = {}
    for wanted in window:
        by_entity.setdefault(wanted.entity, []).append(wanted)
    landed = await stores.metadata.landed_many(
        {entity: [wanted.key.key for wanted in some] for entity, some in by_entity.items()}
    )
    report.unchanged += sum(wanted.key.key in landed for wanted in window)
    await asyncio.gather(
        *(
            _import_entity([wanted for wanted in some if wanted.key.key not in landed], stores, report)
            for some in by_entity.values()
        )
    )


async def _import_entity(documents: Sequence[_Wanted], stores: Stores, report: Report) -> None:
    for wanted in documents:
        info = EditInfo(
            EDITOR,
            edit_type="redirect-create" if isinstance(wanted.change, SetRedirect) else "",
            source_revision_id=wanted.source_revision,
        )
        edit = Edit(wanted.entity, Base.HEAD, wanted.change, info, wanted.key)
        try:
            outcome = await commit(edit, stores, clock=times.now)
        except Invalid as error:
            report.refuse(wanted.place, error.faults[0].code, str(error), error.faults)
            continue
        except StorageError as error:
            if error.retryable:
                raise
            report.refuse(wanted.place, error.code, str(error))
            continue
        _count(outcome, report)
        if outcome.owed is not None:
            await derive(outcome.owed, stores)


def _count(outcome: Outcome, report: Report) -> None:
    if outcome.unchanged:
        report.unchanged += 1
    elif outcome.created:
        report.created += 1
    else:
        report.edited += 1
