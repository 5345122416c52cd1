"""One try of an edit on one base: what it would make, and all that has to be stored for it.

Claims statements, and puts together the snapshot, the objects and the swap. Stores nothing but claims; whether the
edit may be made, and what becomes of it, is asked in `commit`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from storage import next_state
from storage.canonical import canonical, digest, digest_of_held, hash64
from storage.changes import SetContent, SetRevision, Undo, target_of
from storage.content import Split, content_bytes
from storage.edits import Edit, rebased_on
from storage.erased import faults_at
from storage.errors import ErasedContent, Fault, Invalid, NotRestorable
from storage.events import change_type
from storage.ids import PropertyId, type_of
from storage.keys import snapshot_key, statement_key
from storage.model import (
    Attempt,
    Content,
    EditInfo,
    Event,
    Snapshot,
    StatementBody,
    StatementHash,
    StatementIndex,
)
from storage.next_content import Kept
from storage.ports import (
    Claim,
    Claimed,
    HeadRevision,
    NewObject,
    Stores,
    Swap,
)
from storage.snapshot import SCHEMA_VERSION, snapshot_bytes, statement_bytes
from storage.statuses import lists
from storage.times import Clock


@dataclass(slots=True)
class Try:
    """One try of an edit on one base: its nonce, the content it would make, where the statements live."""

    edit: Edit
    base: HeadRevision | None
    nonce: Attempt
    info: EditInfo
    bodies: Mapping[bytes, StatementBody]
    """Of the statements that come with the edit, by digest."""
    content: Content
    entity: bytes
    """The content's entity in canonical bytes: hashed once, written once."""
    claimed: Mapping[bytes, Claimed]
    digest: bytes
    held_digest: bytes | None
    started: Snapshot
    warnings: Sequence[Fault]


@dataclass(frozen=True, slots=True)
class Draft:
    """A try under a revision id, sealed: what will be stored and swapped in."""

    swap: Swap
    objects: list[NewObject]
    bodies: Mapping[StatementHash, StatementBody]
    warnings: Sequence[Fault]
    rebased_on: int | None


async def begin(
    edit: Edit,
    base: HeadRevision | None,
    following: Split | Kept,
    warnings: Sequence[Fault],
    stores: Stores,
    clock: Clock,
    maintained_by: PropertyId | None,
) -> Try:
    """Find out where the statements of the next content live, leaving a pending fact for each new one."""
    nonce = Attempt(os.urandom(16))
    now = clock()
    claimed: Mapping[bytes, Claimed] = {}
    if isinstance(following, Kept):
        content, bodies = following.snapshot.content, {}
        held_digest = following.row.index.digest if following.row.index is not None else None
        await _reclaim(edit, base, following, nonce, stores, now)
    else:
        bodies = dict(following.bodies)
        number = base.head.revision if base is not None else 0
        # Pending facts come before anything relies on a statement: from here on no collector removes it.
        claim = Claim(
            edit.entity,
            nonce,
            number,
            list(bodies.values()),
            held_by(base),
            _held_digest(base),
            stores.erasure_key,
        )
        registering = stores.metadata.register(edit.entity, now) if base is None else _nothing()
        claimed, _ = await asyncio.gather(_claim(claim, edit, stores, now), registering)
        content = following.located({one: place.hash for one, place in claimed.items()})
        held_digest = digest_of_held({place.hash: one for one, place in claimed.items()})
    entity = canonical(content.entity)
    data = content_bytes(content, entity)
    info = next_state.told(edit)
    started = next_state.marked(
        Snapshot(
            entity=edit.entity,
            entity_type=type_of(edit.entity),
            revision=0,
            created_at=now,
            created_by=info.editor,
            content=content,
            content_hash=hash64(data),
            flags=next_state.flags(edit, base, content, maintained_by),
            is_mass_edit=info.is_mass_edit,
            edit_type=info.edit_type,
            redirects_to=target_of(edit.change, base.head if base is not None else None),
            schema_version=SCHEMA_VERSION,
        ),
        edit,
        following,
    )
    return Try(
        edit=edit,
        base=base,
        nonce=nonce,
        info=info,
        bodies=bodies,
        content=content,
        entity=entity,
        claimed=claimed,
        digest=digest(data),
        held_digest=held_digest,
        started=started,
        warnings=warnings,
    )


def is_unchanged(attempt: Try) -> bool:
    """Whether the head says this already (W4): by digest, and only an ordinary head that has one.

    What changes the state of an entity is told even where the state is the same.
    """
    base = attempt.base
    if base is None or not isinstance(attempt.edit.change, (SetContent, SetRevision, Undo)):
        return False
    flags = base.head.flags
    return (
        not flags.is_redirect and not flags.is_soft_deleted and base.revision.content_digest == attempt.digest
    )


def seal(attempt: Try, taken: int, stores: Stores) -> Draft:
    """The snapshot and the swap under the first revision id that is not known to be taken."""
    edit, base, content = attempt.edit, attempt.base, attempt.content
    parent = base.head.revision if base is not None else None
    snapshot = replace(attempt.started, revision=(parent or 0) + 1 + taken)
    data = snapshot_bytes(snapshot, attempt.entity)
    new, old = content.held(), held_by(base)
    bodies = {attempt.claimed[one].hash: body for one, body in attempt.bodies.items()}
    missing = [place for place in attempt.claimed.values() if not place.stored and place.hash not in old]
    objects = [
        NewObject(
            statement_key(place.hash),
            statement_bytes(place.hash, bodies[place.hash], snapshot.created_at),
            attempt.nonce,
        )
        for place in missing
    ]
    objects.append(
        NewObject(
            snapshot_key(edit.entity, snapshot.revision),
            data,
            attempt.nonce,
            tags={"publication_state": "pending"},
            metadata={"revision_id": str(snapshot.revision)},
        )
    )
    parts = {part: claims.property_counts() for part, claims in content.parts.items()}
    held = list(content.statements())
    before = lists(base.head.flags, base.revision.edit.edit_type) if base is not None else frozenset()
    after = lists(snapshot.flags, snapshot.edit_type)
    swap = Swap(
        snapshot=snapshot,
        expected=parent,
        attempt=attempt.nonce,
        edit=attempt.info,
        content_digest=attempt.digest,
        index=StatementIndex(
            [one.hash for one in held],
            content.claims.property_counts(),
            parts,
            attempt.held_digest,
        ),
        ids=[one.id for one in held],
        added=sorted(new - old),
        removed=sorted(old - new),
        redirect_changed=snapshot.redirects_to != (base.head.redirects_to if base is not None else None),
        size_bytes=len(data),
        event=Event(
            entity_id=edit.entity,
            revision_id=snapshot.revision,
            change_type=change_type(attempt.info.edit_type, parent),
            from_revision_id=parent,
            changed_at=snapshot.created_at,
            editor=attempt.info.editor,
            edit_summary=attempt.info.summary,
            bot=attempt.info.bot,
        ),
        key=edit.key,
        left=before - after,
        joined=after - before,
        audit=next_state.audit(edit, attempt.info, snapshot, parent),
    )
    return Draft(swap, objects, bodies, attempt.warnings, rebased_on(edit, parent))


def _held_digest(base: HeadRevision | None) -> bytes | None:
    return base.revision.index.digest if base is not None and base.revision.index is not None else None


def held_by(base: HeadRevision | None) -> set[StatementHash]:
    # A base older than 1.2.0 has its statements inline: none of them is a shared object yet.
    return set(base.revision.index.hashes) if base is not None and base.revision.index is not None else set()


async def _claim(claim: Claim, edit: Edit, stores: Stores, now: datetime) -> Mapping[bytes, Claimed]:
    try:
        return await stores.metadata.claim(claim, stores.hasher, now)
    except ErasedContent as erased:
        entity = edit.change.entity if isinstance(edit.change, SetContent) else {}
        faults = faults_at(entity, erased.digests) or [Fault("", erased.code, str(erased))]
        raise Invalid(faults) from erased


async def _reclaim(
    edit: Edit, base: HeadRevision | None, kept: Kept, nonce: Attempt, stores: Stores, now: datetime
) -> None:
    """What is brought back is the entity's own for as long as the revision is retained: that may end meanwhile."""
    if not (back := kept.snapshot.content.held() - held_by(base)):
        return
    assert base is not None, "what is kept is of an entity that is there"
    if await stores.metadata.reclaim(edit.entity, nonce, base.head.revision, back, now):
        raise NotRestorable(edit.entity, kept.row.revision, "erased")


async def _nothing() -> bool:
    return False
