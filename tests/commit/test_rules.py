"""What an edit may do to a head, and what the next revision takes over from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from storage import times
from storage.changes import RESERVED_EDIT_TYPES, SetContent
from storage.commit import commit, pauses
from storage.edits import Base
from storage.errors import EntityExists, EntityMissing, HeadMoved, Invalid
from storage.ids import EntityId
from storage.keys import snapshot_key
from storage.model import Flags
from storage.ports import HistoryPage, Stores
from storage.snapshot import read_snapshot
from storage.validation import Level
from tests.builders import NOW, EntityBuilder, a_property, a_swap, an_item
from tests.commit.making import eager, edit, findings, history, make, read, redirect

Q42 = EntityId("Q42")


def version(text: str) -> EntityBuilder:
    """One state of the item."""
    return an_item().with_label("en", text).with_statement("P1", string="kept")


async def test_what_the_head_says_already_makes_no_revision(stores: Stores) -> None:
    """W4: told so, with the head's revision."""
    await make(stores, edit(version("one"), Base.NOTHING))
    outcome = await make(stores, edit(version("one"), 1, summary="again"))
    assert (outcome.revision, outcome.unchanged, outcome.owed) == (1, True, None)
    assert await history(stores, "Q42") == [1]


async def test_other_order_of_statements_is_another_content(stores: Stores) -> None:
    """S9, W4: order is kept, so it is content."""
    one = an_item().with_statement("P1", string="a", id=None).with_statement("P1", string="b", id=None)
    other = an_item().with_statement("P1", string="b", id=None).with_statement("P1", string="a", id=None)
    await make(stores, edit(one, Base.NOTHING))
    assert not (await make(stores, edit(other, 1))).unchanged


async def test_the_content_of_a_redirect_may_be_said_again(stores: Stores) -> None:
    """W4: a redirect's emptiness is no content that an edit could equal."""
    await make(stores, edit(an_item(), Base.NOTHING), redirect("Q42", "Q5", 1, revives=True))
    outcome = await make(stores, edit(an_item(), 2, revives=True))
    assert (outcome.revision, outcome.unchanged) == (3, False)
    head = (await stores.metadata.heads([Q42]))[Q42].head
    assert (head.flags.is_redirect, head.redirects_to) == (False, None)


async def test_a_second_redirect_to_the_same_target_makes_a_revision(stores: Stores) -> None:
    """W4: mutations of the state always do."""
    await make(stores, edit(an_item(), Base.NOTHING), redirect("Q42", "Q5", 1, revives=True))
    assert (await make(stores, redirect("Q42", "Q5", 2, revives=True))).revision == 3


async def test_a_stale_base_is_a_conflict_that_names_the_head(stores: Stores) -> None:
    """W3: even where the content would be the head's own."""
    await make(stores, edit(version("one"), Base.NOTHING), edit(version("two"), 1))
    with pytest.raises(HeadMoved) as refused:
        await make(stores, edit(version("two"), 1))
    assert (refused.value.expected, refused.value.found) == (1, 2)


async def test_a_base_that_is_yet_to_come_is_a_conflict(stores: Stores) -> None:
    """W3: only the head will do."""
    await make(stores, edit(version("one"), Base.NOTHING))
    with pytest.raises(HeadMoved):
        await make(stores, edit(version("two"), 2))


async def test_an_entity_that_is_there_is_not_created(stores: Stores) -> None:
    """W2: the refusal names the head."""
    await make(stores, edit(version("one"), Base.NOTHING), edit(version("two"), 1))
    with pytest.raises(EntityExists) as refused:
        await make(stores, edit(version("three"), Base.NOTHING))
    assert refused.value.head == 2


async def test_an_entity_that_is_not_there_is_not_edited(stores: Stores) -> None:
    """W3: it has no revision that could be a base."""
    with pytest.raises(EntityMissing):
        await make(stores, edit(version("one"), 1))
    assert await stores.metadata.registered([Q42]) == set()


@pytest.mark.parametrize("flag", ["is_semi_protected", "is_mass_edit_protected"])
async def test_the_next_revision_inherits_the_flags(stores: Stores, flag: str) -> None:
    """W5: of head, row and snapshot; what forbids the edit is inherited by none."""
    flags = Flags(**{flag: True})
    await make(stores, edit(version("one"), Base.NOTHING))
    await stores.metadata.commit(a_swap(revision=2, expected=1, flags=flags))
    await make(stores, edit(version("two"), 2))
    head = (await stores.metadata.heads([Q42]))[Q42]
    key = snapshot_key(Q42, 3)
    stored = (await stores.objects.get([key]))[key]
    snapshot = read_snapshot(getattr(stored, "data", b""), Q42, 3, key, stores.hasher).snapshot
    assert (head.head.flags, head.revision.flags, snapshot.flags) == (flags, flags, flags)


@pytest.mark.parametrize("edit_type", sorted(RESERVED_EDIT_TYPES))
@pytest.mark.parametrize("base", [Base.NOTHING, Base.HEAD])
async def test_an_edit_type_that_tells_of_a_lock_is_the_servers_alone(
    stores: Stores, edit_type: str, base: Base
) -> None:
    """W9: free text must not forge an event."""
    if base is Base.HEAD:
        await make(stores, edit(version("one"), Base.NOTHING))
    with pytest.raises(Invalid) as refused:
        await make(stores, edit(version("two"), base, edit_type=edit_type))
    assert [fault.code for fault in refused.value.faults] == ["reserved_edit_type"]


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("editType", {"edit_type": "lock-added"}),
        ("summary", {"summary": "x" * 501}),
        ("batchId", {"batch_id": "x" * 101}),
    ],
)
async def test_an_old_oddity_of_the_entity_excuses_no_fault_of_the_edit(
    stores: Stores, field: str, told: dict[str, str]
) -> None:
    """W9, W10: an import may have brought a field of that name, but the fault is not in the entity."""
    odd = version("one").with_field(field, "odd")
    await make(stores, edit(odd, Base.NOTHING, level=Level.LENIENT))
    asked = edit(odd.with_label("en", "two"), 1)
    with pytest.raises(Invalid) as refused:
        await make(stores, replace(asked, info=replace(asked.info, **dict[str, Any](told))))
    assert f"/{field}" in [fault.pointer for fault in refused.value.faults]


async def test_a_property_keeps_its_datatype(stores: Stores) -> None:
    """W10: all values of the property rest on it."""
    await make(stores, edit(a_property("P31", "string"), Base.NOTHING))
    with pytest.raises(Invalid) as refused:
        await make(stores, edit(a_property("P31", "url"), 1))
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [
        ("/datatype", "datatype_changed")
    ]
    assert await history(stores, "P31") == [1]


@pytest.mark.parametrize("nonsense", [[], "text", None, {"type": "property"}])
async def test_what_is_no_entity_is_no_edit_of_a_property(stores: Stores, nonsense: Any) -> None:
    """W10: whatever it is, the answer is its faults."""
    await make(stores, edit(a_property("P31", "string"), Base.NOTHING))
    asked = edit(a_property("P31", "string"), 1)
    with pytest.raises(Invalid):
        await make(stores, replace(asked, change=SetContent(nonsense)))


ODD = an_item().with_label("xx-unknown", "of old").with_label("en", "one").with_statement("P1", string="kept")
"""An item with a label in a language that is none: an import may hold that, an edit may not bring it."""


async def test_an_old_fault_elsewhere_stops_no_edit(stores: Stores) -> None:
    """W10: what the edit does not change is not asked of it."""
    await make(stores, edit(ODD, Base.NOTHING, level=Level.LENIENT))
    assert (await make(stores, edit(ODD.with_label("en", "two"), 1))).revision == 2


async def test_an_old_fault_is_a_fault_once_the_edit_touches_it(stores: Stores) -> None:
    """W10: told with its pointer."""
    await make(stores, edit(ODD, Base.NOTHING, level=Level.LENIENT))
    with pytest.raises(Invalid) as refused:
        await make(stores, edit(ODD.with_label("xx-unknown", "of today"), 1))
    assert [fault.pointer for fault in refused.value.faults] == ["/labels/xx-unknown"]


async def test_a_new_fault_beside_an_old_one_is_told_alone(stores: Stores) -> None:
    """W10: the editor learns of what the edit brought."""
    await make(stores, edit(ODD, Base.NOTHING, level=Level.LENIENT))
    worse = ODD.with_label("yy-unknown", "new").with_statement("P1", string="", id="no id")
    with pytest.raises(Invalid) as refused:
        await make(stores, edit(worse, 1))
    pointers = {fault.pointer for fault in refused.value.faults}
    assert "/labels/yy-unknown" in pointers
    assert {pointer for pointer in pointers if not pointer.startswith("/claims/P1/1")} == {
        "/labels/yy-unknown"
    }
    assert await history(stores, "Q42") == [1]


async def test_an_old_fault_does_not_let_in_the_content_of_another_entity(stores: Stores) -> None:
    """S7: a snapshot that names another entity than its path could never be read again."""
    odd = ODD.with_field("claims", {})
    await make(stores, edit(odd, Base.NOTHING, level=Level.LENIENT))
    asked = edit(odd.with_field("id", "Q43"), 1)
    with pytest.raises(Invalid) as refused:
        await make(stores, replace(asked, entity=Q42))
    assert [fault.code for fault in refused.value.faults] == ["entity_id_mismatch"]


async def test_what_a_change_puts_in_the_wrong_is_its_fault(stores: Stores) -> None:
    """W10: the description is as it was, and was right until the label came to repeat it."""
    described = version("one").with_description("en", "two")
    await make(stores, edit(described, Base.NOTHING))
    with pytest.raises(Invalid) as refused:
        await make(stores, edit(described.with_label("en", "two"), 1))
    assert [fault.code for fault in refused.value.faults] == ["label_description_same_value"]


async def test_row_and_snapshot_tell_the_same(stores: Stores) -> None:
    """S8, S9: the statement ids that are read from the row, the time, the hashes."""
    content = (
        an_item()
        .with_statement("P1", string="a")
        .with_statement("P2", string="b", id=None)
        .with_statement("P1", string="c", id="q42$0b7e2c35-0b0c-4c8d-9a52-000000000001")
        .with_statement("P2", string="d", id="Q42$irregular")
    )
    await make(stores, edit(content, Base.NOTHING, level=Level.LENIENT))
    row = (await stores.metadata.heads([Q42]))[Q42].revision
    key = snapshot_key(Q42, 1)
    stored = (await stores.objects.get([key]))[key]
    snapshot = read_snapshot(getattr(stored, "data", b""), Q42, 1, key, stores.hasher).snapshot
    held = list(snapshot.content.statements())
    ids = (await stores.metadata.statement_ids([(Q42, 1)]))[(Q42, 1)]
    assert ids == [one.id for one in held]
    assert None in ids
    assert row.index is not None
    assert list(row.index.hashes) == [one.hash for one in held]
    assert (row.created_at, row.edit.editor) == (snapshot.created_at, snapshot.created_by)
    assert row.content_hash == snapshot.content_hash


async def test_a_clock_that_jumps_back_changes_no_commit(stores: Stores) -> None:
    """I15: order is by revision id, and what the earlier time owes is done all the same."""
    hours = [NOW, NOW - timedelta(hours=1), NOW - timedelta(hours=2), NOW + timedelta(hours=1)]

    for number, hour in enumerate(hours):

        def clock(hour: datetime = hour) -> datetime:
            return hour

        base = number or Base.NOTHING
        await commit(edit(version(f"{number}"), base), stores, clock=clock, pauses=eager)
    assert await history(stores, "Q42") == [1, 2, 3, 4]
    assert (await read(stores, "Q42"))["labels"]["en"]["value"] == "3"
    page = HistoryPage(Q42, 10)
    rows = (await stores.metadata.histories([page]))[page]
    assert [row.created_at for row in reversed(rows)] == hours
    assert await findings(stores) == []


async def test_the_input_is_not_changed(stores: Stores) -> None:
    """An edit is a value: what its caller gave is as it was, so that a retry asks for the same."""
    given = version("one").with_statement("P2", item="Q5").json()
    before = version("one").with_statement("P2", item="Q5").json()
    asked = edit(given, Base.NOTHING)
    await make(stores, asked)
    assert given == before
    assert replace(asked, base=1) == edit(before, 1)


async def test_the_pauses_between_tries_end() -> None:
    """W3: a writer who never wins is told so after some seconds, not after for ever."""
    began = times.now()
    assert [number async for number in pauses()] == list(range(12))
    assert times.now() - began < timedelta(seconds=11)
