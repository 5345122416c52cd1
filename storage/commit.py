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
from storage.content import Split
from storage.draft import Draft, Try, begin, held_by, is_unchanged, seal
from storage.edits import Base, Edit, SetContent, faults_of, new_faults, next_content, refuse
from storage.errors import (
    EntityExists,
    EntityGone,
    EntityMissing,
    Fault,
    HeadMoved,
    Invalid,
    KeyReused,
    OutcomeUnknown,
    TooContended,
    Unavailable,
)
from storage.ids import EntityId, EntityType, type_of
from storage.model import (
    Attempt,
    StatementBody,
    StatementHash,
)
from storage.ports import (
    AlreadyLanded,
    HeadRevision,
    Landed,
    Stores,
    Swap,
    Work,
)
from storage.references import References, check_references
from storage.times import Clock

Pauses = Callable[[], AsyncIterator[int]]


async def pauses() -> AsyncIterator[int]:
    """Twelve tries: the first at once, the others after a random wait of up to 2 s, about 6 s in all."""
    for number in range(12):
        if number:
            await asyncio.sleep(random.uniform(0.2, 1.0) * min(0.01 * 2**number, 2.0))
        yield number


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an edit ended well. `owed` is what follows from the commit, None where there was none."""

    entity: EntityId
    revision: int
    unchanged: bool = False
    created: bool = False
    owed: Owed | None = None
    warnings: Sequence[Fault] = ()


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
    seen: Seen | None = None,
) -> Outcome:
    """Make the edit, or say why not. `seen` is a look at the head that was taken before; the swap tells if it is old.

    Refusals: Invalid, EntityMissing, EntityExists, EntityGone, HeadMoved (stale base), KeyReused. Failures:
    Unavailable and TooContended (did not land), OutcomeUnknown (nobody knows). Nothing of a refused or failed
    edit is ever seen.
    """
    found = faults_of(edit)
    if found and edit.base is Base.NOTHING:
        raise Invalid(found)
    if edit.key is not None and edit.key.shared:
        _check_reservation(edit, *await stores.metadata.reserve(edit.key, edit.entity, clock()))
    attempt: Try | None = None
    taken = met = 0
    async for _ in pauses():
        glance, seen = seen, None
        base = glance.head if glance else (await stores.metadata.heads([edit.entity])).get(edit.entity)
        # Asked after the head was read, never before: else a twin that landed in between would pass for another's
        # edit, and this one for a stale one.
        # A key that is not shared is the importer's own: it has asked for many at once, and the swap asks again.
        asked = edit.key if edit.key is not None and edit.key.shared else None
        if asked is not None and (landed := await stores.metadata.landed(edit.entity, asked.key)):
            return _again(edit, landed)
        if attempt is not None and _revision_of(base) != _revision_of(attempt.base):
            await _abandon(attempt, stores)
            attempt = None
        _check_base(edit, base)
        if attempt is None:
            await _refuse_new_faults(edit, base, found, stores)
            taken_apart = next_content(edit)
            warnings = await _refuse_references(taken_apart, base, references, stores)
            attempt = await begin(edit, base, taken_apart, warnings, stores, clock)
            taken = met = 0
        if is_unchanged(attempt):
            if glance:
                continue  # no swap will tell whether that look was old: look again
            return await _unchanged(attempt, stores, clock)
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
            return _again(edit, before.landed)
        except HeadMoved:
            continue  # decide again, on fresh facts
    raise TooContended(edit.entity)


def _check_reservation(edit: Edit, entity: EntityId, request: bytes) -> None:
    assert edit.key is not None
    if request != edit.key.request or entity != edit.entity:
        raise KeyReused(edit.key.key.hex())


def _again(edit: Edit, landed: Landed) -> Outcome:
    """The first outcome under this key; another request under it is refused (I13)."""
    assert edit.key is not None
    if landed.request != edit.key.request:
        raise KeyReused(edit.key.key.hex())
    return Outcome(
        landed.entity, landed.revision, unchanged=landed.unchanged, created=edit.base is Base.NOTHING
    )


def _check_base(edit: Edit, base: HeadRevision | None) -> None:
    """Whether the edit may be made on this head. Only a look: the swap has the last word."""
    if base is None:
        if isinstance(edit.base, int):
            raise EntityMissing(edit.entity)
        return
    if base.head.flags.is_deleted:
        raise EntityGone(edit.entity)
    if edit.base is Base.NOTHING:
        raise EntityExists(edit.entity, base.head.revision)
    if isinstance(edit.base, int) and edit.base != base.head.revision:
        raise HeadMoved(edit.entity, edit.base, base.head.revision)


async def _refuse_new_faults(
    edit: Edit, base: HeadRevision | None, found: Sequence[Fault], stores: Stores
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
    was = await reading.entity_json(stores, base.revision)
    remaining = new_faults(found, entity, was)
    if any(not fault.pointer for fault in remaining):
        return refuse(remaining)  # it may be no JSON object at all
    if is_property and not base.head.flags.is_redirect and entity.get("datatype") != was.get("datatype"):
        context = {"datatype": was.get("datatype")}
        remaining.append(Fault("/datatype", "datatype_changed", "a property keeps its datatype", context))
    return refuse(remaining)


async def _refuse_references(
    taken_apart: Split, base: HeadRevision | None, references: References, stores: Stores
) -> list[Fault]:
    """Values that don't fit their property, and by setting references to nothing; answers what is only warned of."""
    if references is References.OFF:
        return []
    misfits, missing = await check_references(taken_apart, held_by(base), stores)
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
            return _again(edit, first)  # a twin was quicker, on another head
    return Outcome(edit.entity, base.head.revision, unchanged=True, warnings=attempt.warnings)


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
        except (HeadMoved, EntityGone, AlreadyLanded):
            # The head is past us, so nothing of ours can still land; but our lost commit may have moved it.
            if unknown is None or await _owner(swap, stores, unknown) != swap.attempt:
                raise
            return _landed(draft)
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
