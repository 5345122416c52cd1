"""Check entities one by one: revisions, snapshots and statements, and that what is derived from the head is there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from storage import reading
from storage.canonical import digest, digest_of_held
from storage.content import content_bytes
from storage.derive import PUBLISHED
from storage.errors import Damaged
from storage.ids import EntityId
from storage.keys import snapshot_key
from storage.links import links
from storage.model import Link, Revision, StatementHash
from storage.ports import Backlink, HeadRevision, Stores
from storage.snapshot import SCHEMA_VERSION
from storage.walks import Finding, every_revision


async def check_entity(stores: Stores, entity: EntityId, at_rest: bool) -> AsyncIterator[Finding]:
    """What is wrong with an entity. References and backlinks are looked at only `at_rest`."""
    head = (await stores.metadata.heads([entity])).get(entity)
    if head is None:
        yield Finding("I4", entity, "has a head row without the revision that it names")
        return
    if not await stores.metadata.registered([entity]):
        yield Finding("I12", entity, "has revisions though its id is not registered")
    released = (await stores.metadata.retention_ended([entity])).get(entity)
    expected: int | None = head.head.revision
    held: set[StatementHash] = set()
    async for row in every_revision(stores, entity):
        if row.revision != expected:
            yield Finding(
                "I3",
                f"{entity} {row.revision}",
                f"stands where revision {expected} should: the chain of parents is broken",
            )
        expected = row.parent
        # Of what is released, or about to be, nothing needs to be there but the rows.
        if released is None and not row.erased:
            async for finding in _check_revision(stores, row, at_rest):
                yield finding
        held |= set(row.index.hashes) if row.index is not None else set()
    if expected is not None:
        yield Finding("I3", entity, f"lacks revision {expected}, a parent")
    if at_rest:
        facts = await stores.metadata.facts(held)
        for one in sorted(held):
            if released is None and entity not in facts.get(one, ()):
                yield Finding("I7", f"{entity} {one}", "holds the statement, but is not noted as holding it")
            if released and entity in facts.get(one, ()):
                yield Finding("I7", f"{entity} {one}", "is noted as holding the statement, but is released")
        if released is None:
            async for finding in _check_links(stores, head):
                yield finding


async def _check_revision(stores: Stores, row: Revision, at_rest: bool) -> AsyncIterator[Finding]:
    where = f"{row.entity} {row.revision}"
    try:
        snapshot, bodies = await reading.content_of(stores, row)
    except Damaged as damage:
        yield Finding("I6", where, str(damage))
        return
    if snapshot.schema_version == SCHEMA_VERSION:
        if digest(content_bytes(snapshot.content)) != row.content_digest:
            yield Finding("I5", where, "the snapshot's content does not have the digest of the row")
        if row.index is not None and list(row.index.hashes) != [
            one.hash for one in snapshot.content.statements()
        ]:
            yield Finding("I5", where, "the snapshot names other statements than the row")
    # The statements of an older revision may lie in its snapshot alone: no row tells of those.
    shared = bodies if row.index is not None else {}
    rows = await stores.metadata.find(shared)
    for one, body in shared.items():
        if one not in rows or rows[one].digest != body.digest:
            yield Finding(
                "I5", f"{where} {one}", "the statement does not have the digest that it was written with"
            )
    known = {one: body.digest for one, body in shared.items()}
    # What is erased is not at hand: then nobody can tell.
    told = row.index.digest if row.index is not None and known.keys() == set(row.index.hashes) else None
    if told is not None and digest_of_held(known) != told:
        yield Finding("I5", where, "the row's digest is not of the statements that it names")
    key = snapshot_key(row.entity, row.revision)
    tags = (await stores.objects.tags([key])).get(key)
    if at_rest and tags is not None and tags != PUBLISHED:  # None: the object has an older name
        yield Finding("I8", where, f"is committed, but its object is tagged {tags}")


async def _check_links(stores: Stores, head: HeadRevision) -> AsyncIterator[Finding]:
    entity = head.head.entity
    found = await _links_of(stores, head.revision)
    noted = await stores.metadata.links_of(entity, {link.target for link in found})
    for link in found:
        wanted = Backlink(link.target, entity, link.statement, link.property, link.rank, link.role)
        if wanted not in noted:
            yield Finding(
                "I11", f"{entity} {link.statement}", f"refers to {link.target}, which has no such backlink"
            )


async def _links_of(stores: Stores, row: Revision) -> Sequence[Link]:
    try:
        _, bodies = await reading.content_of(stores, row)
    except Damaged:
        return []  # reported where the revision was checked
    return [link for one, body in bodies.items() for link in links(one, body)]
