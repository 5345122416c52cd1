"""Redirects made and ended, and earlier revisions said again (W8, W12)."""

from __future__ import annotations

import asyncio

import pytest

from storage.changes import HardDelete, Restore, SetRevision
from storage.edits import Base
from storage.ids import EntityId
from storage.ports import Stores
from tests.builders import a_lexeme, a_property
from tests.commit.making import edit, findings, make
from tests.graph.states.asking import ended, made
from tests.graph.states.people import People
from tests.graph.states.test_made import begun, newest
from tests.lives import LATER, TARGET, bring, changed, first, second

EDITED = "revisionId unchanged entity {id revisionId json revision {isRedirect redirectsTo}}"


async def test_a_redirect_is_shown_as_itself_where_it_was_made(people: People, stores: Stores) -> None:
    """W8, Q5: empty, with its target; who asks for it later is led there."""
    await begun(stores, "ordinary")
    answer = await made(people.one("editor"), "createRedirect", EDITED, id="Q1", target=TARGET)
    assert answer["entity"] == {
        "id": "Q1",
        "revisionId": 3,
        "json": {**first("Q1").json(), "labels": {}},
        "revision": {"isRedirect": True, "redirectsTo": TARGET},
    }
    query = '{entity(id: "Q1") {id redirectedFrom}}'
    assert await people.one("reader").data(query) == {"entity": {"id": TARGET, "redirectedFrom": ["Q1"]}}


async def test_a_redirect_in_the_way_is_named_with_where_it_leads(people: People, stores: Stores) -> None:
    """W8."""
    await begun(stores, "redirect")
    selection = "... on EditRefused {code entityId targetId message}"
    query = f'mutation {{deleteEntity(input: {{id: "Q1", reason: "x"}}) {{{selection}}}}}'
    assert (await people.one("deleter").data(query))["deleteEntity"] == {
        "code": "redirected",
        "entityId": "Q1",
        "targetId": TARGET,
        "message": f"Q1 redirects to {TARGET}",
    }


@pytest.mark.parametrize("target", ["P1", "L1"])
async def test_a_redirect_leads_to_its_like(people: People, stores: Stores, target: str) -> None:
    """W8."""
    await begun(stores, "ordinary")
    await make(stores, edit(a_property("P1"), Base.NOTHING), edit(a_lexeme("L1"), Base.NOTHING))
    unfit = ("EditRefused", "redirect_target_unfit", "other_type")
    assert await ended(people.one("editor"), "createRedirect", id="Q1", target=target) == unfit


async def test_of_two_redirects_that_would_make_a_circle_one_is_made_at_most(
    people: People, stores: Stores
) -> None:
    """I11: sent at the same moment."""
    for number in range(1, 9, 2):
        one, other = f"Q{number}", f"Q{number + 1}"
        await bring(stores, one, "ordinary")
        await bring(stores, other, "ordinary")
        ask = people.one("editor")
        endings = await asyncio.gather(
            ended(ask, "createRedirect", id=one, target=other),
            ended(ask, "createRedirect", id=other, target=one),
        )
        codes = sorted(code or "made" for _, code, _ in endings)
        assert codes in (["made", "redirect_target_unfit"], ["made", "too_contended"], ["too_contended"] * 2)
    assert await findings(stores) == []


@pytest.mark.parametrize("revision", [1, 2])
async def test_a_redirect_ends_with_what_was_said_at_a_chosen_revision(
    people: People, stores: Stores, revision: int
) -> None:
    """W8."""
    await begun(stores, "redirect")
    given = {"id": "Q1", "revisionId": revision, "reason": "an error"}
    answer = await made(people.one("editor"), "revertRedirect", EDITED, **given)
    says = {1: first("Q1"), 2: second("Q1")}[revision]
    assert (answer["revisionId"], answer["unchanged"]) == (4, False)
    assert answer["entity"]["json"] == says.json()
    assert answer["entity"]["revision"] == {"isRedirect": False, "redirectsTo": None}
    query = f'{{entity(id: "Q1") {{id}} target: entity(id: "{TARGET}") {{redirectCount}}}}'
    assert await findings(stores) == []
    assert await people.one("reader").data(query) == {"entity": {"id": "Q1"}, "target": {"redirectCount": 0}}


@pytest.mark.parametrize("name", ["restoreRevision", "revertRedirect"])
@pytest.mark.parametrize(
    ("revision", "ending"),
    [
        (3, ("EditRefused", "not_restorable", "has_no_content")),
        (77, ("EditRefused", "revision_not_found", None)),
        (0, ("EditRefused", "revision_not_found", None)),
        (-1, ("EditRefused", "revision_not_found", None)),
    ],
)
async def test_what_said_nothing_can_not_be_said_again(
    people: People, stores: Stores, name: str, revision: int, ending: tuple[str, str, str | None]
) -> None:
    """W8, W12: neither a redirect's own revision nor one that never was."""
    await begun(stores, "redirect")
    given = {"id": "Q1", "revisionId": revision}
    if name == "revertRedirect":
        given["reason"] = "an error"
    else:
        back = {"id": "Q1", "revisionId": 1, "reason": "an error"}
        await made(people.one("editor"), "revertRedirect", "revisionId", **back)
    assert await ended(people.one("editor"), name, **given) == ending


async def test_a_tombstone_can_not_be_said_again(people: People, stores: Stores) -> None:
    """W7, W12: after the entity was brought back."""
    await begun(stores, "gone")
    await make(stores, changed("Q1", Restore("an error")))
    refused = ("EditRefused", "not_restorable", "has_no_content")
    assert await ended(people.one("editor"), "restoreRevision", id="Q1", revisionId=3) == refused
    assert await ended(people.one("editor"), "restoreRevision", id="Q1", revisionId=1) == (
        "Edited",
        None,
        None,
    )


async def test_an_earlier_revision_is_said_again_by_a_new_one(people: People, stores: Stores) -> None:
    """W12: what came between stays in the history."""
    await begun(stores, "ordinary")
    given = {"id": "Q1", "revisionId": 1, "baseRevisionId": 2, "meta": {"summary": "it was better"}}
    answer = await made(people.one("editor"), "restoreRevision", EDITED, **given)
    assert (answer["revisionId"], answer["unchanged"]) == (3, False)
    assert answer["entity"]["json"] == first("Q1").json()
    assert (await newest(people))["summary"] == "it was better"
    query = '{entity(id: "Q1", revisionId: 2) {json}}'
    assert (await people.one("reader").data(query))["entity"]["json"] == second("Q1").json()


async def test_what_the_head_says_makes_no_revision(people: People, stores: Stores) -> None:
    """W4, W12."""
    await begun(stores, "ordinary")
    answer = await made(people.one("editor"), "restoreRevision", EDITED, id="Q1", revisionId=2)
    assert (answer["revisionId"], answer["unchanged"]) == (2, True)
    assert (await newest(people))["revisionId"] == 2


async def test_going_back_keeps_the_protections_of_today(people: People, stores: Stores) -> None:
    """W5: a revision that was said before the protection brings its content, not its state."""
    await begun(stores, "semi_protected")
    await made(people.one("autoconfirmed"), "restoreRevision", "revisionId", id="Q1", revisionId=1)
    assert (await newest(people))["isSemiProtected"] is True


async def test_a_soft_deleted_revision_is_said_again_without_its_mark(people: People, stores: Stores) -> None:
    """W7, W12: its content was kept; that it was deleted is no content."""
    await begun(stores, "deleted")
    await made(people.one("deleter"), "undeleteEntity", "revisionId", id="Q1")
    await make(stores, changed("Q1", SetRevision(1)))
    await made(people.one("editor"), "restoreRevision", "revisionId", id="Q1", revisionId=3)
    node = await newest(people)
    assert (node["isDeleted"], node["entity"]["json"]) == (False, second("Q1").json())


async def test_a_target_that_is_deleted_later_leaves_a_redirect_to_nothing(
    people: People, stores: Stores
) -> None:
    """W8, Q5: it can still be reverted."""
    await begun(stores, "redirect")
    await make(stores, changed(TARGET, HardDelete("a demand", LATER)))
    answer = await people.one("reader")('{entity(id: "Q1") {id}}')
    assert answer["errors"][0]["extensions"]["code"] == "gone"
    back = {"id": "Q1", "revisionId": 2, "reason": "its target is gone"}
    assert await ended(people.one("editor"), "revertRedirect", **back) == ("Edited", None, None)


async def test_a_redirect_may_be_given_another_target_only_by_reverting_it(
    people: People, stores: Stores
) -> None:
    """W8: a redirect is no source."""
    await begun(stores, "redirect")
    await bring(stores, "Q6", "ordinary")
    ask = people.one("editor")
    assert await ended(ask, "createRedirect", id="Q1", target="Q6") == ("EditRefused", "redirected", None)
    await made(ask, "revertRedirect", "revisionId", id="Q1", revisionId=2, reason="elsewhere")
    await made(ask, "createRedirect", "revisionId", id="Q1", target="Q6")
    query = '{entity(id: "Q1") {id}}'
    assert await people.one("reader").data(query) == {"entity": {"id": "Q6"}}
    assert await findings(stores) == []


async def test_a_target_may_take_any_number_of_redirects_at_once(people: People, stores: Stores) -> None:
    """W8: a reservation keeps nobody else from leading there."""
    await bring(stores, TARGET, "ordinary")
    names = [f"Q{number}" for number in range(100, 110)]
    for name in names:
        await bring(stores, name, "ordinary")
    ask = people.one("editor")
    endings = await asyncio.gather(*(ended(ask, "createRedirect", id=name, target=TARGET) for name in names))
    assert endings == [("Edited", None, None)] * 10
    assert await findings(stores) == []
    query = f'{{entity(id: "{TARGET}") {{redirectCount}}}}'
    assert (await people.one("reader").data(query))["entity"]["redirectCount"] == 10
    assert await stores.metadata.reservations(EntityId(TARGET)) == []
