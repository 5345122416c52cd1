"""Check the rows that are derived from revisions: that each follows from one, and none is left over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime

from storage.ids import EntityId
from storage.model import StatementHash
from storage.ports import Stores
from storage.walks import PAGE, Finding, every_head, every_revision, pages

REMEMBERED = 20_000
"""Entities whose statements are kept at hand while counts are compared."""
END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
UNFINISHED = 10_000
"""Erasures under way that are looked at."""


async def check_counts(stores: Stores) -> AsyncIterator[Finding]:
    """Counts against what is noted as held, and that against what was held."""
    held: dict[EntityId, set[StatementHash] | None] = {}
    async for page in pages(lambda after: stores.metadata.statement_rows(after, PAGE), lambda row: row.hash):
        facts = await stores.metadata.facts([row.hash for row in page])
        for row in page:
            holders = facts.get(row.hash, set())
            if row.ref_count != len(holders):
                what = f"is counted {row.ref_count} times, {len(holders)} entities hold it"
                yield Finding("I7", str(row.hash), what)
            for entity in holders:
                if entity not in held:
                    if len(held) >= REMEMBERED:
                        held.clear()
                    held[entity] = await _ever_held(stores, entity)
                of_entity = held[entity]
                if of_entity is not None and row.hash not in of_entity:
                    what = "is noted as holding a statement that none of its revisions has"
                    yield Finding("I7", f"{entity} {row.hash}", what)


async def _ever_held(stores: Stores, entity: EntityId) -> set[StatementHash] | None:
    """What an entity's revisions hold; None where a row does not tell."""
    held: set[StatementHash] = set()
    async for row in every_revision(stores, entity):
        if row.erased:
            continue
        if row.index is None:
            return None
        held.update(row.index.hashes)
    return held


async def check_backlinks(stores: Stores) -> AsyncIterator[Finding]:
    """Backlinks that no head and no statement accounts for; those that lack are found entity by entity."""
    async for page in pages(
        lambda after: stores.metadata.all_backlinks(after, PAGE),
        lambda link: (link.referenced, link.referencing, link.statement),
    ):
        heads = await stores.metadata.heads({backlink.referencing for backlink in page})
        held = {
            entity: set(head.revision.index.hashes) if head.revision.index is not None else set()
            for entity, head in heads.items()
        }
        erased = await _erased(stores, {backlink.statement for backlink in page})
        for backlink in page:
            where = f"{backlink.referenced} {backlink.statement}"
            if backlink.statement not in held.get(backlink.referencing, ()):
                what = f"{backlink.referencing} no longer holds the statement of this backlink"
                yield Finding("I11", where, what)
            if backlink.statement in erased:
                what = f"the statement by which {backlink.referencing} refers to it was erased"
                yield Finding("I11", where, what)


async def _erased(stores: Stores, hashes: Collection[StatementHash]) -> set[StatementHash]:
    """Those of these statements that were erased for good: of one that still is being erased, links may be left."""
    erased = {one for one, row in (await stores.metadata.find(hashes)).items() if row.erased}
    unfinished = await stores.metadata.unfinished(END_OF_TIME, UNFINISHED) if erased else ()
    return erased - {erasure.statement for erasure in unfinished}


async def check_redirects(stores: Stores) -> AsyncIterator[Finding]:
    """Redirects as they are noted against those of the heads."""
    async for page in pages(lambda after: stores.metadata.all_redirects(after, PAGE), lambda pair: pair[0]):
        heads = await stores.metadata.heads([source for source, _ in page])
        for source, target in page:
            if source not in heads or heads[source].head.redirects_to != target:
                yield Finding("I11", source, f"is noted as redirecting to {target}, its head says otherwise")
    async for heads in every_head(stores):
        targets = {entity: head.head.redirects_to for entity, head in heads.items() if head.head.redirects_to}
        noted = await stores.metadata.redirects_of(targets)
        for entity, redirects_to in targets.items():
            if entity not in noted:
                yield Finding("I11", entity, f"redirects to {redirects_to}, which is not noted")
