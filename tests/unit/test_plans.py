"""How the database goes about the reads: one statement for many keys, each key by an index, nothing sorted.

SQLite's own account of its plans. It makes them without figures of the tables, so that empty ones tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from storage.ids import EntityId, PropertyId
from storage.ports import (
    EVERY_REVISION,
    BacklinksPage,
    HistoryPage,
    HoldersPage,
    RedirectsPage,
    RevisionFilter,
    UsedStatements,
)
from storage.sql import links, outbox, revisions, uses
from storage.sql.migrate import migrate
from storage.sql.sqlite import engine_of
from tests.builders import NOW

Read = Callable[[Connection, int], object]
"""A read of so many keys."""

P31 = PropertyId("P31")
MASS, TYPE = RevisionFilter(is_mass_edit=True), RevisionFilter(edit_type="a")
BOTH = RevisionFilter(is_mass_edit=True, edit_type="a")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """To empty tables."""
    engine = engine_of(tmp_path / "metadata.sqlite", "BEGIN", 1.0, 1)
    with engine.connect() as opened, opened.begin():
        migrate(opened)
        yield opened
    engine.dispose()


def sent(connection: Connection, read: Read, count: int) -> list[tuple[str, Any]]:
    """The statements that a read sends, with what is bound to them."""
    found: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, bound: object, *_: object) -> None:
        found.append((statement, bound))

    event.listen(connection, "before_cursor_execute", note)
    read(connection, count)
    event.remove(connection, "before_cursor_execute", note)
    return found


def plan(connection: Connection, read: Read, count: int) -> list[str]:
    """The steps of the one statement that a read sends."""
    [(statement, bound)] = sent(connection, read, count)
    return [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound)]


def items(count: int) -> list[EntityId]:
    return [EntityId(f"Q{number}") for number in range(1, count + 1)]


def histories(wanted: RevisionFilter) -> Read:
    return lambda connection, count: revisions.histories(
        connection, [HistoryPage(one, 10, 5, wanted) for one in items(count)]
    )


def backlinks(name: PropertyId | None) -> Read:
    return lambda connection, count: links.backlinks(
        connection, [BacklinksPage(one, 10, (EntityId("Q7"), 7), name) for one in items(count)]
    )


def recent(wanted: RevisionFilter) -> Read:
    return lambda connection, _: revisions.recent(connection, (NOW, EntityId("Q7"), 7), 10, wanted)


def most_used(wanted: UsedStatements, after: tuple[int, int] | None) -> Read:
    return lambda connection, _: uses.most_used(connection, wanted, after, 10)


BATCHES: dict[str, tuple[Read, str]] = {
    "revisions": (
        lambda connection, count: revisions.revisions(connection, [(one, 1) for one in items(count)]),
        "sqlite_autoindex_entity_revisions_1 (internal_id=? AND revision_id=?)",
    ),
    "statement ids": (
        lambda connection, count: revisions.statement_ids(connection, [(one, 1) for one in items(count)]),
        "sqlite_autoindex_entity_revisions_1 (internal_id=? AND revision_id=?)",
    ),
    "histories": (
        histories(EVERY_REVISION),
        "sqlite_autoindex_entity_revisions_1 (internal_id=? AND revision_id<?)",
    ),
    "filtered histories": (
        histories(BOTH),
        "sqlite_autoindex_entity_revisions_1 (internal_id=? AND revision_id<?)",
    ),
    "backlinks": (
        backlinks(None),
        "sqlite_autoindex_entity_backlinks_1 (referenced_internal_id=? AND referencing_internal_id>?)",
    ),
    "backlinks of a property": (
        backlinks(P31),
        "entity_backlinks_by_property (referenced_internal_id=? AND property_id=? AND referencing_internal_id>?)",
    ),
    "holders": (
        lambda connection, count: uses.holders(
            connection, [HoldersPage(number, 10, EntityId("Q7")) for number in range(count)]
        ),
        "sqlite_autoindex_statement_references_1 (content_hash=? AND internal_id>?)",
    ),
    "redirects": (
        lambda connection, count: links.redirects_to(
            connection, [RedirectsPage(one, 10, EntityId("Q7")) for one in items(count)]
        ),
        "entity_redirects_by_target (target_internal_id=? AND source_internal_id>?)",
    ),
    "redirect counts": (
        lambda connection, count: links.redirect_counts(connection, items(count)),
        "entity_redirects_by_target (target_internal_id=?)",
    ),
}
LISTS: dict[str, tuple[Read, str]] = {
    "recent": (recent(EVERY_REVISION), "entity_revisions_by_time (created_at<?)"),
    "recent of a type": (recent(TYPE), "entity_revisions_by_type (edit_type=? AND created_at<?)"),
    "recent mass edits": (recent(MASS), "entity_revisions_by_mass (is_mass_edit=? AND created_at<?)"),
    "recent of a type and mass": (recent(BOTH), "entity_revisions_by_type (edit_type=? AND created_at<?)"),
    "most used": (
        most_used(UsedStatements(), None),
        "statement_content_by_use (ref_count>? AND ref_count<?)",
    ),
    "least used of a range": (
        most_used(UsedStatements(2, (0, 999), ascending=True), None),
        "statement_content_by_use (ref_count>? AND ref_count<?)",
    ),
    "the rest of a count": (
        most_used(UsedStatements(), (5, 7)),
        "statement_content_by_use (ref_count=? AND content_hash<?)",
    ),
    "underived": (lambda connection, _: outbox.underived(connection, 10), "outbox_underived (derived=?)"),
    "unpublished": (
        lambda connection, _: outbox.unpublished(connection, 10),
        "outbox_unpublished (published=?)",
    ),
    "what is to be derived, counted": (
        lambda connection, _: outbox._owed(connection, outbox._OWED_DERIVING, 10),
        "outbox_underived (derived=?)",
    ),
    "what is to be published, counted": (
        lambda connection, _: outbox._owed(connection, outbox._OWED_PUBLISHING, 10),
        "outbox_unpublished (published=?)",
    ),
    "the rest of a count, rising": (
        most_used(UsedStatements(ascending=True), (5, 7)),
        "statement_content_by_use (ref_count=? AND content_hash>?)",
    ),
}
READS = [
    *(
        pytest.param(read, step, count, id=f"{name} {count}")
        for name, (read, step) in BATCHES.items()
        for count in (1, 3)
    ),
    *(pytest.param(read, step, 1, id=name) for name, (read, step) in LISTS.items()),
]


@pytest.mark.parametrize(("read", "step", "count"), READS)
def test_a_read_goes_by_its_index_and_sorts_nothing(
    connection: Connection, read: Read, step: str, count: int
) -> None:
    """S5, Q10: what it costs depends on what it gives, not on what there is."""
    steps = plan(connection, read, count)

    assert any(f"INDEX {step}" in one for one in steps), steps
    tables = ("entity_", "statement_", "outbox")
    assert not [one for one in steps if one.startswith(tuple(f"SCAN {table}" for table in tables))], steps
    assert not [one for one in steps if "TEMP B-TREE" in one], steps


@pytest.mark.parametrize("read", [read for read, _ in BATCHES.values()], ids=BATCHES)
def test_a_hundred_keys_are_one_statement(connection: Connection, read: Read) -> None:
    """As many as for one."""
    assert [len(sent(connection, read, count)) for count in (0, 1, 2, 100)] == [0, 1, 1, 1]


def test_backlinks_of_all_and_of_one_property_are_one_statement(connection: Connection) -> None:
    def read(connection: Connection, count: int) -> object:
        pages = [BacklinksPage(one, 10, None, name) for one in items(count) for name in (None, P31)]
        return links.backlinks(connection, pages)

    assert len(sent(connection, read, 50)) == 1


def test_a_history_does_not_read_which_statements_there_are(connection: Connection) -> None:
    """They are long, and a history tells nothing of them."""
    for read in (histories(EVERY_REVISION), recent(EVERY_REVISION)):
        [(statement, _)] = sent(connection, read, 1)

        assert "entity_revisions.summary" in statement
        for column in ("statements", "statement_ids", "properties", "property_counts", "parts"):
            assert f".{column}" not in statement
