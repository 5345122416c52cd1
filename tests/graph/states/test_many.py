"""Many at once: deletions by ids, by status and by edit type, tried before they are done; redirects in a batch (W7, W8)."""

from __future__ import annotations

from typing import Any

import pytest

from storage.changes import Protect, Protection, SetRevision
from storage.ids import EntityId
from storage.ports import Stores
from tests.commit.making import findings, head_of, make
from tests.graph.counting import counted
from tests.graph.states.asking import ended, faults, made
from tests.graph.states.people import People
from tests.graph.states.test_made import newest
from tests.lives import bring, changed
from tests.serving import Asking

OUTCOMES = """dryRun nextAfter outcomes {entityId result {
  __typename
  ... on Deleted {revisionId deleteType reason deletedBy}
  ... on WouldBeDeleted {revisionId}
  ... on Refusal {code} ... on EditRefused {why}
}}"""


async def some(stores: Stores, first: int, count: int, state: str = "ordinary") -> list[str]:
    """So many items in a state."""
    names = [f"Q{number}" for number in range(first, first + count)]
    for name in names:
        await bring(stores, name, state)
    return names


async def deleting(ask: Asking, **given: Any) -> dict[str, Any]:
    return await made(ask, "deleteEntities", OUTCOMES, **{"reason": "a cleanup", **given})


def told_of(answer: dict[str, Any]) -> dict[str, str]:
    """How each ended, in a word."""
    return {
        one["entityId"]: one["result"].get("why") or one["result"].get("code") or one["result"]["__typename"]
        for one in answer["outcomes"]
    }


async def heads(stores: Stores, names: list[str]) -> list[int | None]:
    return [await head_of(stores, name) for name in names]


MIXED = {
    "Q5": "Deleted",
    "Q12": "locked",
    "Q13": "mass_edit_protected",
    "Q14": "redirected",
    "Q15": "deleted",
    "Q16": "gone",
    "Q17": "entity_not_found",
}


@pytest.fixture
async def mixed(stores: Stores) -> list[str]:
    """Items in states that differ, the last of which is not there."""
    states = ("ordinary", "locked", "mass_edit_protected", "redirect", "deleted", "gone")
    for name, state in zip(MIXED, states, strict=False):
        await bring(stores, name, state)
    return list(MIXED)


async def test_each_of_many_is_deleted_or_refused_for_itself(
    people: People, stores: Stores, mixed: list[str]
) -> None:
    """W6, W7: in the order in which they were named, each once; each deletion is a mass edit."""
    answer = await deleting(people.one("deleter"), ids=[*mixed, "Q5"], dryRun=False)
    assert told_of(answer) == MIXED
    assert (answer["dryRun"], answer["nextAfter"]) == (False, None)
    assert answer["outcomes"][0]["result"] == {
        "__typename": "Deleted",
        "revisionId": 3,
        "deleteType": "soft",
        "reason": "a cleanup",
        "deletedBy": "Alice",
    }
    query = '{entity(id: "Q5") {revision {isMassEdit editType summary isDeleted}}}'
    assert (await people.one("reader").data(query))["entity"]["revision"] == {
        "isMassEdit": True,
        "editType": "soft-delete",
        "summary": "a cleanup",
        "isDeleted": True,
    }
    assert await findings(stores) == []


async def test_a_trial_tells_the_same_and_stores_nothing(
    people: People, stores: Stores, mixed: list[str]
) -> None:
    """W7: and it is the default."""
    before = await heads(stores, mixed)
    answer = await deleting(people.one("deleter"), ids=mixed)
    assert told_of(answer) == {**MIXED, "Q5": "WouldBeDeleted"}
    assert (answer["dryRun"], answer["outcomes"][0]["result"]["revisionId"]) == (True, 2)
    assert await heads(stores, mixed) == before
    assert len(await stores.metadata.listed("is_soft_deleted", None, 10)) == 1


async def test_a_trial_of_many_is_one_query(people: People, stores: Stores) -> None:
    """W7: it looks at heads, and at nothing else."""
    names = await some(stores, 100, 20)
    deleter = people.one("deleter")
    with counted() as counts:
        await deleting(deleter, ids=names)
    assert counts.both() == (1, 0)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
async def test_those_of_a_status_are_deleted_a_page_at_a_time(
    people: People, stores: Stores, size: int
) -> None:
    """Q6, W7: what is refused stays on the list and is passed over."""
    names = await some(stores, 101, 3, "semi_protected")
    await some(stores, 50, 2)
    await make(stores, changed("Q102", Protect(Protection.LOCKED)))
    seen: dict[str, str] = {}
    after = None
    for page in range(10):
        asked = {"status": "SEMI_PROTECTED", "after": after, "limit": size, "dryRun": False}
        answer = await deleting(people.one("deleter"), **asked)
        assert len(answer["outcomes"]) <= size
        seen |= told_of(answer)
        after = answer["nextAfter"]
        if after is None:
            assert page == (len(names) - 1) // size
            break
    # Each deletion is one of many, which semi-protection stops.
    assert seen == {"Q101": "semi_protected", "Q102": "locked", "Q103": "semi_protected"}


@pytest.mark.parametrize("size", [1, 2, 4, 100])
async def test_those_of_an_edit_type_are_deleted_a_page_at_a_time(
    people: People, stores: Stores, size: int
) -> None:
    """Q6, W7: though each deletion takes one from the list that is gone through."""
    names = await some(stores, 101, 4)
    for name in names:
        await make(stores, changed(name, SetRevision(1), edit_type="vandalism"))
    await some(stores, 201, 1)
    seen: dict[str, str] = {}
    after = None
    while True:
        asked = {"editType": "vandalism", "after": after, "limit": size, "dryRun": False}
        answer = await deleting(people.one("deleter"), **asked)
        seen |= told_of(answer)
        if (after := answer["nextAfter"]) is None:
            break
    assert seen == dict.fromkeys(names, "Deleted")
    assert list(await stores.metadata.listed("is_soft_deleted", None, 10)) == names


async def test_a_list_without_anybody_is_no_error(people: People) -> None:
    """Q6, W7."""
    answer = await deleting(people.one("deleter"), status="ARCHIVED", dryRun=False)
    assert answer == {"dryRun": False, "nextAfter": None, "outcomes": []}


WRONG: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "nothing named": ({}, ("", "one_of")),
    "two ways": ({"ids": ["Q1"], "status": "LOCKED"}, ("", "one_of")),
    "two filters": ({"editType": "x", "status": "LOCKED"}, ("", "one_of")),
    "no ids": ({"ids": []}, ("/ids", "out_of_range")),
    "too many ids": ({"ids": [f"Q{number}" for number in range(1, 102)]}, ("/ids", "out_of_range")),
    "none": ({"status": "LOCKED", "limit": 0}, ("/limit", "out_of_range")),
    "too many": ({"status": "LOCKED", "limit": 101}, ("/limit", "out_of_range")),
    "no reason": ({"ids": ["Q1"], "reason": " "}, ("/reason", "missing_field")),
    "a long summary": ({"ids": ["Q1"], "meta": {"summary": "x" * 501}}, ("/summary", "value_too_long")),
}


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("name", WRONG)
async def test_what_is_wrong_with_all_is_told_once(
    people: People, stores: Stores, name: str, dry_run: bool
) -> None:
    """W7, W10: and nothing is deleted."""
    await bring(stores, "Q1", "ordinary")
    given, fault = WRONG[name]
    asked = {"reason": "a cleanup", "dryRun": dry_run, **given}
    assert await faults(people.one("deleter"), "deleteEntities", **asked) == [fault]
    assert await head_of(stores, "Q1") == 2


# Redirects

MADE = """outcomes {sourceId targetId result {
  __typename ... on Edited {revisionId} ... on Refusal {code} ... on EditRefused {why targetId}
}}"""


async def test_each_redirect_of_a_batch_is_made_or_refused_for_itself(people: People, stores: Stores) -> None:
    """W8: one after the other, so that a later one sees what the earlier ones made."""
    for name, state in {"Q5": "ordinary", "Q1": "ordinary", "Q2": "ordinary", "Q3": "locked"}.items():
        await bring(stores, name, state)
    pairs = [("Q1", "Q5"), ("Q2", "Q1"), ("Q3", "Q5"), ("Q5", "Q5"), ("Q4", "Q5"), ("Q2", "Q5"), ("Q5", "Q2")]
    asked = [{"source": source, "target": target} for source, target in pairs]
    answer = await made(people.one("bot"), "createRedirects", MADE, redirects=asked, meta={"bot": True})
    assert [(one["sourceId"], one["targetId"]) for one in answer["outcomes"]] == pairs
    found = [one["result"] for one in answer["outcomes"]]
    unfit = {"__typename": "EditRefused", "code": "redirect_target_unfit"}
    assert found == [
        {"__typename": "Edited", "revisionId": 3},
        {**unfit, "why": "redirect", "targetId": "Q1"},
        {"__typename": "EditRefused", "code": "protected", "why": "locked", "targetId": None},
        {**unfit, "why": "itself", "targetId": "Q5"},
        {"__typename": "EditRefused", "code": "entity_not_found", "why": None, "targetId": None},
        {"__typename": "Edited", "revisionId": 3},
        {**unfit, "why": "redirect", "targetId": "Q2"},
    ]
    assert (await newest(people))["bot"] is True
    assert await findings(stores) == []


async def test_a_batch_of_redirects_has_a_bound(people: People) -> None:
    """W8."""
    pair = {"source": "Q1", "target": "Q5"}
    bot = people.one("bot")
    assert await faults(bot, "createRedirects", redirects=[pair] * 101) == [("/redirects", "too_many")]
    assert await made(bot, "createRedirects", MADE, redirects=[]) == {"outcomes": []}


async def test_what_is_told_of_a_batch_is_refused_once(people: People, stores: Stores) -> None:
    """W9, W10: before anything is done."""
    await bring(stores, "Q5", "ordinary")
    pair = {"source": "Q1", "target": "Q5"}
    long = {"summary": "x" * 501}
    assert await faults(people.one("bot"), "createRedirects", redirects=[pair], meta=long) == [
        ("/summary", "value_too_long")
    ]
    given = {"ids": ["Q5"], "reason": "x", "dryRun": False, "meta": {"bot": True}}
    forbidden = ("RequestRefused", "forbidden", None)
    assert await ended(people.one("deleter"), "deleteEntities", **given) == forbidden
    assert await stores.metadata.deletion_request(EntityId("Q5")) is None
    assert await head_of(stores, "Q5") == 2
