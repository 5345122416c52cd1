"""The checker finds what is wrong: each kind of damage, done behind the stores' back (O4)."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from app.importing import import_samples
from app.settings import Settings
from storage import relay, times
from storage.check import check
from storage.ports import Stores
from tests.checking.damage import (
    LINK,
    SHARED,
    Damaged,
    Do,
    change_snapshot,
    lose_snapshot,
    lose_statement,
    rows,
    tag_as_pending,
    tell_of_nothing,
    told,
)
from tests.places import EMBEDDED, ENGINES, Places

ZEROS = bytes(32)
ROWS: dict[str, tuple[Do, str]] = {
    "a count is wrong": (
        rows("UPDATE statement_content SET ref_count = 3 WHERE property_id = 'P1'"),
        f"I7 {SHARED}: is counted 3 times, 2 entities hold it",
    ),
    "a reference is gone": (
        rows("DELETE FROM statement_references WHERE internal_id = :it", "Q1"),
        f"I7 Q1 {SHARED}: holds the statement, but is not noted as holding it",
    ),
    "a reference is left over": (
        rows("UPDATE statement_references SET internal_id = :q5 WHERE internal_id = :it", "Q1"),
        f"I7 Q5 {SHARED}: is noted as holding a statement that none of its revisions has",
    ),
    "a backlink is gone": (
        rows("DELETE FROM entity_backlinks"),
        f"I11 Q42 {LINK}: refers to Q5, which has no such backlink",
    ),
    "a backlink is left over": (
        rows("UPDATE entity_backlinks SET referencing_internal_id = :it", "Q1"),
        f"I11 Q5 {LINK}: Q1 no longer holds the statement of this backlink",
    ),
    "a redirect is not noted": (
        rows("DELETE FROM entity_redirects"),
        "I11 Q60: redirects to Q5, which is not noted",
    ),
    "a redirect leads elsewhere": (
        rows("UPDATE entity_redirects SET target_internal_id = :it"),
        "I11 Q60: is noted as redirecting to Q42, its head says otherwise",
    ),
    "a redirect leads to itself": (
        rows("UPDATE entity_head SET redirects_to = :it WHERE internal_id = :it", "Q60"),
        "I11 Q60: its redirect leads into a circle of 1",
    ),
    "an entity is not on its list": (
        rows("DELETE FROM entity_lists WHERE internal_id = :it AND list_name = 'is_locked'", "Q61"),
        "I11 Q61: is not on the list 'is_locked', though its head is such",
    ),
    "an entity is not on the list of its edit type": (
        rows("DELETE FROM entity_lists WHERE internal_id = :it"),
        "I11 Q42: is not on the list 'type:a link', though its head is such",
    ),
    "an entity is on a list": (
        rows("INSERT INTO entity_lists VALUES (:it, 'is_archived')", "Q1"),
        "I11 Q1: is on the list 'is_archived', though its head is not such",
    ),
    "a hard-deleted entity is on a list": (
        rows("INSERT INTO entity_lists VALUES (:it, 'type:hard-delete')", "Q63"),
        "I11 Q63: is on the list 'type:hard-delete', though its head is not such",
    ),
    "an entity that is not there is on a list": (
        rows("INSERT INTO entity_lists VALUES (:it, 'is_locked')", "Q999"),
        "I11 Q999: is on a list, and has no head",
    ),
    "an id is not registered": (
        rows("DELETE FROM entity_id_mapping WHERE entity_id = 'Q42'"),
        "I12 Q42: has revisions though its id is not registered",
    ),
    "a parent is missing": (
        rows(
            "UPDATE entity_revisions SET parent_revision_id = 7 WHERE internal_id = :it AND revision_id = 1"
        ),
        "I3 Q42: lacks revision 7, a parent",
    ),
    "a revision is missing": (
        rows("DELETE FROM entity_revisions WHERE internal_id = :it AND revision_id = 1"),
        "I3 Q42: lacks revision 1, a parent",
    ),
    "a head has no revision": (
        rows("DELETE FROM entity_revisions WHERE internal_id = :it AND revision_id = 2"),
        "I4 Q42: has a head row without the revision that it names",
    ),
    "a digest of a statement is another": (
        rows("UPDATE statement_content SET digest = :zeros WHERE property_id = 'P31'", zeros=ZEROS),
        f"I5 Q42 2 {LINK}: the statement does not have the digest that it was written with",
    ),
    "a digest of a revision is another": (
        rows("UPDATE entity_revisions SET content_digest = :zeros WHERE internal_id = :it", zeros=ZEROS),
        "I5 Q42 2: the snapshot's content does not have the digest of the row",
    ),
    "a digest of what a revision holds is another": (
        rows("UPDATE entity_revisions SET statements_digest = :zeros WHERE internal_id = :it", zeros=ZEROS),
        "I5 Q42 1: the row's digest is not of the statements that it names",
    ),
    "a row names other statements": (
        rows(
            "UPDATE entity_revisions SET statements = :none WHERE internal_id = :it AND revision_id = 1",
            none=bytes(8),
        ),
        "I5 Q42 1: the snapshot names other statements than the row",
    ),
}
"""Damage to rows, and what is said of it."""
OTHERS: dict[str, tuple[Do, str]] = {
    "a snapshot is gone": (lose_snapshot, "I6 Q42 1: wikibase-revisions/Q42/1.json: is missing"),
    "a statement is gone": (lose_statement, f"I6 Q42 2: wikibase-statements/{LINK}.json: is missing"),
    "an object is changed": (change_snapshot, "I6 Q42 2: wikibase-revisions/Q42/2.json: "),
    "a tag says pending": (
        tag_as_pending,
        "I8 Q42 2: is committed, but its object is tagged {'publication_state': 'pending'}",
    ),
    "an event is lost": (
        told(lambda events: [one for one in events if (one.entity_id, one.revision_id) != ("Q42", 1)]),
        "I9 Q42 1: has no event, sent or waiting",
    ),
    "an event came late": (
        told(lambda events: [*reversed(events)]),
        "I9 Q42 1: its event came after that of a later revision",
    ),
    "an event tells of nothing": (tell_of_nothing, "I9 Q42 9: has an event, but was never committed"),
}
"""Damage to objects and events."""
DAMAGE = ROWS | OTHERS
ON_ENGINES = [
    *OTHERS,
    # The others of these go by the same verbs, which the conformance suites run on all engines.
    *("a count is wrong", "a backlink is gone", "a redirect is not noted", "an entity is on a list"),
]


async def findings(stores: Stores) -> list[str]:
    return [str(finding) async for finding in check(stores)]


async def test_a_sound_store_has_no_findings(stores: Stores) -> None:
    assert await findings(stores) == []


async def test_the_samples_have_no_findings(stores: Stores) -> None:
    """With lexemes, schemas, and statements of all kinds."""
    await import_samples(stores)
    await relay.settle(stores, clock=times.now)
    assert await findings(stores) == []


@pytest.mark.parametrize(
    ("engine", "name"),
    [*((EMBEDDED, name) for name in DAMAGE), *((ENGINES, name) for name in ON_ENGINES)],
    indirect=["engine"],
)
async def test_damage_is_found(stores: Stores, places: Places, own_place: Settings, name: str) -> None:
    """O4: by the invariant that it breaks, and its place."""
    do, said = DAMAGE[name]
    async with AsyncExitStack() as stack:
        damaged = await do(Damaged(stores, places, own_place, stack))
        found = await findings(damaged)
    assert any(one.startswith(said) for one in found), found
