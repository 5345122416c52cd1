"""How MySQL goes about the statements: each key by an index, whatever else the tables hold.

The server's own account of its plans, for the statements that the verbs have sent, over tables with some thousand rows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event

from storage.canonical import hash64
from storage.errors import HeadMoved
from storage.ids import EntityId, PropertyId
from storage.ports import (
    EVERY_REVISION,
    BacklinksPage,
    HistoryPage,
    HoldersPage,
    Metadata,
    RedirectsPage,
    RevisionFilter,
    UsedStatements,
)
from storage.sql.metadata import SqlMetadata
from storage.sql.mysql import MysqlDatabase
from storage.sql.sqlite import T, Unit
from tests.builders import NOW, a_body, a_key, a_link, a_swap, an_attempt
from tests.conformance.statements import a_claim
from tests.services.mariadb import mysql, mysql_server, new_data, shared_place

__all__ = ["mysql", "mysql_server", "new_data", "shared_place"]

ENTITIES = [EntityId(f"Q{number}") for number in range(1, 201)]
BODIES = [a_body("P31", string=f"value {number}") for number in range(2000)]
HASHES = [hash64(body.canonical) for body in BODIES]
PAGE = 10
SOME, THEIRS = ENTITIES[10:15], HASHES[50:70]
"""Of the hashes, small and large ones: MySQL's numbers change their type at 2**63."""


class Explained:
    """A database that asks for the plan of each statement that its units have sent."""

    def __init__(self, database: MysqlDatabase) -> None:
        self._database = database
        self.plans: list[tuple[str, dict[str, Any]]] = []
        """Each step with its statement."""

    async def read(self, unit: Unit[T], *, snapshot: bool = True, brief: bool = False) -> T:
        return await self._database.read(self._explained(unit), snapshot=snapshot, brief=brief)

    async def write(self, unit: Unit[T]) -> T:
        return await self._database.write(self._explained(unit))

    def _explained(self, unit: Unit[T]) -> Unit[T]:
        def explained(connection: Connection) -> T:
            sent: list[tuple[str, Any]] = []

            def note(_connection: object, _cursor: object, statement: str, bound: Any, *rest: Any) -> None:
                sent.append((statement, bound[0] if rest[-1] else bound))

            event.listen(connection, "before_cursor_execute", note)
            try:
                return unit(connection)
            finally:
                event.remove(connection, "before_cursor_execute", note)
                for statement, bound in sent:
                    if not statement.startswith("INSERT"):
                        steps = connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {statement}", bound)
                        self.plans.extend((statement, dict(step)) for step in steps.mappings())

        return explained


@pytest.fixture
async def filled(mysql: MysqlDatabase) -> MysqlDatabase:
    """Two hundred entities with two revisions and ten statements each, that link to ten of them."""
    metadata = SqlMetadata(mysql)
    await metadata.claim(a_claim(*BODIES), hash64, NOW)
    for number, entity in enumerate(ENTITIES):
        hashes = HASHES[number * 10 : number * 10 + 10]
        await metadata.commit(a_swap(entity, 1, key=a_key(number)))
        await metadata.commit(replace(a_swap(entity, 2, 1, hashes=hashes), joined={"is_locked", "type:lock"}))
        await metadata.hold(entity, hashes, None)
        await metadata.relink(
            entity, 1, [a_link(f"Q{target}", one) for target, one in enumerate(hashes, 1)], []
        )
        await metadata.redirect(entity, EntityId(f"Q{number % 7 + 1}"), 1, "Alice", NOW)
        await metadata.register(entity, NOW)
    tables = (
        "entity_head, entity_revisions, entity_revision_meta, statement_content, statement_references,"
        " statement_pending, entity_backlinks, entity_redirects, entity_lists, entity_id_mapping, outbox, idempotent_outcomes"
    )
    await mysql.write(lambda c: c.exec_driver_sql(f"ANALYZE TABLE {tables}").close())
    return mysql


async def lost(metadata: Metadata) -> None:
    """A swap that loses."""
    with pytest.raises(HeadMoved):
        await metadata.commit(a_swap("Q11", 4, 1, key=a_key(1001)))


OF_KEYS: dict[str, Callable[[Metadata], Awaitable[object]]] = {
    "claim": lambda m: m.claim(a_claim(*BODIES[50:70]), hash64, NOW),
    "hold": lambda m: m.hold(EntityId("Q999"), THEIRS, an_attempt()),
    "release": lambda m: m.release(EntityId("Q1"), THEIRS, an_attempt()),
    "find": lambda m: m.find(THEIRS),
    "pending": lambda m: m.pending(THEIRS),
    "unheld": lambda m: m.unheld(THEIRS),
    "facts": lambda m: m.facts(THEIRS),
    "holders": lambda m: m.holders([HoldersPage(one, PAGE) for one in THEIRS]),
    "heads": lambda m: m.heads(SOME),
    "commit": lambda m: m.commit(a_swap("Q11", 3, 2, key=a_key(1000))),
    "a lost commit": lost,
    "landed": lambda m: m.landed_many({one: [a_key(number).key] for number, one in enumerate(SOME)}),
    "attempt_of": lambda m: m.attempt_of(SOME[0], 2),
    "revisions": lambda m: m.revisions([(one, 2) for one in SOME]),
    "statement_ids": lambda m: m.statement_ids([(one, 2) for one in SOME]),
    "histories": lambda m: m.histories([HistoryPage(one, PAGE) for one in SOME]),
    "registered": lambda m: m.registered(SOME),
    "mark": lambda m: m.mark([(one, 1) for one in SOME], derived=True, published=True),
    "relink": lambda m: m.relink(SOME[0], 2, [a_link("Q3", one) for one in THEIRS], []),
    "backlinks": lambda m: m.backlinks([BacklinksPage(EntityId("Q3"), PAGE, (SOME[0], 0))]),
    "backlinks of a property": lambda m: m.backlinks(
        [BacklinksPage(EntityId("Q3"), PAGE, None, PropertyId("P31"))]
    ),
    "redirects_of": lambda m: m.redirects_of(SOME),
    "lists_of": lambda m: m.lists_of(SOME),
    "on_lists": lambda m: m.on_lists(ENTITIES[5], PAGE),
    "all_redirects": lambda m: m.all_redirects(ENTITIES[5], PAGE),
    "links_of": lambda m: m.links_of(SOME[0], [EntityId("Q3")]),
    "redirect": lambda m: m.redirect(SOME[0], None, 2, "Alice", NOW),
    "redirects_to": lambda m: m.redirects_to([RedirectsPage(one, PAGE) for one in ENTITIES[:3]]),
    "redirect_counts": lambda m: m.redirect_counts(ENTITIES[:3]),
    "recent": lambda m: m.recent(None, PAGE, EVERY_REVISION),
    "recent of a type": lambda m: m.recent(None, PAGE, RevisionFilter(edit_type="a")),
    "recent mass edits": lambda m: m.recent(None, PAGE, RevisionFilter(is_mass_edit=True)),
    "most_used": lambda m: m.most_used(UsedStatements(), None, PAGE),
    "most_used beyond one": lambda m: m.most_used(UsedStatements(1), (1, HASHES[7]), PAGE),
    "entities": lambda m: m.entities(ENTITIES[5], PAGE),
    "statement_rows": lambda m: m.statement_rows(HASHES[5], PAGE),
    "all_backlinks": lambda m: m.all_backlinks((EntityId("Q3"), SOME[0], 0), PAGE),
}


async def test_every_statement_goes_by_an_index_to_its_rows(filled: MysqlDatabase) -> None:
    """S5, Q10: what it costs depends on what it gives, not on what there is."""
    explained = Explained(filled)
    metadata = SqlMetadata(explained)
    slow: list[str] = []

    for name, call in OF_KEYS.items():
        explained.plans.clear()
        await call(metadata)
        assert explained.plans, name
        slow += [
            f"{name}: {step} of {statement}"
            for statement, step in explained.plans
            # By an index from its one end is well, if it stops after a page.
            if step["type"] in ("ALL", "index") and int(step["rows"] or 0) > PAGE
        ]

    assert slow == []


POLLS: dict[str, Callable[[Metadata], Awaitable[object]]] = {
    "outbox_underived": lambda m: m.underived(PAGE),
    "outbox_unpublished": lambda m: m.unpublished(PAGE),
}


async def test_a_poll_goes_by_the_index_of_what_it_looks_for(filled: MysqlDatabase) -> None:
    """E3: what waits for Kafka is not looked through for what is to be derived, nor sorted."""
    explained = Explained(filled)

    for call in POLLS.values():
        await call(SqlMetadata(explained))

    assert [step["key"] for _, step in explained.plans] == list(POLLS)
    assert not [step for _, step in explained.plans if "filesort" in step["Extra"]]
