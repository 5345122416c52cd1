"""Statements that nobody holds, on their way out. Units for one transaction each.

The order of a statement's states is LIVE, CONDEMNED, DELETING, COLLECTED; only the first step can be taken back, by
a claim. `statements.take` is the other side of it: it writes its pending fact, and then looks at the state.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from storage.ids import EntityId, external, internal
from storage.model import AuditKind, StatementHash
from storage.port_collecting import Fate, Orphan, Trial
from storage.sql.deletions import ENDED, RELEASED
from storage.sql.portable import chunks, hash_chunks
from storage.sql.statements import COLLECTED, CONDEMNED, DELETING, LIVE
from storage.sql.tables import (
    entity_delete_audit,
    entity_head,
    entity_revisions,
    outbox,
    statement_content,
    statement_pending,
    statement_references,
)

_CONTENT, _FACTS = statement_content.c, statement_references.c
_SINCE = func.coalesce(_CONTENT.orphaned_at, _CONTENT.created_at, type_=_CONTENT.created_at.type)
# Told by name as in `uses`. No index of its own: every new statement would pay for it, and few are ever orphans.
_ORPHANS = (
    select(_CONTENT.content_hash, _CONTENT.state, _SINCE.label("since"))
    .where(_CONTENT.ref_count == 0, _CONTENT.state.in_((LIVE, CONDEMNED, DELETING)))
    .order_by(_CONTENT.content_hash)
    .with_hint(statement_content, "FORCE INDEX (statement_content_by_use)", "mysql")
)


def orphans(connection: Connection, after: StatementHash | None, limit: int) -> list[Orphan]:
    """Statements of count 0 that are not collected yet."""
    query = _ORPHANS.limit(limit)
    if after is not None:
        query = query.where(_CONTENT.content_hash > after)
    return [Orphan(row.content_hash, row.since, row.state == DELETING) for row in connection.execute(query)]


def fates(connection: Connection, trials: Collection[Trial]) -> dict[Trial, Fate]:
    """What the heads of attempts' entities tell, and the revisions that followed the attempts' bases."""
    # The heads first: what had moved past a base then has the revision that did it, however late one looks.
    moved: dict[EntityId, int] = {}
    for some in chunks(sorted({internal(one.entity) for one in trials})):
        head = entity_head.c
        rows = connection.execute(
            select(head.internal_id, head.head_revision_id).where(head.internal_id.in_(some))
        )
        moved |= {external(row.internal_id): row.head_revision_id for row in rows}
    return {
        one: Fate.OPEN if moved.get(one.entity, 0) == one.base else _past(connection, one) for one in trials
    }


def _past(connection: Connection, trial: Trial) -> Fate:
    # Of all revisions beyond the base, only the first can have been made on it.
    table = entity_revisions.c
    first = connection.scalar(
        select(table.attempt)
        .where(table.internal_id == internal(trial.entity), table.revision_id > trial.base)
        .order_by(table.revision_id)
        .limit(1)
    )
    return Fate.LANDED if first == trial.attempt else Fate.DEAD


def condemn(
    connection: Connection, hashes: Collection[StatementHash], before: datetime
) -> set[StatementHash]:
    """Mark orphans of that age."""
    marked: set[StatementHash] = set()
    for some in hash_chunks(connection, hashes):
        here = _CONTENT.content_hash.in_(some)
        connection.execute(
            update(statement_content)
            .where(here, _CONTENT.ref_count == 0, _CONTENT.state == LIVE, before >= _SINCE)
            .values(state=CONDEMNED)
        )
        marked.update(
            connection.scalars(select(_CONTENT.content_hash).where(here, _CONTENT.state == CONDEMNED))
        )
    return marked


def give_up(connection: Connection, hashes: Collection[StatementHash]) -> set[StatementHash]:
    """Give up condemned statements without pending facts; the others are condemned no more."""
    given: set[StatementHash] = set()
    for some in hash_chunks(connection, hashes):
        here, column = _CONTENT.content_hash.in_(some), statement_pending.c.content_hash
        # A locking read: it waits for those who have written a pending fact and not committed yet.
        claimed = set(connection.scalars(select(column).where(column.in_(some)).with_for_update()))
        for wanted, state in ((set(some) - claimed, DELETING), (claimed, LIVE)):
            if not wanted:
                continue
            connection.execute(
                update(statement_content)
                .where(
                    _CONTENT.content_hash.in_(sorted(wanted)),
                    _CONTENT.ref_count == 0,
                    _CONTENT.state == CONDEMNED,
                )
                .values(state=state)
            )
        given.update(
            connection.scalars(select(_CONTENT.content_hash).where(here, _CONTENT.state == DELETING))
        )
    return given


def collected(connection: Connection, hashes: Collection[StatementHash]) -> None:
    """Note that the objects are gone."""
    for some in hash_chunks(connection, hashes):
        connection.execute(
            update(statement_content)
            .where(_CONTENT.content_hash.in_(some), _CONTENT.state == DELETING)
            .values(state=COLLECTED)
        )


def let_go(
    connection: Connection, entity: EntityId, hashes: Collection[StatementHash], now: datetime
) -> set[StatementHash]:
    """Drop an entity's facts, and count what was dropped."""
    gone: set[StatementHash] = set()
    for some in hash_chunks(connection, hashes):
        mine = (_FACTS.internal_id == internal(entity), _FACTS.content_hash.in_(some))
        # A locking read, else two who do the same would both see the facts and both count.
        there = sorted(connection.scalars(select(_FACTS.content_hash).where(*mine).with_for_update()))
        if not there:
            continue
        connection.execute(delete(statement_references).where(_FACTS.content_hash.in_(there), mine[0]))
        here = _CONTENT.content_hash.in_(there)
        connection.execute(update(statement_content).where(here).values(ref_count=_CONTENT.ref_count - 1))
        connection.execute(
            update(statement_content).where(here, _CONTENT.ref_count == 0).values(orphaned_at=now)
        )
        gone.update(there)
    return gone


def owes(connection: Connection, entity: EntityId) -> bool:
    """Whether there is work of an entity that is not derived."""
    query = select(outbox.c.revision_id).where(
        outbox.c.internal_id == internal(entity), outbox.c.derived.is_(False)
    )
    return connection.execute(query.limit(1)).first() is not None


def retention_ended(connection: Connection, entities: Collection[EntityId]) -> dict[EntityId, bool]:
    """Entities whose last hard deletion can't be taken back."""
    table = entity_delete_audit.c
    found: dict[EntityId, bool] = {}
    for some in chunks(sorted(internal(entity) for entity in entities)):
        rows = connection.execute(
            select(table.internal_id, table.retention).where(
                table.internal_id.in_(some),
                table.delete_type == str(AuditKind.HARD_DELETE),
                table.retention.in_((ENDED, RELEASED)),
            )
        )
        found |= {external(row.internal_id): row.retention == RELEASED for row in rows}
    return found
