"""Turn an edit into the next revision of one entity.

Reads top to bottom as the story of a write: reserve the key, read the base, ask whether it landed, apply, claim
statements, put objects, swap the head, answer. Only the swap decides who wins. Knows ports, not backends; knows
nothing of GraphQL or of users' rights. What follows the commit is in `derive`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from storage import reading
from storage.admission import admit
from storage.changes import SetContent
from storage.content import Split
from storage.doubt import Doubting
from storage.draft import Draft, Try, begin, held_by, is_unchanged, seal
from storage.edits import Base, Edit, faults_of, new_faults, rebased_on, refuse
from storage.errors import (
    EntityGone,
    Fault,
    HeadMoved,
    Invalid,
    KeyReused,
    OutcomeUnknown,
    RequestMissing,
    Reserved,
    RetentionEnded,
    TooContended,
    Unavailable,
)
from storage.ids import EntityId, EntityType, PropertyId, type_of
from storage.merging import made_on
from storage.model import (
    Attempt,
    Revision,
    StatementBody,
    StatementHash,
)
from storage.next_content import Kept, next_content
from storage.ports import (
    AlreadyLanded,
    HeadRevision,
    Landed,
    Stores,
    Swap,
    Work,
)
from storage.references import References, check_references
from storage.targets import Reserving
from storage.times import Clock
from storage.validation import faults

Pauses = Callable[[], AsyncIterator[int]]


async def pauses() -> AsyncIterator[int]:
    """Twelve tries: the first at once, the others after a random wait of up to 2 s, about 6 s in all."""
    for number in range(12):
        if number:
            await asyncio.sleep(random.uniform(0.2, 1.0) * min(0.01 * 2**number, 2.0))
        yield number


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an edit ended well. `owed` is what follows from the commit, None where there was none.

    `rebased_on` is the head that the edit landed on instead of the base that it named.
    """

    entity: EntityId
    revision: int
    unchanged: bool = False
    created: bool = False
    owed: Owed | None = None
    warnings: Sequence[Fault] = ()
    rebased_on: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A head as it was a moment ago, None for "no entity": who edits many entities may look at all at once."""

    head: HeadRevision | None


@dataclass(frozen=True, slots=True)
class Owed:
    """A committed revision's work with the statements at hand that it speaks of."""

    work: Work
    bodies: Mapping[StatementHash, StatementBody] = field(default_factory=dict)


async def commit(
    edit: Edit,
    stores: Stores,
    *,
    clock: Clock,
    pauses: Pauses = pauses,
    references: References = References.OFF,
    maintained_by: PropertyId | None = None,
    seen: Seen | None = None,
) -> Outcome:
    """Make the edit, or say why not. `seen` is a look at the head that was taken before; the swap tells if it is old.

    `maintained_by` is the property without which an item is dangling. Refusals: Invalid, KeyReused, all that
    `admission.admit` has (a stale base is HeadMoved), RevisionMissing, NotRestorable, UndoConflict, TargetUnfit,
    RetentionEnded, RequestMissing. Failures: Unavailable and TooContended (did not land), OutcomeUnknown (nobody
    knows). Nothing of a refused or failed edit is ever seen.
    """
    with stores.meter.validation():
        found = faults_of(edit)
    if found and edit.base is Base.NOTHING:
        raise Invalid(found)
    if edit.key is not None and edit.key.shared:
        _check_reservation(edit, *await stores.metadata.reserve(edit.key, edit.entity, clock()))
    attempt: Try | None = None
    doubting = Doubting(edit, stores)
    taken = met = 0  # of the revision ids after the base
    async with Reserving(edit, stores, clock) as targets:
        async for _ in pauses():
            glance, seen = seen, None
            base = glance.head if glance else (await stores.metadata.heads([edit.entity])).get(edit.entity)
            # Asked after the head was read, never before: else a twin that landed in between would pass for another's
            # edit, and this one for a stale one.
            # A key that is not shared is the importer's own: it has asked for many at once, and the swap asks again.
            # Nor can an edit have landed whose own base is still the head: it would have moved it.
            moved = edit.base is Base.HEAD or _revision_of(base) != (
                None if edit.base is Base.NOTHING else edit.base
            )
            asked = edit.key if edit.key is not None and edit.key.shared and moved else None
            if asked is not None and (landed := await stores.metadata.landed(edit.entity, asked.key)):
                return await _again(edit, landed, stores)
            if attempt is not None and _revision_of(base) != _revision_of(attempt.base):
                await _abandon(attempt, stores)
                attempt = None
                taken = met = 0
            admit(edit, base.head if base is not None else None)
            if attempt is None:
                on = await made_on(edit, base, stores)
                await _refuse_new_faults(edit, on, found, stores)
                following = await next_content(edit, base, on, stores)
                warnings = await _refuse_references(following, base, references, stores)
                attempt = await begin(edit, base, following, warnings, stores, clock, maintained_by)
                await doubting.cast(base)
            if is_unchanged(attempt):
                if glance:
                    continue  # no swap will tell whether that look was old: look again
                return await _unchanged(attempt, stores, clock)
            await targets.reserve(attempt.nonce)
            draft = seal(attempt, taken, stores)
            if not await _put(draft, stores):
                # Past what crashed tries left behind, in ever longer steps; at random, since those who crashed went by
                # the same rule: else twelve of them would have taken each place that is looked at.
                taken += 1 + random.randrange(4**met)
                met += 1
                continue
            try:
                return await _land(draft, stores, pauses)
            except AlreadyLanded as before:
                return await _again(edit, before.landed, stores)
            except HeadMoved:
                continue  # decide again, on fresh facts
            except Reserved:
                # Somebody makes a redirect to us, and can't either while we hold his target: both give way.
                await targets.let_go()
                await targets.clear()
                attempt = None
                taken += 1  # where our own snapshot lies
    raise TooContended(edit.entity)


def _check_reservation(edit: Edit, entity: EntityId, request: bytes) -> None:
    assert edit.key is not None
    if request != edit.key.request or entity != edit.entity:
        raise KeyReused(edit.key.key.hex())


async def _again(edit: Edit, landed: Landed, stores: Stores) -> Outcome:
    """The first outcome under this key; another request under it is refused (I13)."""
    assert edit.key is not None
    if landed.request != edit.key.request:
        raise KeyReused(edit.key.key.hex())
    parent: int | None = None
    if edit.rebase:
        try:
            place = (landed.entity, landed.revision)
            row = (await stores.metadata.revisions([place]))[place]
        except Unavailable as error:
            raise OutcomeUnknown(str(error)) from error  # it landed: Unavailable would say that it did not
        parent = row.revision if landed.unchanged else row.parent
    return Outcome(
        landed.entity,
        landed.revision,
        unchanged=landed.unchanged,
        created=edit.base is Base.NOTHING,
        rebased_on=rebased_on(edit, parent),
    )


async def _refuse_new_faults(
    edit: Edit, base: Revision | None, found: Sequence[Fault], stores: Stores
) -> None:
    """Faults in what the edit changes, and changes of what must not change."""
    if not isinstance(edit.change, SetContent):
        return refuse(found)
    entity = edit.change.entity
    if base is None:
        return refuse(found)
    is_property = type_of(edit.entity) is EntityType.PROPERTY
    if not found and not is_property:
        return None
    was = await reading.entity_json(stores, base)
    remaining = new_faults(found, entity, was, faults(was, edit.change.level))
    if any(not fault.pointer for fault in remaining):
        return refuse(remaining)  # it may be no JSON object at all
    if is_property and not base.flags.is_redirect and entity.get("datatype") != was.get("datatype"):
        context = {"datatype": was.get("datatype")}
        remaining.append(Fault("/datatype", "datatype_changed", "a property keeps its datatype", context))
    return refuse(remaining)


async def _refuse_references(
    following: Split | Kept, base: HeadRevision | None, references: References, stores: Stores
) -> list[Fault]:
    """Values that don't fit their property, and by setting references to nothing; answers what is only warned of."""
    if references is References.OFF or isinstance(following, Kept):
        return []
    misfits, missing = await check_references(following, held_by(base), stores)
    if references is References.STRICT:
        misfits, missing = misfits + missing, []
    refuse(misfits)
    return missing


async def _unchanged(attempt: Try, stores: Stores, clock: Clock) -> Outcome:
    edit, base = attempt.edit, attempt.base
    assert base is not None
    if edit.key is not None:
        outcome = Landed(edit.entity, base.head.revision, True, edit.key.request)
        first = await stores.metadata.record_unchanged(outcome, edit.key.key, clock())
        if first != outcome:
            return await _again(edit, first, stores)  # a twin was quicker, on another head
    revision = base.head.revision
    return Outcome(
        edit.entity,
        revision,
        unchanged=True,
        warnings=attempt.warnings,
        rebased_on=rebased_on(edit, revision),
    )


async def _put(draft: Draft, stores: Stores) -> bool:
    """Store what is missing. False if the snapshot's key was taken by another attempt."""
    # Objects before the swap: a crash here leaves objects that nobody reads, never a head that points at nothing.
    taken = await stores.objects.put_absent(draft.objects)
    key = draft.objects[-1].key
    # Our own nonce there means that our first call landed and only its answer was lost.
    return key not in taken or taken[key] == draft.swap.attempt


async def _land(draft: Draft, stores: Stores, pauses: Pauses) -> Outcome:
    """Swap the head in. If the answer is lost, ask until it is known or patience ends; the same swap may be
    sent again, since at most one of the two can find the expected head."""
    swap = draft.swap
    entity, revision = swap.snapshot.entity, swap.snapshot.revision
    unknown: OutcomeUnknown | None = None
    async for _ in pauses():
        try:
            if unknown is not None:
                owner = await stores.metadata.attempt_of(entity, revision)
                if owner == swap.attempt:
                    return _landed(draft)
                if owner is not None:
                    raise HeadMoved(entity, swap.expected, revision)
            await stores.metadata.commit(swap)
            return _landed(draft)
        except OutcomeUnknown as error:
            unknown = error
        except (HeadMoved, EntityGone, AlreadyLanded, Reserved, RequestMissing, RetentionEnded) as refusal:
            # The head is past us, so nothing of ours can still land; but our lost commit may have moved it.
            if unknown is not None and await _owner(swap, stores, unknown) == swap.attempt:
                return _landed(draft)
            # Or the head is where it was, and what hinders us now may be gone when our lost commit arrives.
            if unknown is None or not isinstance(refusal, (Reserved, RequestMissing)):
                raise
        except Unavailable:
            if unknown is None:
                raise
    raise unknown if unknown is not None else TooContended(entity)


async def _owner(swap: Swap, stores: Stores, unknown: OutcomeUnknown) -> Attempt | None:
    try:
        return await stores.metadata.attempt_of(swap.snapshot.entity, swap.snapshot.revision)
    except Unavailable as error:
        raise unknown from error


def _landed(draft: Draft) -> Outcome:
    swap = draft.swap
    work = Work(
        entity=swap.snapshot.entity,
        revision=swap.snapshot.revision,
        attempt=swap.attempt,
        added=swap.added,
        removed=swap.removed,
        redirect_changed=swap.redirect_changed,
        redirects_to=swap.snapshot.redirects_to,
        event=swap.event,
        derived=False,
        published=False,
    )
    return Outcome(
        swap.snapshot.entity,
        swap.snapshot.revision,
        created=swap.expected is None,
        owed=Owed(work, draft.bodies),
        warnings=draft.warnings,
        rebased_on=draft.rebased_on,
    )


def _revision_of(base: HeadRevision | None) -> int | None:
    return base.head.revision if base is not None else None


async def _abandon(attempt: Try, stores: Stores) -> None:
    """The head is past the try's base, so it is dead: let go of its statements. If that fails, the collector will."""
    new = attempt.content.held() - held_by(attempt.base)
    try:
        await stores.metadata.release(attempt.edit.entity, new, attempt.nonce)
    except Unavailable:
        return
