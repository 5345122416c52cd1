"""One try of an edit on one base: what it would make, and all that has to be stored for it.

Claims statements, and puts together the snapshot, the objects and the swap. Stores nothing but claims; whether the
edit may be made, and what becomes of it, is asked in `commit`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from storage.canonical import canonical, digest, hash64
from storage.content import Split, content_bytes
from storage.edits import Edit, target_of
from storage.errors import (
    Fault,
)
from storage.events import change_type
from storage.ids import type_of
from storage.keys import snapshot_key, statement_key
from storage.model import (
    Attempt,
    Content,
    Event,
    Flags,
    Snapshot,
    StatementBody,
    StatementHash,
    StatementIndex,
)
from storage.ports import (
    Claim,
    Claimed,
    HeadRevision,
    NewObject,
    Stores,
    Swap,
)
from storage.snapshot import SCHEMA_VERSION, snapshot_bytes, statement_bytes
from storage.times import Clock


@dataclass(slots=True)
class Try:
    """One try of an edit on one base: its nonce, the content it would make, where the statements live."""

    edit: Edit
    base: HeadRevision | None
    nonce: Attempt
    split: Split
    content: Content
    entity: bytes
    """The content's entity in canonical bytes: hashed once, written once."""
    claimed: Mapping[bytes, Claimed]
    digest: bytes
    started: Snapshot
    warnings: Sequence[Fault]


@dataclass(frozen=True, slots=True)
class Draft:
    """A try under a revision id, sealed: what will be stored and swapped in."""

    swap: Swap
    objects: list[NewObject]
    bodies: Mapping[StatementHash, StatementBody]
    warnings: Sequence[Fault]


async def begin(
    edit: Edit,
    base: HeadRevision | None,
    taken_apart: Split,
    warnings: Sequence[Fault],
    stores: Stores,
    clock: Clock,
) -> Try:
    """Find out where the statements of the next content live, leaving a pending fact for each new one."""
    nonce = Attempt(os.urandom(16))
    held = held_by(base)
    number = base.head.revision if base is not None else 0
    now = clock()
    # Pending facts come before anything relies on a statement: from here on no collector removes it.
    claim = Claim(edit.entity, nonce, number, list(taken_apart.bodies.values()), held)
    registering = stores.metadata.register(edit.entity, now) if base is None else _nothing()
    claimed, _ = await asyncio.gather(stores.metadata.claim(claim, stores.hasher, now), registering)
    content = taken_apart.located({one: place.hash for one, place in claimed.items()})
    entity = canonical(content.entity)
    data = content_bytes(content, entity)
    flags = base.head.flags if base is not None else Flags()
    target = target_of(edit)
    started = Snapshot(
        entity=edit.entity,
        entity_type=type_of(edit.entity),
        revision=0,
        created_at=now,
        created_by=edit.info.editor,
        content=content,
        content_hash=hash64(data),
        flags=replace(flags, is_redirect=target is not None),
        is_mass_edit=edit.info.is_mass_edit,
        edit_type=edit.info.edit_type,
        redirects_to=target,
        schema_version=SCHEMA_VERSION,
    )
    return Try(edit, base, nonce, taken_apart, content, entity, claimed, digest(data), started, warnings)


def is_unchanged(attempt: Try) -> bool:
    """Whether the head says this already (W4): by digest, and only an ordinary head that has one."""
    base = attempt.base
    if base is None or attempt.started.redirects_to is not None:
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
    bodies = {attempt.claimed[one].hash: body for one, body in attempt.split.bodies.items()}
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
    swap = Swap(
        snapshot=snapshot,
        expected=parent,
        attempt=attempt.nonce,
        edit=edit.info,
        content_digest=attempt.digest,
        index=StatementIndex([one.hash for one in held], content.claims.property_counts(), parts),
        ids=[one.id for one in held],
        added=sorted(new - old),
        removed=sorted(old - new),
        redirect_changed=snapshot.redirects_to != (base.head.redirects_to if base is not None else None),
        size_bytes=len(data),
        event=Event(
            entity_id=edit.entity,
            revision_id=snapshot.revision,
            change_type=change_type(edit.info.edit_type, parent),
            from_revision_id=parent,
            changed_at=snapshot.created_at,
            editor=edit.info.editor,
            edit_summary=edit.info.summary,
            bot=edit.info.bot,
        ),
        key=edit.key,
    )
    return Draft(swap, objects, bodies, attempt.warnings)


def held_by(base: HeadRevision | None) -> set[StatementHash]:
    # A base older than 1.2.0 has its statements inline: none of them is a shared object yet.
    return set(base.revision.index.hashes) if base is not None and base.revision.index is not None else set()


async def _nothing() -> bool:
    return False
