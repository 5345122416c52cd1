"""Deletions: what they answer, what they need, what is left of the entity, and the second person (W7)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from storage import times
from storage.changes import EndRedirect, Protect, Protection
from storage.ids import EntityId
from storage.ports import Stores
from tests.commit.making import findings, head_of, make
from tests.graph.over import told
from tests.graph.states.asking import ended, faults, made
from tests.graph.states.people import People, people_over
from tests.graph.states.test_made import begun, newest
from tests.lives import ask_to_delete, changed, second
from tests.serving import Asking

DELETED = "entityId revisionId deleteType deleted deletedAt reason deletedBy approvedBy retainedUntil"
REQUESTED = "... on HardDeletionRequested {entityId reason requestedBy requestedAt retentionDays}"


async def requested(ask: Asking, **given: Any) -> dict[str, Any]:
    """The request that a hard deletion becomes where a second person has to approve."""
    query = f"mutation ($input: HardDeletionInput!) {{it: hardDeleteEntity(input: $input) {{{REQUESTED}}}}}"
    found: dict[str, Any] = (await ask.data(query, input=given))["it"]
    return found


async def test_a_soft_deletion_answers_who_when_and_why(people: People, stores: Stores) -> None:
    """W7."""
    await begun(stores, "ordinary")
    answer = await made(people.one("deleter"), "deleteEntity", DELETED, id="Q1", reason="a duplicate")
    assert answer.pop("deletedAt") == (await newest(people))["createdAt"]
    assert answer == {
        "entityId": "Q1",
        "revisionId": 3,
        "deleteType": "soft",
        "deleted": True,
        "reason": "a duplicate",
        "deletedBy": "Alice",
        "approvedBy": None,
        "retainedUntil": None,
    }


@pytest.mark.parametrize(("days", "retained"), [(None, 180), (1, 1), (180, 180)])
async def test_a_hard_deletion_answers_how_long_it_can_be_undone(
    people: People, stores: Stores, days: int | None, retained: int
) -> None:
    """W7."""
    await begun(stores, "ordinary")
    given = {"reason": "a demand", "retentionDays": days}
    answer = await made(people.one("deleter"), "hardDeleteEntity", DELETED, id="Q1", **given)
    until, at = times.read(answer.pop("retainedUntil")), times.read(answer.pop("deletedAt"))
    assert timedelta(days=retained) - timedelta(minutes=5) < until - at <= timedelta(days=retained)
    assert answer == {
        "entityId": "Q1",
        "revisionId": 3,
        "deleteType": "hard",
        "deleted": True,
        "reason": "a demand",
        "deletedBy": "Alice",
        "approvedBy": None,
    }


async def test_the_server_says_how_long_where_nobody_else_does(stores: Stores, tmp_path: Path) -> None:
    """W7."""
    await begun(stores, "ordinary")
    async with people_over(stores, tmp_path, retention_days=7) as people:
        answer = await made(people.one("deleter"), "hardDeleteEntity", DELETED, id="Q1", reason="a demand")
    kept = times.read(answer["retainedUntil"]) - times.read(answer["deletedAt"])
    assert kept.days in (6, 7)


@pytest.mark.parametrize("days", [0, -1, 181, 2**31 - 1])
async def test_nothing_is_retained_for_no_time_or_for_ever(people: People, stores: Stores, days: int) -> None:
    """W7: nor is it asked for."""
    await begun(stores, "ordinary")
    given = {"id": "Q1", "reason": "a demand", "retentionDays": days}
    found = await faults(people.one("deleter"), "hardDeleteEntity", **given)
    assert found == [("/retentionDays", "out_of_range")]
    assert await head_of(stores, "Q1") == 2


REASONS = {
    "": "missing_field",
    " \n": "missing_field",
    "x" * 501: "value_too_long",
}


@pytest.mark.parametrize("reason", REASONS, ids=["empty", "blank", "long"])
@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("deleteEntity", "ordinary"),
        ("hardDeleteEntity", "ordinary"),
        ("restoreDeletedEntity", "gone"),
        ("revertRedirect", "redirect"),
    ],
)
async def test_who_deletes_or_takes_it_back_says_why(
    people: People, stores: Stores, name: str, state: str, reason: str
) -> None:
    """W7, W8."""
    head = await begun(stores, state)
    more = {"revisionId": 1} if name == "revertRedirect" else {}
    found = await faults(people.one("administrator"), name, id="Q1", reason=reason, **more)
    assert found == [("/reason", REASONS[reason])]
    assert await head_of(stores, "Q1") == head


async def test_a_soft_deleted_entity_is_read_as_before_with_its_mark(people: People, stores: Stores) -> None:
    """W7, Q7: until it is undeleted."""
    await begun(stores, "ordinary")
    deletion = await made(people.one("deleter"), "deleteEntity", DELETED, id="Q1", reason="a duplicate")
    query = """{item(id: "Q1") {
      json label(languageCode: "en") statements {propertyId}
      revision {isDeleted deletionReason deletedAt deletedBy}
    }}"""
    found = (await people.one("reader").data(query))["item"]
    mark = {
        "isDeleted": True,
        "deletionReason": "a duplicate",
        "deletedAt": deletion["deletedAt"],
        "deletedBy": "Alice",
    }
    said = {"json": second("Q1").json(), "label": "Q1", "statements": [{"propertyId": "P1"}]}
    assert found == {**said, "revision": mark}
    await made(people.one("deleter"), "undeleteEntity", "revisionId", id="Q1", reason="an error")
    found = (await people.one("reader").data(query))["item"]
    assert found == {**said, "revision": {**dict.fromkeys(mark), "isDeleted": False}}


async def test_a_restored_entity_says_what_it_said_and_is_protected_as_it_was(
    people: People, stores: Stores
) -> None:
    """W7: it is no redirect any more, and not soft-deleted."""
    await begun(stores, "redirect")
    await make(stores, changed("Q1", Protect(Protection.SEMI_PROTECTED)))
    await made(people.one("deleter"), "hardDeleteEntity", DELETED, id="Q1", reason="a demand")
    given = {"id": "Q1", "reason": "an error", "baseRevisionId": 5}
    answer = await made(
        people.one("administrator"), "restoreDeletedEntity", "revisionId entity {json}", **given
    )
    assert answer == {"revisionId": 6, "entity": {"json": second("Q1").json()}}
    flags = await newest(people)
    assert [name for name, on in flags.items() if on is True] == ["isSemiProtected"]
    assert await findings(stores) == []


@pytest.mark.parametrize("given", [{}, {"reason": ""}, {"reason": "an error"}])
async def test_an_undelete_needs_no_reason_and_tells_one_if_it_is_given(
    people: People, stores: Stores, given: dict[str, Any]
) -> None:
    """W7."""
    await begun(stores, "deleted")
    await made(people.one("deleter"), "undeleteEntity", "revisionId", id="Q1", **given)
    assert (await newest(people))["summary"] == given.get("reason", "")


# With a second person


async def test_a_deletion_is_requested_and_nothing_is_deleted(careful: People, stores: Stores) -> None:
    """W7: the first request stands, whoever asks again."""
    await begun(stores, "ordinary")
    one = await requested(careful.one("deleter", "Ann"), id="Q1", reason="a demand", retentionDays=7)
    assert times.read(one.pop("requestedAt")) <= times.now()
    assert one == {"entityId": "Q1", "reason": "a demand", "requestedBy": "Ann", "retentionDays": 7}
    again = await requested(careful.one("deleter", "Bob"), id="Q1", reason="another")
    assert (again["requestedBy"], again["reason"]) == ("Ann", "a demand")
    assert (await newest(careful))["revisionId"] == 2


async def test_a_second_person_approves(careful: People, stores: Stores) -> None:
    """W7: with what the first has said; then the request is used up."""
    await begun(stores, "ordinary")
    await requested(careful.one("deleter", "Ann"), id="Q1", reason="a demand", retentionDays=7)
    answer = await made(careful.one("deleter", "Bob"), "approveHardDeletion", DELETED, id="Q1")
    kept = times.read(answer.pop("retainedUntil")) - times.read(answer.pop("deletedAt"))
    assert kept.days in (6, 7)
    assert answer == {
        "entityId": "Q1",
        "revisionId": 3,
        "deleteType": "hard",
        "deleted": True,
        "reason": "a demand",
        "deletedBy": "Ann",
        "approvedBy": "Bob",
    }
    node = await newest(careful)
    assert (node["createdBy"], node["summary"], node["editType"]) == ("Bob", "a demand", "hard-delete")
    again = await ended(careful.one("deleter", "Eve"), "approveHardDeletion", id="Q1")
    assert again == ("EditRefused", "request_not_found", None)
    assert told(await careful.one("reader")('{entity(id: "Q1") {id}}')) == [("gone", ["entity"])]


async def test_nobody_approves_of_a_request_of_their_own(careful: People, stores: Stores) -> None:
    """W7: not even an administrator."""
    await begun(stores, "ordinary")
    await requested(careful.one("deleter", "Ann"), id="Q1", reason="a demand")
    refused = ("EditRefused", "second_person_needed", None)
    assert await ended(careful.one("administrator", "Ann"), "approveHardDeletion", id="Q1") == refused
    assert await head_of(stores, "Q1") == 2


async def test_a_request_that_is_withdrawn_can_not_be_approved(careful: People, stores: Stores) -> None:
    """W7: by the second person or the first."""
    await begun(stores, "ordinary")
    for name in ("Ann", "Bob"):
        await requested(careful.one("deleter", "Ann"), id="Q1", reason="a demand")
        answer = await made(careful.one("deleter", name), "rejectHardDeletion", "entityId", id="Q1")
        assert answer == {"entityId": "Q1"}
        refused = ("EditRefused", "request_not_found", None)
        assert await ended(careful.one("deleter", "Eve"), "approveHardDeletion", id="Q1") == refused
    assert await head_of(stores, "Q1") == 2


async def test_an_approval_may_name_the_revision_that_was_looked_at(careful: People, stores: Stores) -> None:
    """W3, W7: who approves may not have seen the newest edit; the request stands on."""
    await begun(stores, "ordinary")
    await requested(careful.one("deleter", "Ann"), id="Q1", reason="a demand")
    await made(careful.one("protector"), "semiProtectEntity", "revisionId", id="Q1")
    bob = careful.one("deleter", "Bob")
    stale = ("EditConflict", "edit_conflict", None)
    assert await ended(bob, "approveHardDeletion", id="Q1", baseRevisionId=2) == stale
    assert await stores.metadata.deletion_request(EntityId("Q1")) is not None
    assert await ended(bob, "approveHardDeletion", id="Q1", baseRevisionId=3) == ("Deleted", None, None)


async def test_a_request_outlives_edits_and_is_refused_what_then_forbids_it(
    careful: People, stores: Stores
) -> None:
    """W6, W7: a lock that came between stops the approval too."""
    await begun(stores, "ordinary")
    await requested(careful.one("deleter", "Ann"), id="Q1", reason="a demand")
    await made(careful.one("protector"), "lockEntity", "revisionId", id="Q1")
    refused = ("EditRefused", "protected", "locked")
    assert await ended(careful.one("deleter", "Bob"), "approveHardDeletion", id="Q1") == refused


async def test_an_entity_that_came_back_needs_a_new_request(careful: People, stores: Stores) -> None:
    """W7."""
    await begun(stores, "redirect")
    await requested(careful.one("deleter", "Ann"), id="Q1", reason="a demand")
    await made(careful.one("deleter", "Bob"), "approveHardDeletion", DELETED, id="Q1")
    await made(careful.one("administrator"), "restoreDeletedEntity", "revisionId", id="Q1", reason="an error")
    refused = ("EditRefused", "request_not_found", None)
    assert await ended(careful.one("deleter", "Bob"), "approveHardDeletion", id="Q1") == refused
    await requested(careful.one("deleter", "Bob"), id="Q1", reason="again")
    answer = await made(careful.one("deleter", "Ann"), "approveHardDeletion", DELETED, id="Q1")
    assert (answer["deletedBy"], answer["approvedBy"], answer["reason"]) == ("Bob", "Ann", "again")


async def test_a_request_can_be_approved_where_no_second_person_is_needed_any_more(
    people: People, stores: Stores
) -> None:
    """W7: the setting is about asking."""
    await begun(stores, "ordinary")
    await ask_to_delete(stores, "Q1", by="Ann")
    answer = await made(people.one("deleter", "Bob"), "approveHardDeletion", DELETED, id="Q1")
    assert (answer["deletedBy"], answer["approvedBy"]) == ("Ann", "Bob")


async def test_a_soft_deletion_needs_one_person(careful: People, stores: Stores) -> None:
    """W7: it can be taken back by anybody of the role."""
    await begun(stores, "ordinary")
    found = await ended(careful.one("deleter"), "deleteEntity", id="Q1", reason="a duplicate")
    assert found == ("Deleted", None, None)


async def test_what_was_reverted_is_deleted_as_any(people: People, stores: Stores) -> None:
    """W7, W8."""
    await begun(stores, "redirect")
    await make(stores, changed("Q1", EndRedirect(1, "an error")))
    await made(people.one("deleter"), "hardDeleteEntity", DELETED, id="Q1", reason="a demand")
    assert await findings(stores) == []
