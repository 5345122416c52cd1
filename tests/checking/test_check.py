"""The checker finds what is wrong: each kind of damage, done behind the stores' back (O4)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from app.compose import open_embedded
from app.importing import import_samples
from storage import relay, times
from storage.check import check

DAMAGE = {
    "a count is wrong": (
        "metadata",
        "UPDATE statement_content SET ref_count = ref_count + 1 WHERE rowid = 3",
        "I7",
    ),
    "a reference is gone": ("metadata", "DELETE FROM statement_references WHERE rowid = 3", "I7"),
    "a backlink is gone": ("metadata", "DELETE FROM entity_backlinks WHERE rowid = 3", "I11"),
    "a backlink is left over": (
        "metadata",
        "UPDATE entity_backlinks SET statement_hash = statement_hash + 1 WHERE rowid = 3",
        "I11",
    ),
    "a redirect is not noted": ("metadata", "DELETE FROM entity_redirects", "I11"),
    "a redirect leads elsewhere": (
        "metadata",
        "UPDATE entity_redirects SET target_internal_id = 4294967301",
        "I11",
    ),
    "an id is not registered": ("metadata", "DELETE FROM entity_id_mapping WHERE entity_id = 'Q42'", "I12"),
    "a parent is missing": (
        "metadata",
        "UPDATE entity_revisions SET parent_revision_id = 7 WHERE rowid = 3",
        "I3",
    ),
    "a head has no revision": ("metadata", "DELETE FROM entity_revisions WHERE rowid = 3", "I4"),
    "a digest of a statement is another": (
        "metadata",
        "UPDATE statement_content SET digest = zeroblob(32) WHERE rowid = 3",
        "I5",
    ),
    "a digest of a revision is another": (
        "metadata",
        "UPDATE entity_revisions SET content_digest = zeroblob(32) WHERE rowid = 3",
        "I5",
    ),
    "a row names other statements": (
        "metadata",
        "UPDATE entity_revisions SET statements = zeroblob(length(statements)) WHERE internal_id = 4294967301",
        "I5",
    ),
    "a snapshot is gone": ("objects", "DELETE FROM objects WHERE name LIKE '%/Q42/1.json'", "I6"),
    "a statement is gone": (
        "objects",
        "DELETE FROM objects WHERE name LIKE 'wikibase-statements/%' AND rowid % 9 = 0",
        "I6",
    ),
    "an object is changed": (
        "objects",
        "UPDATE objects SET data = CAST(data || ' ' AS BLOB) WHERE name LIKE '%/Q42/1.json'",
        "I6",
    ),
    "a tag says pending": ("objects", 'UPDATE tags SET tags = \'{"publication_state":"pending"}\'', "I8"),
    "an event is lost": ("events", "DELETE FROM events WHERE position = 3", "I9"),
    "an event tells of nothing": (
        "events",
        "UPDATE events SET event = replace(event, '\"revision_id\":1', '\"revision_id\":2') WHERE position = 3",
        "I9",
    ),
}


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """The samples, with nothing owed any more, closed."""
    async with open_embedded(tmp_path) as stores:
        await import_samples(stores)
        await relay.settle(stores, clock=times.now)
    return tmp_path


async def findings(folder: Path) -> set[str]:
    async with open_embedded(folder) as stores:
        return {finding.invariant async for finding in check(stores)}


async def test_a_sound_store_has_no_findings(folder: Path) -> None:
    assert await findings(folder) == set()


@pytest.mark.parametrize("damage", DAMAGE)
async def test_damage_is_found(folder: Path, damage: str) -> None:
    file, statement, invariant = DAMAGE[damage]
    connection = sqlite3.connect(folder / f"{file}.sqlite")
    with connection:
        assert connection.execute(statement).rowcount > 0
    connection.close()
    assert invariant in await findings(folder)
