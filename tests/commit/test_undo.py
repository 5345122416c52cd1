"""Undoing a revision: the head less what that revision changed, or a refusal that says why not (W12)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from storage import reading, relay, times
from storage.changes import Protect, Protection, SetRevision, SoftDelete, Undelete, Undo
from storage.commit import Outcome
from storage.edits import Base, Edit
from storage.errors import (
    EntityMissing,
    HeadMoved,
    Invalid,
    NotRestorable,
    Protected,
    Redirected,
    RevisionMissing,
    SoftDeleted,
    StorageError,
    UndoConflict,
)
from storage.ids import EntityId
from storage.model import EditInfo
from storage.ports import HoldersPage, Stores
from storage.validation import Level
from tests.builders import EntityBuilder, a_body, a_lexeme, an_item
from tests.commit.making import BaseOf, edit, findings, history, make, read, redirect
from tests.commit.test_older import WRITERS

Q42 = EntityId("Q42")
ONE = an_item().with_label("en", "one").with_statement("P1", string="kept")
TWO = ONE.with_label("de", "zwei").with_statement("P1", string="of two")
THREE = TWO.with_label("fr", "trois").with_statement("P2", string="of three")


def undo(revision: int, base: BaseOf = Base.HEAD, *, entity: str = "Q42", **info: Any) -> Edit:
    """That a revision shall be undone."""
    return Edit(EntityId(entity), base, Undo(revision), EditInfo(**({"editor": "Alice"} | info)))


async def made(stores: Stores, *versions: EntityBuilder) -> Outcome:
    """These versions as revisions 1, 2 and on."""
    outcome = await make(stores, edit(versions[0], Base.NOTHING, level=Level.LENIENT))
    for number, version in enumerate(versions[1:], 1):
        outcome = await make(stores, edit(version, number, level=Level.LENIENT))
    return outcome


async def test_the_head_without_what_a_revision_brought(stores: Stores) -> None:
    """W12: what came after it stays."""
    await made(stores, ONE, TWO, THREE)
    outcome = await make(stores, undo(2))
    expected = ONE.with_label("fr", "trois").with_field(
        "claims", {"P1": ONE.json()["claims"]["P1"], "P2": THREE.json()["claims"]["P2"]}
    )
    assert (outcome.revision, outcome.unchanged) == (4, False)
    assert await read(stores, "Q42") == expected.json()
    assert await findings(stores) == []


async def test_undoing_the_newest_revision_gives_its_parents_content(stores: Stores) -> None:
    """W12, W4: to the byte, order included."""
    turned = ONE.with_statement("P3", string="x").with_statement("P1", string="y")
    await made(stores, turned, ONE.with_field("claims", dict(reversed(turned.json()["claims"].items()))))
    await make(stores, undo(2))
    one, three = [await reading.row_of(stores, Q42, revision) for revision in (1, 3)]
    assert one.content_digest == three.content_digest
    assert (three.parent, three.edit.edit_type) == (2, "undo")


async def test_an_undone_revision_can_be_undone(stores: Stores) -> None:
    """W12: undoing is an edit like any other."""
    await made(stores, ONE, TWO)
    await make(stores, undo(2), undo(3))
    assert await read(stores, "Q42") == TWO.json()


async def test_what_is_undone_already_makes_no_revision(stores: Stores) -> None:
    """W4: the head says so already."""
    await made(stores, ONE, TWO)
    outcome = await make(stores, undo(2), undo(2))
    assert (outcome.revision, outcome.unchanged) == (3, True)


async def test_a_statement_that_only_history_held_is_held_again(stores: Stores) -> None:
    """I6, T4: claimed like that of any edit, and counted once."""
    await made(stores, TWO, ONE, THREE)
    await relay.settle(stores, clock=times.now)
    await make(stores, undo(2))
    assert await findings(stores) == []
    one = stores.hasher(a_body("P1", string="of two").canonical, 0)
    assert (await stores.metadata.find([one]))[one].ref_count == 1
    page = HoldersPage(one, 10)
    assert await stores.metadata.holders([page]) == {page: ["Q42"]}


@pytest.mark.parametrize(
    ("after", "parts"),
    [
        (TWO.with_label("de", "drei"), ("/labels/de",)),
        (
            TWO.with_field("labels", ONE.json()["labels"] | {"de": {"language": "de", "value": "x"}}),
            ("/labels/de",),
        ),
        (
            ONE.with_label("de", "drei").with_statement("P1", string="instead"),
            (f"/claims/P1/{TWO.json()['claims']['P1'][1]['id']}", "/labels/de"),
        ),
    ],
)
async def test_what_was_changed_again_since_is_a_conflict(
    stores: Stores, after: EntityBuilder, parts: tuple[str, ...]
) -> None:
    """W12: told with all parts, and nothing is stored."""
    await made(stores, ONE, TWO, after)
    with pytest.raises(UndoConflict) as refused:
        await make(stores, undo(2))
    assert (refused.value.entity, refused.value.revision, refused.value.parts) == ("Q42", 2, parts)
    assert refused.value.code == "undo_conflict"
    assert await history(stores, "Q42") == [1, 2, 3]


async def test_parts_of_a_lexeme_are_undone_one_by_one(stores: Stores) -> None:
    """W12: in a form that others changed meanwhile."""
    one = a_lexeme().with_form(1).with_sense(1)
    two = one.with_part_statement("L1-F1", "P1", string="a")
    three = two.with_part_statement("L1-F1", "P1", string="b").with_form(2)
    await made(stores, one, two, three)
    await make(stores, undo(2, entity="L1"))
    forms = (await read(stores, "L1"))["forms"]
    assert [form["id"] for form in forms] == ["L1-F1", "L1-F2"]
    assert [one["mainsnak"]["datavalue"]["value"] for one in forms[0]["claims"]["P1"]] == ["b"]
    assert await findings(stores) == []


@pytest.mark.parametrize(
    ("revision", "why"),
    [
        (1, "has_no_parent"),
        (3, "changed_no_content"),
        (4, "changed_no_content"),
        (5, "changed_no_content"),
        (6, "has_no_content"),
        (7, "has_no_content"),
    ],
)
async def test_a_revision_that_changed_no_content_has_nothing_to_undo(
    stores: Stores, revision: int, why: str
) -> None:
    """W12: creations, protections, deletions and redirects have ways back of their own."""
    await made(stores, ONE, TWO)
    for change in (Protect(Protection.SEMI_PROTECTED), SoftDelete("spam"), Undelete()):
        await make(stores, Edit(Q42, Base.HEAD, change, EditInfo("Alice")))
    await make(stores, redirect("Q42", "Q5", 5, revives=True), edit(THREE, 6, revives=True))
    with pytest.raises(NotRestorable) as refused:
        await make(stores, undo(revision))
    assert (refused.value.revision, refused.value.why) == (revision, why)


async def test_a_revision_that_is_not_there_is_named(stores: Stores) -> None:
    """Q7: with those that are."""
    await made(stores, ONE, TWO)
    with pytest.raises(RevisionMissing) as refused:
        await make(stores, undo(9))
    assert refused.value.available == (2, 1)


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        ([Edit(Q42, Base.HEAD, Protect(Protection.LOCKED), EditInfo("Alice"))], Protected),
        ([Edit(Q42, Base.HEAD, SoftDelete("spam"), EditInfo("Alice"))], SoftDeleted),
        ([redirect("Q42", "Q5", Base.HEAD, revives=True)], Redirected),
    ],
)
@pytest.mark.parametrize("revives", [False, True])
async def test_what_takes_no_edit_takes_no_undoing(
    stores: Stores, state: list[Edit], refusal: type[StorageError], revives: bool
) -> None:
    """W6, W7, W8: an import's licence gives content to a deleted entity, but undoes nothing in a redirect."""
    await made(stores, ONE, TWO)
    await make(stores, *state)
    if revives and refusal is SoftDeleted:
        assert (await make(stores, replace(undo(2), revives=True))).revision == 4
        return
    with pytest.raises(refusal):
        await make(stores, replace(undo(2), revives=revives))


async def test_an_entity_that_is_not_there_has_nothing_to_undo(stores: Stores) -> None:
    """Q7"""
    with pytest.raises(EntityMissing):
        await make(stores, undo(1))


async def test_a_stale_base_is_a_conflict(stores: Stores) -> None:
    """W3: who names a base wants no other."""
    await made(stores, ONE, TWO, THREE)
    with pytest.raises(HeadMoved):
        await make(stores, undo(2, 2))


async def test_a_fault_that_only_both_together_have_is_refused(stores: Stores) -> None:
    """W10: the description that came meanwhile is the label of old."""
    await made(
        stores,
        ONE,
        ONE.with_label("en", "other"),
        ONE.with_label("en", "other").with_description("en", "one"),
    )
    with pytest.raises(Invalid) as refused:
        await make(stores, undo(2))
    assert [fault.code for fault in refused.value.faults] == ["label_description_same_value"]
    assert await history(stores, "Q42") == [1, 2, 3]


async def test_an_old_oddity_comes_back_with_what_it_was_in(stores: Stores) -> None:
    """W10: an import brought it, so it is no fault of who undoes."""
    odd = ONE.with_label("xx-unknown", "of old")
    await made(stores, odd, ONE)
    await make(stores, undo(2))
    assert await read(stores, "Q42") == odd.json()


@pytest.mark.parametrize(
    ("change", "told", "edit_type"),
    [
        (Undo(2), "", "undo"),
        (Undo(2), "rollback", "rollback"),
        (SetRevision(1), "", "restore-revision"),
        (SetRevision(1), "back", "back"),
    ],
)
async def test_the_history_tells_what_was_done_unless_its_editor_has_a_word(
    stores: Stores, change: Undo | SetRevision, told: str, edit_type: str
) -> None:
    """W9: known edit types, not reserved ones; the event is an edit."""
    await made(stores, ONE, TWO)
    outcome = await make(stores, Edit(Q42, 2, change, EditInfo("Alice", edit_type=told)))
    assert (await reading.row_of(stores, Q42)).edit.edit_type == edit_type
    assert outcome.owed is not None
    assert outcome.owed.work.event.change_type == "edit"


async def test_no_undoing_can_pass_for_a_lock(stores: Stores) -> None:
    """W9: reserved edit types are the server's."""
    await made(stores, ONE, TWO)
    with pytest.raises(Invalid) as refused:
        await make(stores, undo(2, edit_type="lock-added"))
    assert [fault.code for fault in refused.value.faults] == ["reserved_edit_type"]


@pytest.mark.parametrize("write", WRITERS)
async def test_an_edit_of_what_an_earlier_program_wrote_is_undone(stores: Stores, write: Any) -> None:
    """S8: whatever form its parent has."""
    said = await write(stores)
    await make(stores, edit(said | {"labels": {}}, 1), undo(2))
    assert await read(stores, "Q42") == said
    assert await findings(stores) == []


@pytest.mark.parametrize("write", WRITERS)
async def test_a_revision_that_only_converted_has_nothing_to_undo(stores: Stores, write: Any) -> None:
    """S8: where there is no digest to compare, contents are."""
    await write(stores)
    await make(stores, edit(await read(stores, "Q42"), 1))
    with pytest.raises(NotRestorable) as refused:
        await make(stores, undo(2))
    assert refused.value.why == "changed_no_content"
