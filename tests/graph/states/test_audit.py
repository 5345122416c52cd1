"""What is kept of deletions, for those who may see it: entries, requests, and what was said (Q7, W7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from storage import times
from storage.changes import HardDelete, Restore
from storage.commit import commit
from storage.erasure import erase_revisions
from storage.ids import EntityId
from storage.port_erasing import Erasure
from storage.ports import Stores
from tests.commit.making import eager, make
from tests.graph.over import all_pages, told
from tests.graph.states.asking import made
from tests.graph.states.people import People
from tests.lives import LATER, ask_to_delete, bring, changed, second

AUDIT = """query ($filter: AuditFilter, $first: Int! = 100, $after: String) {
  auditLog(filter: $filter, first: $first, after: $after) {
    nodes {
      entityId kind revisionId headRevisionId statementHash reason requestedBy approvedBy at retainedUntil
    }
    pageInfo {hasNextPage endCursor}
  }
}"""
REQUESTS = """query ($first: Int! = 100, $after: String) {
  hardDeletionRequests(first: $first, after: $after) {
    nodes {entityId reason requestedBy requestedAt retentionDays} pageInfo {hasNextPage endCursor}
  }
}"""
KEPT = """query ($id: EntityId!) {deletedEntity(id: $id) {
  entityId retainedUntil audit {kind reason}
  history {nodes {revisionId editType isDeleted deletionReason properties snapshot {key}
    entity {id ... on Item {json label(languageCode: "en")} statements {propertyId value {__typename}}}}}
}}"""
QUARTET = ("UNDELETE", "SOFT_DELETE", "RESTORE", "HARD_DELETE")


async def entries(people: People, **wanted: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await people.one("deleter").data(AUDIT, filter=wanted))["auditLog"][
        "nodes"
    ]
    return found


async def four(people: People, stores: Stores, entity: str = "Q1") -> None:
    """An item that is deleted and brought back, in both ways."""
    await bring(stores, entity, "ordinary")
    ask = people.one("administrator")
    await made(ask, "hardDeleteEntity", "revisionId", id=entity, reason="one", retentionDays=9)
    await made(ask, "restoreDeletedEntity", "revisionId", id=entity, reason="two")
    await made(ask, "deleteEntity", "revisionId", id=entity, reason="three")
    await made(ask, "undeleteEntity", "revisionId", id=entity, reason="four")


async def test_each_deletion_and_what_undid_it_has_its_entry(people: People, stores: Stores) -> None:
    """W7: newest first, with the revision and the head before."""
    await four(people, stores)
    found = await entries(people)
    shown = [(one["kind"], one["reason"], one["revisionId"], one["headRevisionId"]) for one in found]
    assert shown == [
        ("UNDELETE", "four", 6, 5),
        ("SOFT_DELETE", "three", 5, 4),
        ("RESTORE", "two", 4, 3),
        ("HARD_DELETE", "one", 3, 2),
    ]
    assert {(one["entityId"], one["requestedBy"], one["approvedBy"]) for one in found} == {
        ("Q1", "Alice", None)
    }
    assert [one["retainedUntil"] is not None for one in found] == [False, False, False, True]
    assert [one["at"] for one in found] == sorted((one["at"] for one in found), reverse=True)


async def test_an_approved_deletion_names_both_people(people: People, stores: Stores) -> None:
    """W7."""
    await bring(stores, "Q1", "ordinary")
    await ask_to_delete(stores, "Q1", by="Ann")
    await made(people.one("deleter", "Bob"), "approveHardDeletion", "revisionId", id="Q1")
    (found,) = await entries(people)
    assert (found["requestedBy"], found["approvedBy"], found["reason"]) == ("Ann", "Bob", "a demand")


async def test_the_audit_is_filtered_by_entity_kind_and_time(people: People, stores: Stores) -> None:
    """W7: all that is given has to fit; the end of a time is not in it."""
    await four(people, stores, "Q1")
    await four(people, stores, "Q2")
    assert [one["kind"] for one in await entries(people, entityId="Q2")] == list(QUARTET)
    assert [one["entityId"] for one in await entries(people, kind="RESTORE")] == ["Q2", "Q1"]
    both = await entries(people, entityId="Q1", kind="SOFT_DELETE")
    assert [(one["entityId"], one["kind"]) for one in both] == [("Q1", "SOFT_DELETE")]
    times_of = [one["at"] for one in await entries(people)]
    assert len(await entries(people, since=times_of[2])) == 3
    assert len(await entries(people, until=times_of[2])) == 5
    assert len(await entries(people, since=times_of[5], until=times_of[2])) == 3
    assert await entries(people, kind="ERASURE") == []
    assert await entries(people, entityId="Q77") == []


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-01-01"])
async def test_any_time_can_be_asked_for(people: People, stores: Stores, at: str) -> None:
    """W7."""
    await four(people, stores)
    later = at.startswith("9")
    assert len(await entries(people, since=at)) == (0 if later else 4)
    assert len(await entries(people, until=at)) == (4 if later else 0)


def erased(number: int, at: datetime) -> Erasure:
    """The account of a statement that was erased."""
    return Erasure(bytes([number]) * 16, "a court", "Root", at, at, statement=number, done=True)


async def test_what_was_erased_has_its_entry_among_the_others(people: People, stores: Stores) -> None:
    """W7: each revision names its entity; a statement was erased for all, and has none."""
    await four(people, stores)
    await erase_revisions(stores, EntityId("Q1"), [1, 2], reason="a demand", by="Root", clock=times.now)
    await stores.metadata.begin_erasure(erased(7, times.now()))
    found = await entries(people)
    kinds = ["ERASURE", "ERASURE", "ERASURE", *QUARTET]
    assert [one["kind"] for one in found] == kinds
    assert [one["at"] for one in found] == sorted((one["at"] for one in found), reverse=True)
    of_statement, *of_revisions = (dict(one, at=None) for one in found[:3])
    assert of_statement == {
        **dict.fromkeys(("entityId", "revisionId", "headRevisionId", "approvedBy", "at", "retainedUntil")),
        "kind": "ERASURE",
        "statementHash": "7",
        "reason": "a court",
        "requestedBy": "Root",
    }
    assert of_revisions == [
        {
            **dict.fromkeys(("statementHash", "approvedBy", "at", "retainedUntil")),
            "entityId": "Q1",
            "kind": "ERASURE",
            "revisionId": revision,
            "headRevisionId": 6,
            "reason": "a demand",
            "requestedBy": "Root",
        }
        for revision in (2, 1)
    ]


async def test_erasures_are_filtered_as_all_else(people: People, stores: Stores) -> None:
    """W7: by kind and by time; of an entity those of its revisions alone."""
    await four(people, stores)
    await erase_revisions(stores, EntityId("Q1"), [1], reason="a demand", by="Root", clock=times.now)
    at = times.now() + timedelta(days=1)
    for number in (1, 2, 3):
        await stores.metadata.begin_erasure(erased(number, at + timedelta(days=number)))

    async def hashes(**wanted: Any) -> list[str | None]:
        return [one["statementHash"] for one in await entries(people, kind="ERASURE", **wanted)]

    assert await hashes() == ["3", "2", "1", None]
    assert await hashes(entityId="Q1") == [None]
    second, third = (times.written(at + timedelta(days=number)) for number in (2, 3))
    assert await hashes(since=second) == ["3", "2"]
    assert await hashes(until=second) == ["1", None]
    assert await hashes(since=second, until=third) == ["2"]
    assert [one["kind"] for one in await entries(people, kind="HARD_DELETE")] == ["HARD_DELETE"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
async def test_one_list_of_two_is_paged_without_gap_or_repeat(
    people: People, stores: Stores, size: int
) -> None:
    """Q10, W7: also where entries of both have the same time, with a filter of the time or without."""
    at = times.now() - timedelta(hours=1)
    for number in (1, 2, 3, 4):
        await bring(stores, f"Q{number}", "ordinary")
    for number in (1, 2, 3, 4):
        then = at + timedelta(microseconds=number // 3)
        deletion = changed(f"Q{number}", HardDelete("x", LATER))
        await commit(deletion, stores, clock=partial(_same, then), pauses=eager)
        await stores.metadata.begin_erasure(erased(number, then))
    deleter = people.one("deleter")
    expected = ["Q4", "Q3", "4", "3", "Q2", "Q1", "2", "1"]
    for wanted in (None, {"until": times.written(at + timedelta(microseconds=2))}):
        nodes = await all_pages(deleter, AUDIT, ["auditLog"], size, filter=wanted)
        assert [one["entityId"] or one["statementHash"] for one in nodes] == expected
    later = {"since": times.written(at + timedelta(microseconds=1))}
    nodes = await all_pages(deleter, AUDIT, ["auditLog"], size, filter=later)
    assert [one["entityId"] or one["statementHash"] for one in nodes] == expected[:4]


def _same(time: datetime) -> datetime:
    return time


@pytest.mark.parametrize("size", [1, 2, 3, 8, 100])
async def test_the_audit_is_paged_without_gap_or_repeat(people: People, stores: Stores, size: int) -> None:
    """Q10: also where several have the same time."""
    await four(people, stores)
    at = times.now() - timedelta(hours=1)
    for number in range(101, 105):
        await bring(stores, f"Q{number}", "ordinary")
    together = [changed(f"Q{number}", HardDelete("x", LATER)) for number in range(101, 105)]
    for one in together:
        await commit(one, stores, clock=lambda: at, pauses=eager)
    nodes = await all_pages(people.one("deleter"), AUDIT, ["auditLog"], size)
    shown = [(one["entityId"], one["revisionId"]) for one in nodes]
    assert shown == [
        ("Q1", 6),
        ("Q1", 5),
        ("Q1", 4),
        ("Q1", 3),
        *((f"Q{n}", 3) for n in (104, 103, 102, 101)),
    ]


@pytest.mark.parametrize("size", [1, 2, 100])
async def test_requests_are_listed_by_entity(people: People, stores: Stores, size: int) -> None:
    """W7, Q10: those that stand."""
    for name in ("Q3", "Q1", "Q2"):
        await bring(stores, name, "ordinary")
        await ask_to_delete(stores, name, by=f"of {name}")
    await made(people.one("deleter"), "rejectHardDeletion", "entityId", id="Q2")
    nodes = await all_pages(people.one("deleter"), REQUESTS, ["hardDeletionRequests"], size)
    assert [times.read(node.pop("requestedAt")) <= times.now() for node in nodes] == [True, True]
    assert nodes == [
        {"entityId": name, "reason": "a demand", "requestedBy": f"of {name}", "retentionDays": 30}
        for name in ("Q1", "Q3")
    ]


async def test_an_administrator_reads_what_a_deleted_entity_said(people: People, stores: Stores) -> None:
    """Q7, W7: until its retention ends."""
    await bring(stores, "Q1", "gone")
    found = (await people.one("administrator").data(KEPT, id="Q1"))["deletedEntity"]
    assert times.read(found["retainedUntil"]) == LATER
    assert found["audit"] == [{"kind": "HARD_DELETE", "reason": "a demand"}]
    tombstone, said, _ = found["history"]["nodes"]
    assert (tombstone["revisionId"], tombstone["editType"]) == (3, "hard-delete")
    assert (tombstone["isDeleted"], tombstone["deletionReason"]) == (True, "a demand")
    assert tombstone["entity"]["json"]["labels"] == {}
    assert said["entity"] == {
        "id": "Q1",
        "json": second("Q1").json(),
        "label": "Q1",
        "statements": [{"propertyId": "P1", "value": {"__typename": "StringValue"}}],
    }
    assert said["snapshot"]["key"].endswith("Q1/2.json")


async def test_after_the_retention_the_history_is_left_and_nothing_that_was_said(
    people: People, stores: Stores
) -> None:
    """Q7, W7: by the clock, whether it is released by then or not."""
    await bring(stores, "Q1", "ordinary")
    await make(stores, changed("Q1", HardDelete("a demand", times.now())))
    answer = await people.one("administrator")(KEPT, id="Q1")
    found = answer["data"]["deletedEntity"]
    assert found["audit"] == [{"kind": "HARD_DELETE", "reason": "a demand"}]
    assert [node["revisionId"] for node in found["history"]["nodes"]] == [3, 2, 1]
    for node in found["history"]["nodes"]:
        assert (node["entity"], node["snapshot"], node["properties"]) == (None, None, None)
    assert {code for code, _ in told(answer)} == {"retention_ended"}


async def test_only_what_is_hard_deleted_is_read_past_its_deletion(people: People, stores: Stores) -> None:
    """Q7: all else is read as it is."""
    await bring(stores, "Q1", "deleted")
    await bring(stores, "Q2", "gone")
    await make(stores, changed("Q2", Restore("an error")))
    for name, code in (("Q1", "not_deleted"), ("Q2", "not_deleted"), ("Q77", "entity_not_found")):
        answer = await people.one("administrator")(KEPT, id=name)
        assert (answer["data"], told(answer)) == ({"deletedEntity": None}, [(code, ["deletedEntity"])])
        assert answer["errors"][0]["extensions"]["entityId"] == name


@pytest.mark.parametrize(
    ("role", "query", "needed"),
    [
        ("editor", "{auditLog {nodes {reason}}}", "deleter"),
        ("protector", "{hardDeletionRequests {nodes {reason}}}", "deleter"),
        ("deleter", '{deletedEntity(id: "Q1") {entityId}}', "administrator"),
    ],
)
async def test_the_audit_is_kept_from_others(
    people: People, stores: Stores, role: str, query: str, needed: str
) -> None:
    """O3, Q7."""
    await bring(stores, "Q1", "gone")
    answer = await people.one(role)(query)
    assert answer["errors"][0]["extensions"] == {"code": "forbidden", "retryable": False, "role": needed}
    assert set(answer["data"].values()) == {None}


async def test_a_request_ends_with_a_deletion_that_nobody_approved_of(people: People, stores: Stores) -> None:
    """W7: nobody asks for what has been done."""
    await bring(stores, "Q1", "ordinary")
    await ask_to_delete(stores, "Q1")
    await make(stores, changed("Q1", HardDelete("x", LATER)))
    assert (await people.one("deleter").data(REQUESTS))["hardDeletionRequests"]["nodes"] == []
