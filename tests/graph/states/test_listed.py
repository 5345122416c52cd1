"""Lists of entities by status and by edit type: whole, at once, a page at a time (Q6, Q10)."""

from __future__ import annotations

from typing import Any

import pytest

from storage.changes import Change, HardDelete, Protect, Protection, SetRevision, SoftDelete, Undelete
from storage.edits import Base
from storage.ports import Stores
from tests.builders import an_item
from tests.commit.making import edit, make
from tests.graph.over import all_pages, told
from tests.graph.states.asking import made
from tests.graph.states.people import People
from tests.lives import LATER, bring, changed

LISTED = """query ($status: EntityStatus, $editType: String, $first: Int! = 100, $after: String) {
  listedEntities(status: $status, editType: $editType, first: $first, after: $after) {
    nodes {entityId entity {id}} pageInfo {hasNextPage endCursor}
  }
}"""
STATUSES = {
    "LOCKED": "locked",
    "ARCHIVED": "archived",
    "SEMI_PROTECTED": "semi_protected",
    "MASS_EDIT_PROTECTED": "mass_edit_protected",
    "DELETED": "deleted",
    "REDIRECT": "redirect",
}


async def names(people: People, **given: Any) -> list[str]:
    nodes = (await people.one("reader").data(LISTED, **given))["listedEntities"]["nodes"]
    assert [node["entity"]["id"] for node in nodes] == [node["entityId"] for node in nodes]
    return [node["entityId"] for node in nodes]


@pytest.mark.parametrize("status", STATUSES)
async def test_a_status_lists_those_that_are_so_and_no_others(
    people: People, stores: Stores, status: str
) -> None:
    """Q6: at once after the answer, before anything is derived. A redirect is listed itself."""
    await bring(stores, "Q5", "ordinary")
    for number, state in enumerate([*STATUSES.values(), "gone"], 10):
        await bring(stores, f"Q{number}", state)
    assert await names(people, status=status) == [f"Q{10 + list(STATUSES).index(status)}"]


async def test_an_entity_stands_on_as_many_lists_as_fit_it(people: People, stores: Stores) -> None:
    """Q6: and leaves each with the edit that makes it another."""
    await bring(stores, "Q1", "locked")
    await make(stores, changed("Q1", Protect(Protection.SEMI_PROTECTED)))
    for status in ("LOCKED", "SEMI_PROTECTED"):
        assert await names(people, status=status) == ["Q1"]
    await made(people.one("protector"), "unlockEntity", "revisionId", id="Q1")
    assert (await names(people, status="LOCKED"), await names(people, status="SEMI_PROTECTED")) == (
        [],
        ["Q1"],
    )


async def test_an_edit_type_lists_those_whose_latest_revision_has_it(people: People, stores: Stores) -> None:
    """Q6: exactly as it is written."""
    await bring(stores, "Q1", "ordinary")
    await bring(stores, "Q2", "locked")
    await make(stores, changed("Q1", SetRevision(1), edit_type="clean up"))
    for wrong in ("Clean up", "clean up ", "clean"):
        assert await names(people, editType=wrong) == []
    assert await names(people, editType="clean up") == ["Q1"]
    assert await names(people, editType="lock-added") == ["Q2"]
    await make(stores, changed("Q1", SetRevision(2)))
    assert await names(people, editType="clean up") == []


@pytest.mark.parametrize("edit_type", ["", "is_locked"])
async def test_no_edit_type_is_no_list(people: People, stores: Stores, edit_type: str) -> None:
    """Q6: nor is it the name of a status."""
    await bring(stores, "Q1", "locked")
    await make(stores, edit(an_item("Q2"), Base.NOTHING))
    assert await names(people, editType=edit_type) == []


@pytest.mark.parametrize(
    "last", [HardDelete("x", LATER), SoftDelete("x")], ids=lambda change: type(change).__name__
)
async def test_what_is_gone_stands_on_no_list(people: People, stores: Stores, last: Change) -> None:
    """Q6, I10: what is soft-deleted does."""
    await bring(stores, "Q1", "semi_protected")
    await make(stores, changed("Q1", last))
    soft = isinstance(last, SoftDelete)
    assert await names(people, status="SEMI_PROTECTED") == (["Q1"] if soft else [])
    assert await names(people, editType="soft-delete" if soft else "hard-delete") == (["Q1"] if soft else [])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
async def test_a_list_is_paged_without_gap_or_repeat(people: People, stores: Stores, size: int) -> None:
    """Q10."""
    wanted = [f"Q{number}" for number in range(101, 108)]
    for name in reversed(wanted):
        await bring(stores, name, "deleted")
    nodes = await all_pages(people.one("reader"), LISTED, ["listedEntities"], size, status="DELETED")
    assert [node["entityId"] for node in nodes] == wanted


async def test_a_list_that_changes_is_paged_on_from_where_it_was(people: People, stores: Stores) -> None:
    """Q10: what leaves the list meanwhile shifts nothing."""
    for number in range(101, 106):
        await bring(stores, f"Q{number}", "deleted")
    ask = people.one("reader")
    page = (await ask.data(LISTED, status="DELETED", first=2))["listedEntities"]
    await make(stores, changed("Q101", Undelete()), changed("Q102", Undelete()), changed("Q104", Undelete()))
    rest = await ask.data(LISTED, status="DELETED", after=page["pageInfo"]["endCursor"])
    assert [node["entityId"] for node in rest["listedEntities"]["nodes"]] == ["Q103", "Q105"]


@pytest.mark.parametrize("given", [{}, {"status": "LOCKED", "editType": "x"}])
async def test_a_list_is_asked_for_in_one_way(people: People, given: dict[str, str]) -> None:
    """Q6."""
    answer = await people.one("reader")(LISTED, **given)
    assert (answer["data"], told(answer)) == ({"listedEntities": None}, [("invalid", ["listedEntities"])])
    assert [fault["code"] for fault in answer["errors"][0]["extensions"]["faults"]] == ["one_of"]


async def test_an_item_that_nobody_maintains_is_dangling(people: People) -> None:
    """Q6, W6: until a statement says who does; the server sees that, and no property is ever so."""
    ask = people.one("editor")
    for kind in ({"type": "item"}, {"type": "property", "datatype": "string"}):
        made_of = "entityId entity {revision {isDangling}}"
        created = await made(ask, "createEntity", made_of, entity=kind)
        assert created["entity"]["revision"]["isDangling"] == (kind["type"] == "item")
    assert await names(people, status="DANGLING") == ["Q300000000"]
    maintained = an_item("Q300000000").with_statement("P6104", item="Q5").json()
    given = {"id": "Q300000000", "baseRevisionId": 1, "entity": maintained}
    await made(ask, "editEntity", "revisionId", **given)
    assert await names(people, status="DANGLING") == []
