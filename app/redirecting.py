"""Redirects in and out, many at once: each is made or refused for itself, by the rules of any other (W8).

What is so already is passed over, so that it can be broken off and run again. Unlike an import of entities it makes
nothing that an editor could not have made: both ends must be there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from app.intake import Document, Intake, Place, Redirect, Refused
from app.taking import Report
from storage import times
from storage.admission import admit
from storage.changes import SetRedirect
from storage.commit import commit
from storage.derive import derive
from storage.edits import Base, Edit
from storage.errors import Redirected, StorageError, TargetUnfit
from storage.ids import EntityId, NotAnEntityId, entity_id
from storage.model import EditInfo, Head, JsonObject
from storage.ports import Stores
from storage.relay import publish
from storage.statuses import Status
from storage.targets import unfit

EDITOR = "entity-api"
WINDOW = 64
"""Redirects that are looked at together, and made side by side where they don't touch each other."""
PAGE = 500
"""Redirects that are read together to be written out."""


@dataclass(slots=True)
class RedirectsReport(Report):
    """What became of the redirects, or would."""

    dry_run: bool
    made: int = 0
    unchanged: int = 0

    def counts(self) -> JsonObject:
        return {"dryRun": self.dry_run, "made": self.made, "unchanged": self.unchanged}


@dataclass(frozen=True, slots=True)
class _Wanted:
    place: Place
    source: EntityId
    target: EntityId

    @property
    def edit(self) -> Edit:
        return Edit(self.source, Base.HEAD, SetRedirect(self.target), EditInfo(EDITOR, is_mass_edit=True))


async def import_redirects(
    intake: Iterable[Intake],
    stores: Stores,
    *,
    dry_run: bool = False,
    done: Callable[[int], None] = lambda _: None,
) -> RedirectsReport:
    """Make all redirects, or tell what would become of that. `done` is told how many are through.

    A store that does not answer ends it, as an ExceptionGroup with the StorageError; it can be run again.
    """
    report = RedirectsReport(dry_run)
    documents = iter(intake)
    planned: dict[EntityId, EntityId] = {}
    while window := await asyncio.to_thread(_read, documents):
        wanted = [one for one in (_wanted(document, report) for document in window) if one is not None]
        named = {end for one in wanted for end in (one.source, one.target)}
        heads = {entity: found.head for entity, found in (await stores.metadata.heads(named)).items()}
        if dry_run:
            for one in wanted:
                _try(one, heads, planned, report)
        else:
            await _make(wanted, heads, stores, report)
        done(len(window))
    while not dry_run and await publish(stores):
        pass
    return report


async def exported_redirects(stores: Stores) -> AsyncIterator[tuple[EntityId, EntityId]]:
    """All redirects, each with where it leads, in the store's own stable order."""
    after: EntityId | None = None
    while page := await stores.metadata.listed(Status.REDIRECT, after, PAGE):
        heads = await stores.metadata.heads(page)
        for source in page:
            # One that was reverted since the page was read is none any more.
            if source in heads and (target := heads[source].head.redirects_to) is not None:
                yield source, target
        after = page[-1]


def _read(documents: Iterator[Intake]) -> list[Intake]:
    return list(islice(documents, WINDOW))


def _wanted(document: Intake, report: Report) -> _Wanted | None:
    if isinstance(document, Refused):
        report.refuse(document.place, document.code, document.reason)
        return None
    if isinstance(document, Document):
        report.refuse(document.place, "no_redirect", "an entity, not a redirect: import it")
        return None
    return _ends(document, report)


def _ends(document: Redirect, report: Report) -> _Wanted | None:
    try:
        return _Wanted(document.place, entity_id(document.source), entity_id(document.target))
    except NotAnEntityId as error:
        report.refuse(document.place, "invalid_value", str(error))
        return None


def _is_so(one: _Wanted, head: Head | None) -> bool:
    return head is not None and not head.flags.is_deleted and head.redirects_to == one.target


async def _make(
    wanted: Sequence[_Wanted], heads: Mapping[EntityId, Head], stores: Stores, report: RedirectsReport
) -> None:
    """Make these side by side, but for those that share an entity, which follow each other in their order."""
    of: dict[EntityId, asyncio.Task[None]] = {}
    to: dict[EntityId, list[asyncio.Task[None]]] = {}
    async with asyncio.TaskGroup() as group:
        for one in wanted:
            # Many may lead to one target at once. What it becomes itself waits for them, or they for it.
            before = [of[end] for end in (one.source, one.target) if end in of] + to.get(one.source, [])
            seen = heads.get(one.source) if not before else None
            of[one.source] = group.create_task(_make_after(before, one, seen, stores, report))
            to.setdefault(one.target, []).append(of[one.source])


async def _make_after(
    before: Sequence[asyncio.Task[None]],
    one: _Wanted,
    head: Head | None,
    stores: Stores,
    report: RedirectsReport,
) -> None:
    if before:
        await asyncio.wait(before)
    if _is_so(one, head):
        report.unchanged += 1
        return
    try:
        outcome = await commit(one.edit, stores, clock=times.now)
    except Redirected as error:
        if error.target == one.target:
            report.unchanged += 1
        else:
            report.refuse(one.place, error.code, str(error))
        return
    except StorageError as error:
        if error.retryable:
            raise
        report.refuse(one.place, error.code, str(error))
        return
    report.made += 1
    if outcome.owed is not None:
        await derive(outcome.owed, stores)


def _try(
    one: _Wanted, heads: Mapping[EntityId, Head], planned: dict[EntityId, EntityId], report: RedirectsReport
) -> None:
    """What would become of one, after all before it."""
    head = heads.get(one.source)
    if _is_so(one, head) or planned.get(one.source) == one.target:
        report.unchanged += 1
        return
    try:
        if one.source in planned:
            raise Redirected(one.source, planned[one.source])
        admit(one.edit, head)
        why = "redirect" if one.target in planned else unfit(one.source, one.target, heads.get(one.target))
        if why is not None:
            raise TargetUnfit(one.source, one.target, why)
    except StorageError as error:
        report.refuse(one.place, error.code, str(error))
        return
    planned[one.source] = one.target
    report.made += 1
