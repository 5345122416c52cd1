"""The life of an entity in the write flow: protected, deleted, brought back, redirected (W5-W8, I14)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from storage import reading, times
from storage.changes import (
    Change,
    EndRedirect,
    HardDelete,
    Protect,
    Protection,
    Restore,
    SetContent,
    SetRedirect,
    SetRevision,
    SoftDelete,
    Undelete,
)
from storage.commit import Outcome, commit
from storage.edits import Base, Edit
from storage.errors import (
    EntityGone,
    EntityMissing,
    Invalid,
    NotARedirect,
    NotDeleted,
    NotRestorable,
    Protected,
    Redirected,
    RequestMissing,
    RetentionEnded,
    SoftDeleted,
    StorageError,
    TargetUnfit,
)
from storage.ids import EntityId, PropertyId
from storage.model import AuditKind, EditInfo, Flags
from storage.port_deletions import AuditPage, DeletionRequest
from storage.ports import Stores
from storage.statuses import of_type
from tests.builders import an_item
from tests.commit.making import eager, edit, findings, history, make, read

Q42, Q5 = EntityId("Q42"), EntityId("Q5")
LATER = times.now() + timedelta(days=180)
SAID = an_item().with_label("en", "one").with_statement("P1", string="a").with_statement("P2", item="Q5")
RIGHTS: dict[Protection, type[StorageError]] = dict.fromkeys(Protection, Protected)


def changed(change: Change, base: int | Base = Base.HEAD, entity: EntityId = Q42, **info: Any) -> Edit:
    told = EditInfo(**({"editor": "Bob"} | info))
    return Edit(entity, base, change, told)


async def state(stores: Stores, entity: EntityId = Q42) -> Flags:
    return (await stores.metadata.heads([entity]))[entity].head.flags


async def begun(stores: Stores) -> None:
    await make(stores, edit(an_item("Q5"), Base.NOTHING), edit(SAID, Base.NOTHING))


@pytest.mark.parametrize("protection", Protection)
async def test_a_protection_is_set_and_lifted_and_the_content_stays(
    stores: Stores, protection: Protection
) -> None:
    """W5, W6: each is a revision of its own, also where nothing changes."""
    await begun(stores)
    for number, on in enumerate([True, True, False], 2):
        outcome = await make(stores, changed(Protect(protection, on)))
        assert (outcome.revision, getattr(await state(stores), protection.value)) == (number, on)
        assert await read(stores, "Q42") == SAID.json()
    assert await findings(stores) == []


@pytest.mark.parametrize("protection", [Protection.ARCHIVED, Protection.LOCKED])
@pytest.mark.parametrize(
    "change",
    [
        SetContent(an_item().json()),
        SetRevision(1),
        SetRedirect(Q5),
        SoftDelete("why"),
        HardDelete("why", LATER),
    ],
    ids=lambda change: type(change).__name__,
)
async def test_what_is_locked_or_archived_takes_no_edit(
    stores: Stores, protection: Protection, change: Change
) -> None:
    """W6, I14: whatever the edit is, and however new its base."""
    await begun(stores)
    await make(stores, changed(Protect(protection)))
    with pytest.raises(Protected) as refused:
        await make(stores, changed(change, 2))
    assert refused.value.protection == protection.name.lower()
    assert await history(stores, "Q42") == [1, 2]


@pytest.mark.parametrize(
    ("protection", "mass", "autoconfirmed", "refused"),
    [
        (Protection.MASS_EDIT_PROTECTED, False, False, False),
        (Protection.MASS_EDIT_PROTECTED, True, True, True),
        (Protection.SEMI_PROTECTED, False, True, False),
        (Protection.SEMI_PROTECTED, False, False, True),
        (Protection.SEMI_PROTECTED, True, True, True),
    ],
)
async def test_the_milder_protections_stop_whom_they_are_meant_for(
    stores: Stores, protection: Protection, mass: bool, autoconfirmed: bool, refused: bool
) -> None:
    """W6."""
    await begun(stores)
    await make(stores, changed(Protect(protection)))
    tried = replace(changed(SetContent(an_item().json()), 2, is_mass_edit=mass), autoconfirmed=autoconfirmed)
    if refused:
        with pytest.raises(Protected):
            await make(stores, tried)
    else:
        assert (await make(stores, tried)).revision == 3


async def test_protections_are_met_in_their_order(stores: Stores) -> None:
    """W6: archived, locked, mass-edit-protected, semi-protected."""
    await begun(stores)
    met = []
    for protection in reversed(Protection):
        await make(stores, changed(Protect(protection)))
        with pytest.raises(Protected) as refused:
            await make(stores, changed(SetContent(an_item().json()), is_mass_edit=True))
        met.append(refused.value.protection)
    assert met == ["semi_protected", "mass_edit_protected", "locked", "archived"]


async def test_a_soft_deleted_entity_is_readable_and_comes_back_as_it_was(stores: Stores) -> None:
    """W7."""
    await begun(stores)
    await make(stores, changed(SoftDelete("a duplicate"), 1))
    row = await reading.row_of(stores, Q42)
    snapshot, _ = await reading.content_of(stores, row)
    assert (row.edit.edit_type, row.flags.is_soft_deleted) == ("soft-delete", True)
    assert (snapshot.deletion_reason, snapshot.deleted_by) == ("a duplicate", "Bob")
    assert snapshot.deleted_at == row.created_at
    assert await read(stores, "Q42") == SAID.json()
    with pytest.raises(SoftDeleted):
        await make(stores, edit(SAID.with_label("en", "two"), 2))
    await make(stores, changed(Undelete()))
    assert not (await state(stores)).is_soft_deleted
    assert await read(stores, "Q42") == SAID.json()
    assert await findings(stores) == []


async def test_a_mark_of_deletion_outlasts_a_protection(stores: Stores) -> None:
    """W5: what is locked after it was deleted still says why it is."""
    await begun(stores)
    await make(stores, changed(SoftDelete("a duplicate")), changed(Protect(Protection.LOCKED)))
    snapshot, _ = await reading.content_of(stores, await reading.row_of(stores, Q42))
    assert (snapshot.deletion_reason, snapshot.deleted_by) == ("a duplicate", "Bob")
    with pytest.raises(Protected):
        await make(stores, changed(Undelete()))


async def test_nothing_follows_a_hard_deletion_but_its_being_taken_back(stores: Stores) -> None:
    """W7, I14."""
    await begun(stores)
    await make(stores, changed(HardDelete("a demand", LATER)))
    for change in (SetContent(SAID.json()), Protect(Protection.LOCKED), Undelete(), SetRedirect(Q5)):
        with pytest.raises(EntityGone):
            await make(stores, changed(change))
    with pytest.raises(EntityGone):
        await reading.row_of(stores, Q42)
    await make(stores, changed(Restore("an error")))
    assert await read(stores, "Q42") == SAID.json()
    assert await findings(stores) == []


async def test_a_restored_entity_keeps_its_protections_and_is_no_redirect(stores: Stores) -> None:
    """W7: it says what it said when it last said anything."""
    await begun(stores)
    await make(
        stores,
        changed(Protect(Protection.SEMI_PROTECTED)),
        changed(SetRedirect(Q5)),
        changed(HardDelete("a demand", LATER)),
        changed(Restore("an error")),
    )
    assert await state(stores) == Flags(is_semi_protected=True)
    assert await read(stores, "Q42") == SAID.json()


async def test_after_its_retention_a_deletion_stays(stores: Stores) -> None:
    """W7: whichever of the two comes first, the other is refused."""
    await begun(stores)
    await make(stores, changed(HardDelete("a demand", LATER)))
    assert await stores.metadata.end_retention(Q42, 2)
    with pytest.raises(RetentionEnded):
        await make(stores, changed(Restore("an error")))
    assert await history(stores, "Q42") == [1, 2]
    await make(
        stores, edit(an_item("Q43"), Base.NOTHING), changed(HardDelete("x", LATER), entity=EntityId("Q43"))
    )
    await make(stores, changed(Restore("an error"), entity=EntityId("Q43")))
    assert not await stores.metadata.end_retention(EntityId("Q43"), 2)


async def test_an_approved_deletion_uses_up_its_request(stores: Stores) -> None:
    """W7: and without one it is refused, so that a request can be withdrawn until the last moment."""
    await begun(stores)
    approved = changed(HardDelete("a demand", LATER, requested_by="Alice"))
    with pytest.raises(RequestMissing):
        await make(stores, approved)
    await stores.metadata.request_deletion(DeletionRequest(Q42, "a demand", "Alice", times.now(), 180))
    await make(stores, approved)
    assert await stores.metadata.deletion_request(Q42) is None
    (audit,) = await stores.metadata.audits(AuditPage(10))
    assert (audit.kind, audit.requested_by, audit.approved_by) == (AuditKind.HARD_DELETE, "Alice", "Bob")


async def test_a_deletion_that_nobody_approved_of_ends_the_request_too(stores: Stores) -> None:
    """W7: who restores the entity does not find it asked for still."""
    await begun(stores)
    await stores.metadata.request_deletion(DeletionRequest(Q42, "a demand", "Alice", times.now(), 180))
    await make(stores, changed(HardDelete("another demand", LATER)))
    assert await stores.metadata.deletion_request(Q42) is None


async def test_each_deletion_and_its_end_are_kept_for_audit(stores: Stores) -> None:
    """W7: in the transaction of the revision that they tell of."""
    await begun(stores)
    await make(
        stores,
        changed(SoftDelete("one")),
        changed(Undelete("two")),
        changed(HardDelete("three", LATER)),
        changed(Restore("four")),
    )
    rows = await stores.metadata.audits(AuditPage(10, entity=Q42))
    assert [(row.kind.value, row.reason, row.revision, row.head) for row in rows] == [
        ("restore", "four", 5, 4),
        ("hard", "three", 4, 3),
        ("undelete", "two", 3, 2),
        ("soft", "one", 2, 1),
    ]
    assert [row.retained_until for row in rows] == [None, LATER, None, None]


@pytest.mark.parametrize(
    "change",
    [SoftDelete(" "), HardDelete("", LATER), Restore(""), EndRedirect(1)],
    ids=lambda c: type(c).__name__,
)
async def test_what_has_to_be_accounted_for_needs_a_reason(stores: Stores, change: Change) -> None:
    """W7, W8."""
    await begun(stores)
    if isinstance(change, Restore):
        await make(stores, changed(HardDelete("x", LATER)))
    elif isinstance(change, EndRedirect):
        await make(stores, changed(SetRedirect(Q5)))
    with pytest.raises(Invalid) as refused:
        await make(stores, changed(change))
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/reason", "missing_field")]


async def test_a_redirect_is_empty_and_ends_with_what_was_said_before(stores: Stores) -> None:
    """W8."""
    await begun(stores)
    await make(stores, changed(SetRedirect(Q5), 1))
    assert await read(stores, "Q42") == an_item("Q42").json()
    with pytest.raises(Redirected) as refused:
        await make(stores, edit(SAID, 2))
    assert refused.value.target == "Q5"
    with pytest.raises(NotRestorable):
        await make(stores, changed(EndRedirect(2, "an error")))
    await make(stores, changed(EndRedirect(1, "an error"), 2))
    head = (await stores.metadata.heads([Q42]))[Q42].head
    assert (head.flags, head.redirects_to) == (Flags(), None)
    assert await read(stores, "Q42") == SAID.json()
    assert await findings(stores) == []


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        ([], "missing"),
        ([SetRedirect(EntityId("Q1"))], "redirect"),
        ([SoftDelete("x")], "deleted"),
        ([HardDelete("x", LATER)], "gone"),
        ([Protect(Protection.LOCKED)], "locked"),
        ([Protect(Protection.ARCHIVED)], "archived"),
        ([Protect(Protection.SEMI_PROTECTED)], None),
    ],
)
async def test_a_redirect_leads_only_to_what_can_be_read_and_edited(
    stores: Stores, prepare: list[Change], why: str | None
) -> None:
    """W8. And nothing is left reserved."""
    target = EntityId("Q6")
    await make(stores, edit(SAID, Base.NOTHING), edit(an_item("Q1"), Base.NOTHING))
    if why != "missing":
        await make(stores, edit(an_item("Q6"), Base.NOTHING))
    for change in prepare:
        await make(stores, changed(change, entity=target))
    if why is None:
        assert (await make(stores, changed(SetRedirect(target)))).revision == 2
    else:
        with pytest.raises(TargetUnfit) as refused:
            await make(stores, changed(SetRedirect(target)))
        assert refused.value.why == why
        assert await history(stores, "Q42") == [1]
    assert await stores.metadata.reservations(target) == []


@pytest.mark.parametrize(("target", "why"), [("Q42", "itself"), ("P5", "other_type")])
async def test_a_redirect_leads_to_another_entity_of_its_type(stores: Stores, target: str, why: str) -> None:
    """W8."""
    await begun(stores)
    with pytest.raises(TargetUnfit) as refused:
        await make(stores, changed(SetRedirect(EntityId(target))))
    assert refused.value.why == why


async def test_imported_redirects_make_no_circle(stores: Stores) -> None:
    """I11: in an import a redirect may lead to another, and on, but not back."""

    async def imported(source: str, target: str) -> Outcome:
        return await make(
            stores,
            Edit(EntityId(source), Base.HEAD, SetRedirect(EntityId(target)), EditInfo("Bob"), revives=True),
        )

    await imported("Q1", "Q2")
    await imported("Q2", "Q3")
    with pytest.raises(TargetUnfit) as refused:
        await imported("Q3", "Q1")
    assert refused.value.why == "circle"
    assert await stores.metadata.reservations(EntityId("Q1")) == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (Undelete(), NotDeleted),
        (Restore("x"), NotDeleted),
        (EndRedirect(1, "x"), NotARedirect),
    ],
    ids=lambda one: getattr(one, "__name__", type(one).__name__),
)
async def test_what_never_was_can_not_be_taken_back(
    stores: Stores, change: Change, error: type[StorageError]
) -> None:
    """W7, W8."""
    await begun(stores)
    with pytest.raises(error):
        await make(stores, changed(change))


@pytest.mark.parametrize(
    "change",
    [Protect(Protection.LOCKED), SoftDelete("x"), HardDelete("x", LATER), SetRedirect(Q5), SetRevision(1)],
    ids=lambda change: type(change).__name__,
)
async def test_what_does_not_exist_has_no_state(stores: Stores, change: Change) -> None:
    """Q7."""
    with pytest.raises(EntityMissing):
        await commit(changed(change), stores, clock=times.now, pauses=eager)


async def test_an_earlier_revision_is_said_again(stores: Stores) -> None:
    """W12: without reading a statement; and what the head says already makes no revision (W4)."""
    await begun(stores)
    await make(stores, edit(an_item().with_label("en", "two"), 1))
    await make(stores, changed(SetRevision(1), 2))
    assert await read(stores, "Q42") == SAID.json()
    assert (await make(stores, changed(SetRevision(1), 3))).unchanged
    assert await findings(stores) == []


async def test_an_item_that_nobody_maintains_is_dangling(stores: Stores) -> None:
    """W6: the server computes it from the content, whatever the edit was."""
    maintained = SAID.with_statement("P6104", item="Q5")

    async def dangling(one: Edit) -> bool:
        await commit(one, stores, clock=times.now, pauses=eager, maintained_by=PropertyId("P6104"))
        return (await state(stores)).is_dangling

    assert await dangling(edit(SAID, Base.NOTHING))
    assert not await dangling(edit(maintained, 1))
    assert not await dangling(changed(Protect(Protection.LOCKED)))
    await make(stores, changed(Protect(Protection.LOCKED, on=False)))
    assert await dangling(edit(SAID, 4))


async def test_entities_are_listed_by_what_they_are(stores: Stores) -> None:
    """Q6: kept with the head, so that a list is never behind."""
    await begun(stores)

    async def listed(name: str) -> list[str]:
        return list(await stores.metadata.listed(name, None, 10))

    await make(stores, edit(SAID.with_label("en", "x"), 1, edit_type="bot-import"))
    assert await listed(of_type("bot-import")) == ["Q42"]
    await make(stores, changed(Protect(Protection.LOCKED)))
    assert (await listed(of_type("bot-import")), await listed("is_locked")) == ([], ["Q42"])
    await make(stores, changed(Protect(Protection.LOCKED, on=False)), changed(SoftDelete("x")))
    assert (await listed("is_locked"), await listed("is_soft_deleted")) == ([], ["Q42"])
    await make(stores, changed(HardDelete("x", LATER)))
    assert await listed("is_soft_deleted") == []


async def test_a_statement_of_a_deleted_entity_is_shown_only_for_its_other_holders(stores: Stores) -> None:
    """I10: from the moment of the commit, before anything is derived."""
    other = an_item("Q43").with_statement("P1", string="a")
    await make(stores, edit(an_item("Q5"), Base.NOTHING), edit(SAID, Base.NOTHING), edit(other, Base.NOTHING))
    assert await findings(stores) == []
    index = (await reading.row_of(stores, Q42)).index
    assert index is not None
    shared, own = index.hashes
    assert set(await reading.visible(stores, [shared, own])) == {shared, own}
    await make(stores, changed(HardDelete("x", LATER)))
    assert set(await reading.visible(stores, [shared, own])) == {shared}
    await make(stores, changed(HardDelete("x", LATER), entity=EntityId("Q43")))
    assert set(await reading.visible(stores, [shared, own])) == set()
    await make(stores, changed(Restore("x")))
    assert set(await reading.visible(stores, [shared, own])) == {shared, own}
    assert await findings(stores) == []
