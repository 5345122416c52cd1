"""The good ending of each mutation: a revision, told by the history and by its event (W3, W5-W9, W12, E1, E2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from storage import times
from storage.ports import Stores
from tests.commit.making import findings
from tests.graph.over import settle
from tests.graph.states.asking import ended, made
from tests.graph.states.people import People
from tests.graph.states.table import WANTED
from tests.lives import STATES, TARGET, bring, first, second


@dataclass(frozen=True)
class Life:
    """From which state a mutation leads where: edit type, kind of change, flags, and what the entity says then."""

    state: str
    edit_type: str
    change_type: str
    flags: tuple[str, ...] = ()
    given: dict[str, Any] = field(default_factory=dict)
    says: str | None = "second"


WHY: dict[str, Any] = {"reason": "the reason"}
LIVES = {
    "restoreRevision": Life("ordinary", "", "edit", given={"revisionId": 1}, says="first"),
    "createRedirect": Life(
        "ordinary", "redirect-create", "redirect", ("isRedirect",), {"target": TARGET}, says=None
    ),
    "revertRedirect": Life(
        "redirect", "redirect-revert", "unredirect", given={"revisionId": 1, **WHY}, says="first"
    ),
    "lockEntity": Life("ordinary", "lock-added", "lock", ("isLocked",)),
    "unlockEntity": Life("locked", "lock-removed", "unlock"),
    "archiveEntity": Life("ordinary", "archive-added", "archival", ("isArchived",)),
    "unarchiveEntity": Life("archived", "archive-removed", "unarchival"),
    "semiProtectEntity": Life("ordinary", "semi-protection-added", "edit", ("isSemiProtected",)),
    "liftSemiProtection": Life("semi_protected", "semi-protection-removed", "edit"),
    "massEditProtectEntity": Life("ordinary", "mass-protection-added", "edit", ("isMassEditProtected",)),
    "liftMassEditProtection": Life("mass_edit_protected", "mass-protection-removed", "edit"),
    "deleteEntity": Life("ordinary", "soft-delete", "soft_delete", ("isDeleted",), WHY),
    "undeleteEntity": Life("deleted", "undelete", "edit", given=WHY),
    "hardDeleteEntity": Life("ordinary", "hard-delete", "hard_delete", ("isDeleted",), WHY, says=None),
    "restoreDeletedEntity": Life("gone", "restore", "edit", given=WHY),
}
FLAGS = "isLocked isArchived isSemiProtected isMassEditProtected isDeleted isRedirect"
NEWEST = f"""history(first: 1) {{nodes {{
  entityId revisionId parentRevisionId createdBy createdAt summary editType isMassEdit bot batchId {FLAGS}
  entity {{json}}
}}}}"""
META = {"bot": True, "isMassEdit": True, "editType": "cleanup", "batchId": "batch 7"}
MADE = "entityId revisionId"


async def newest(people: People) -> dict[str, Any]:
    """The newest revision of Q1 as its history tells it; of a hard-deleted one to an administrator."""
    asked = people.one("administrator")
    answer = await asked(f'{{entity(id: "Q1", followRedirects: false) {{{NEWEST}}}}}')
    if answer.get("errors"):
        answer = await asked(f'{{entity: deletedEntity(id: "Q1") {{{NEWEST}}}}}')
    (node,) = answer["data"]["entity"]["history"]["nodes"]
    found: dict[str, Any] = node
    return found


async def events(stores: Stores, entity: str = "Q1") -> list[tuple[int, str, int | None, str, str, bool]]:
    """What the world is told of an entity once all is done."""
    await settle(stores)
    told = [one.event for one in await stores.events.read(None, 10_000)]
    return [
        (one.revision_id, one.change_type, one.from_revision_id, one.editor, one.edit_summary, one.bot)
        for one in told
        if one.entity_id == entity
    ]


async def begun(stores: Stores, state: str) -> int:
    """Q1 in this state, and where it may lead to."""
    await bring(stores, TARGET, "ordinary")
    return await bring(stores, "Q1", state)


def test_no_mutation_is_left_out() -> None:
    """Those of content, of requests and of many have tests of their own."""
    others = {"editEntity", "createRedirects", "deleteEntities", "approveHardDeletion"}
    assert set(LIVES) == set(WANTED) - others


@pytest.mark.parametrize("name", LIVES)
async def test_what_is_made_is_told_by_the_history_and_by_an_event(
    people: People, stores: Stores, name: str
) -> None:
    """W5-W8, E2: the type is the server's word where it has one; a reason stands in for a summary."""
    life = LIVES[name]
    head = await begun(stores, life.state)
    meta = {key: value for key, value in META.items() if key != "isMassEdit"}
    answer = await made(people.one("administrator"), name, MADE, id="Q1", meta=meta, **life.given)
    assert answer == {"entityId": "Q1", "revisionId": head + 1}
    told = await newest(people)
    summary = life.given.get("reason", "")
    says = {"first": first("Q1"), "second": second("Q1")}.get(life.says or "")
    empty = {**first("Q1").json(), "labels": {}}
    assert told.pop("entity")["json"] == (says.json() if says is not None else empty)
    assert times.read(told.pop("createdAt")).tzinfo is not None
    assert told == {
        "entityId": "Q1",
        "revisionId": head + 1,
        "parentRevisionId": head,
        "createdBy": "Alice",
        "summary": summary,
        "editType": life.edit_type or "cleanup",
        "isMassEdit": False,
        "bot": True,
        "batchId": "batch 7",
        **{flag: flag in life.flags for flag in FLAGS.split()},
    }
    assert (await events(stores))[-1] == (head + 1, life.change_type, head, "Alice", summary, True)
    assert await findings(stores) == []


@pytest.mark.parametrize("name", LIVES)
async def test_a_summary_is_told_beside_the_reason(people: People, stores: Stores, name: str) -> None:
    """W7, W9: one is for the history, the other for the account."""
    await begun(stores, LIVES[name].state)
    meta = {"summary": "in other words"}
    await made(people.one("administrator"), name, MADE, id="Q1", meta=meta, **LIVES[name].given)
    assert (await newest(people))["summary"] == "in other words"


@pytest.mark.parametrize("name", [name for name, life in LIVES.items() if life.state == "ordinary"])
async def test_an_edit_of_many_says_so(people: People, stores: Stores, name: str) -> None:
    """W9."""
    await begun(stores, "ordinary")
    meta = {"isMassEdit": True}
    await made(people.one("administrator"), name, MADE, id="Q1", meta=meta, **LIVES[name].given)
    assert (await newest(people))["isMassEdit"] is True


@pytest.mark.parametrize("name", [name for name, life in LIVES.items() if life.edit_type])
async def test_what_the_server_says_an_edit_is_nobody_else_can_say(
    people: People, stores: Stores, name: str
) -> None:
    """W9: else an edit of content could pass for a lock."""
    await begun(stores, "ordinary")
    meta = {"editType": LIVES[name].edit_type}
    found = await ended(people.one("editor"), "restoreRevision", id="Q1", revisionId=1, meta=meta)
    assert found == ("EditInvalid", "invalid", None)


@pytest.mark.parametrize("name", [name for name, life in LIVES.items() if life.flags])
async def test_what_is_so_already_is_told_again_or_refused(people: People, stores: Stores, name: str) -> None:
    """W4, W6: a protection that holds is set again by a revision of its own, so that it is known who wanted it."""
    life = LIVES[name]
    await begun(stores, life.state)
    ask = people.one("administrator")
    await made(ask, name, MADE, id="Q1", **life.given)
    again = await ended(ask, name, id="Q1", **life.given)
    refusals = {"createRedirect": "redirected", "deleteEntity": "deleted", "hardDeleteEntity": "gone"}
    if name in refusals:
        assert again == ("EditRefused", refusals[name], None)
    else:
        assert again == ("Edited", None, None)
        assert (await newest(people))["revisionId"] == 4


@pytest.mark.parametrize(
    "state", [state for state in STATES if state not in ("gone", "released", "redirect")]
)
async def test_a_flag_is_inherited_by_a_protection_of_another_kind(
    people: People, stores: Stores, state: str
) -> None:
    """W5: only the flag that is spoken of changes; a mark of deletion stays, with who made it and why."""
    await begun(stores, state)
    before = await newest(people)
    await made(people.one("protector"), "semiProtectEntity", MADE, id="Q1")
    after = await newest(people)
    assert {flag: after[flag] for flag in FLAGS.split()} == {
        **{flag: before[flag] for flag in FLAGS.split()},
        "isSemiProtected": True,
    }
    query = '{entity(id: "Q1") {revision {deletionReason deletedBy}}}'
    found = (await people.one("reader").data(query))["entity"]["revision"]
    deleted = state == "deleted"
    assert found == {
        "deletionReason": "a duplicate" if deleted else None,
        "deletedBy": "Bob" if deleted else None,
    }


async def test_one_document_may_hold_a_whole_life(people: People, stores: Stores) -> None:
    """W12: one edit after the other, each sees what the one before has made."""
    await begun(stores, "ordinary")
    document = """mutation {
      locked: lockEntity(input: {id: "Q1"}) {...R ... on Edited {entity {revision {isLocked}}}}
      tried: deleteEntities(input: {ids: ["Q1"], reason: "x"}) {... on DeletionsMade {outcomes {result {
        __typename ... on EditRefused {why}}}}}
      unlocked: unlockEntity(input: {id: "Q1"}) {...R ... on Edited {entity {revision {isLocked}}}}
      again: deleteEntities(input: {ids: ["Q1"], reason: "x"}) {... on DeletionsMade {outcomes {result {
        __typename ... on WouldBeDeleted {revisionId}}}}}
      late: lockEntity(input: {id: "Q1", baseRevisionId: 2}) {... on EditConflict {found entity {revisionId}}}
    }
    fragment R on Edited {revisionId}"""
    answer = await people.one("administrator").data(document)
    assert answer == {
        "locked": {"revisionId": 3, "entity": {"revision": {"isLocked": True}}},
        "tried": {"outcomes": [{"result": {"__typename": "EditRefused", "why": "locked"}}]},
        "unlocked": {"revisionId": 4, "entity": {"revision": {"isLocked": False}}},
        "again": {"outcomes": [{"result": {"__typename": "WouldBeDeleted", "revisionId": 4}}]},
        "late": {"found": 4, "entity": {"revisionId": 4}},
    }
