"""Redirects: followed and told, refused where they lead nowhere, and listed from their target (Q5)."""

from __future__ import annotations

from typing import Any

import pytest

from storage.changes import EndRedirect
from storage.edits import Base
from storage.ports import Stores
from tests.builders import an_item
from tests.commit.making import edit, make, redirect
from tests.graph.over import all_pages, hard_delete, redirect_rows, settle, told
from tests.lives import changed
from tests.serving import Asking

ENTITY = "query ($id: EntityId!) {entity(id: $id) {id redirectedFrom}}"
CHAIN = [f"Q{number}" for number in range(1, 8)]


@pytest.fixture
async def redirected(stores: Stores, graph: Asking) -> Asking:
    """Q1 redirects to Q2, which has a label and a statement."""
    target = an_item("Q2").with_label("en", "there").with_statement("P1")
    await make(stores, edit(target, Base.NOTHING))
    await make(
        stores, edit(an_item("Q1").with_label("en", "was here"), Base.NOTHING), redirect("Q1", "Q2", 1)
    )
    await settle(stores)
    return graph


async def test_a_redirect_is_followed_and_said_so(redirected: Asking) -> None:
    """Q5"""
    query = """query ($id: EntityId!) {
      entity(id: $id) {...E} item(id: $id) {...E} entities(ids: [$id]) {...E}
    }
    fragment E on Entity {
      id redirectedFrom revisionId revision {entityId isRedirect}
      statements {propertyId} ... on LabelProvider {label(languageCode: "en")}
    }"""
    expected = {
        "id": "Q2",
        "redirectedFrom": ["Q1"],
        "revisionId": 1,
        "revision": {"entityId": "Q2", "isRedirect": False},
        "statements": [{"propertyId": "P1"}],
        "label": "there",
    }
    data = await redirected.data(query, id="q1")
    assert data == {"entity": expected, "item": expected, "entities": [expected]}


async def test_what_no_redirect_led_to_says_so(redirected: Asking) -> None:
    """Q5: also beside one to which a redirect led."""
    query = '{entities(ids: ["Q2", "Q1", "Q2"]) {id redirectedFrom}}'
    assert (await redirected.data(query))["entities"] == [
        {"id": "Q2", "redirectedFrom": []},
        {"id": "Q2", "redirectedFrom": ["Q1"]},
        {"id": "Q2", "redirectedFrom": []},
    ]


async def test_a_redirect_itself_is_shown_if_it_is_asked_for(redirected: Asking) -> None:
    """Q5"""
    query = """{entity(id: "Q1", followRedirects: false) {
      id redirectedFrom revisionId properties statements {hash}
      revision {isRedirect redirectsTo editType}
      ... on Item {label(languageCode: "en") sitelinks {title}}
    }}"""
    assert (await redirected.data(query))["entity"] == {
        "id": "Q1",
        "redirectedFrom": [],
        "revisionId": 2,
        "properties": [],
        "statements": [],
        "revision": {"isRedirect": True, "redirectsTo": "Q2", "editType": "redirect-create"},
        "label": None,
        "sitelinks": [],
    }


@pytest.mark.parametrize(("number", "label"), [(1, "was here"), (2, None)])
async def test_a_revision_of_a_redirect_is_shown_and_not_followed(
    redirected: Asking, number: int, label: str | None
) -> None:
    """Q1, Q5: who names a revision means that one."""
    query = """query ($n: Int) {item(id: "Q1", revisionId: $n) {
      id redirectedFrom revisionId label(languageCode: "en") revision {isRedirect}
    }}"""
    assert (await redirected.data(query, n=number))["item"] == {
        "id": "Q1",
        "redirectedFrom": [],
        "revisionId": number,
        "label": label,
        "revision": {"isRedirect": number == 2},
    }


async def test_the_snapshot_of_a_redirect_is_its_own(redirected: Asking) -> None:
    """Q1, Q5"""
    query = '{snapshots(revisions: [{id: "Q1"}]) {key json}}'
    (found,) = (await redirected.data(query))["snapshots"]
    assert found["key"].endswith("Q1/2.json")
    assert found["json"]["redirects_to"] == "Q2"


async def test_only_a_redirect_tells_where_it_redirects_to(redirected: Asking) -> None:
    """Q5, S8: each revision for itself."""
    query = '{entity(id: "Q1", followRedirects: false) {history {nodes {revisionId isRedirect redirectsTo}}}}'
    assert (await redirected.data(query))["entity"]["history"]["nodes"] == [
        {"revisionId": 2, "isRedirect": True, "redirectsTo": "Q2"},
        {"revisionId": 1, "isRedirect": False, "redirectsTo": None},
    ]


@pytest.mark.parametrize("hops", [1, 2, 5])
async def test_up_to_five_redirects_are_followed(stores: Stores, graph: Asking, hops: int) -> None:
    """Q5: and all are told, in order."""
    end = CHAIN[hops]
    await make(stores, edit(an_item(end), Base.NOTHING))
    await redirect_rows(stores, *CHAIN[: hops + 1])
    assert await graph.data(ENTITY, id="Q1") == {"entity": {"id": end, "redirectedFrom": CHAIN[:hops]}}


async def test_the_sixth_redirect_is_refused(stores: Stores, graph: Asking) -> None:
    """Q5: with the way that was gone; from the second on it is short enough."""
    await make(stores, edit(an_item("Q7"), Base.NOTHING))
    await redirect_rows(stores, *CHAIN)
    answer = await graph(ENTITY, id="Q1")
    assert (answer["data"], told(answer)) == ({"entity": None}, [("redirect_unresolved", ["entity"])])
    assert answer["errors"][0]["extensions"]["via"] == CHAIN
    assert answer["errors"][0]["extensions"]["entityId"] == "Q1"
    assert (await graph.data(ENTITY, id="Q2"))["entity"]["id"] == "Q7"


@pytest.mark.parametrize("circle", [["Q1", "Q1"], ["Q1", "Q2", "Q1"], ["Q1", "Q2", "Q3", "Q2"]])
async def test_a_circle_of_redirects_is_refused(stores: Stores, graph: Asking, circle: list[str]) -> None:
    """Q5, I11: it should not be, but a reader must come to an end."""
    await redirect_rows(stores, *circle)
    answer = await graph(ENTITY, id="Q1")
    assert (answer["data"], told(answer)) == ({"entity": None}, [("redirect_unresolved", ["entity"])])
    assert answer["errors"][0]["extensions"]["via"] == circle
    itself = '{entity(id: "Q1", followRedirects: false) {id revision {isRedirect}}}'
    assert (await graph.data(itself))["entity"] == {"id": "Q1", "revision": {"isRedirect": True}}


async def test_many_are_followed_each_its_own_way(stores: Stores, graph: Asking) -> None:
    """Q1, Q5: one that leads nowhere does not keep the others."""
    await make(stores, edit(an_item("Q4"), Base.NOTHING))
    await redirect_rows(stores, "Q1", "Q2", "Q3", "Q4")
    await redirect_rows(stores, "Q5", "Q6", "Q5")
    await redirect_rows(stores, "Q7", "Q77")
    query = "query ($ids: [EntityId!]!) {entities(ids: $ids) {id redirectedFrom}}"
    answer = await graph(query, ids=["Q5", "Q1", "Q7", "Q3", "Q4", "Q1", "Q6"])
    assert answer["data"]["entities"] == [
        None,
        {"id": "Q4", "redirectedFrom": ["Q1", "Q2", "Q3"]},
        None,
        {"id": "Q4", "redirectedFrom": ["Q3"]},
        {"id": "Q4", "redirectedFrom": []},
        {"id": "Q4", "redirectedFrom": ["Q1", "Q2", "Q3"]},
        None,
    ]
    assert told(answer) == [
        ("entity_not_found", ["entities", 2]),
        ("redirect_unresolved", ["entities", 0]),
        ("redirect_unresolved", ["entities", 6]),
    ]


async def test_a_redirect_to_what_is_not_here_names_what_is_not_here(stores: Stores, graph: Asking) -> None:
    """Q5, Q7: the redirect itself can still be looked at."""
    await make(stores, edit(an_item("Q3"), Base.NOTHING))
    await hard_delete(stores, "Q3")
    await redirect_rows(stores, "Q1", "Q77")
    await redirect_rows(stores, "Q2", "Q3")
    for source, code, target in (("Q1", "entity_not_found", "Q77"), ("Q2", "gone", "Q3")):
        answer = await graph(ENTITY, id=source)
        assert told(answer) == [(code, ["entity"])]
        assert answer["errors"][0]["extensions"]["entityId"] == target
        query = f'{{entity(id: "{source}", followRedirects: false) {{id}}}}'
        assert await graph.data(query) == {"entity": {"id": source}}


async def test_links_lead_through_redirects_to_statements(stores: Stores, redirected: Asking) -> None:
    """Q5, Q8: and through chains, and into circles, where they end."""
    await redirect_rows(stores, "Q20", "Q1")
    await redirect_rows(stores, "Q21", "Q21")
    item = an_item("Q30")
    for named in ("Q1", "Q20", "Q21"):
        item = item.with_statement("P1", item=named)
    await make(stores, edit(item, Base.NOTHING))
    query = """{item(id: "Q30") {statements {value {... on ItemValue {
      id status label(languageCode: "en") item {id redirectedFrom statements {propertyId}}
    }}}}}"""
    found = [one["value"] for one in (await redirected.data(query))["item"]["statements"]]
    there: dict[str, Any] = {"id": "Q2", "statements": [{"propertyId": "P1"}]}
    assert found == [
        {
            "id": "Q1",
            "status": "REDIRECTED",
            "label": "there",
            "item": {**there, "redirectedFrom": ["Q1"]},
        },
        {
            "id": "Q20",
            "status": "REDIRECTED",
            "label": "there",
            "item": {**there, "redirectedFrom": ["Q20", "Q1"]},
        },
        {"id": "Q21", "status": "UNRESOLVED", "label": None, "item": None},
    ]


# From the target

INCOMING = """query ($first: Int!, $after: String) {entity(id: "Q1") {
  redirectCount
  redirects(first: $first, after: $after) {
    nodes {sourceId targetId createdBy createdAt} pageInfo {hasNextPage endCursor}
  }
}}"""


@pytest.fixture
async def many(stores: Stores, graph: Asking) -> Asking:
    """Thirteen redirects lead to Q1, one leads to Q101."""
    await make(stores, edit(an_item("Q1"), Base.NOTHING))
    for number in range(101, 114):
        await make(stores, edit(an_item(f"Q{number}"), Base.NOTHING), redirect(f"Q{number}", "Q1", 1))
    await make(stores, edit(an_item("Q9"), Base.NOTHING), redirect("Q9", "Q101", 1, revives=True))
    await settle(stores)
    return graph


@pytest.mark.parametrize("size", [1, 5, 13, 100])
async def test_incoming_redirects_are_paged_without_gap_or_repeat(many: Asking, size: int) -> None:
    """Q5, Q10"""
    nodes = await all_pages(many, INCOMING, ["entity", "redirects"], size)
    assert [one["sourceId"] for one in nodes] == [f"Q{number}" for number in range(101, 114)]
    assert {(one["targetId"], one["createdBy"]) for one in nodes} == {("Q1", "Alice")}


async def test_a_redirect_that_comes_while_paging_is_neither_lost_nor_repeated(
    stores: Stores, many: Asking
) -> None:
    """Q10"""
    found = (await many.data(INCOMING, first=5))["entity"]["redirects"]
    for number in (100, 200):  # one sorts before the page, one behind it
        await make(stores, edit(an_item(f"Q{number}"), Base.NOTHING), redirect(f"Q{number}", "Q1", 1))
    await settle(stores)
    rest = (await many.data(INCOMING, first=100, after=found["pageInfo"]["endCursor"]))["entity"]["redirects"]
    names = [one["sourceId"] for one in [*found["nodes"], *rest["nodes"]]]
    assert names == [*(f"Q{number}" for number in range(101, 114)), "Q200"]


async def test_incoming_redirects_are_counted(many: Asking) -> None:
    """Q5: direct ones; of each target its own."""
    query = '{entities(ids: ["Q1", "Q9"]) {id redirectCount} redirect: entity(id: "Q101", followRedirects: false) {redirectCount}}'
    assert await many.data(query) == {
        "entities": [{"id": "Q1", "redirectCount": 13}, {"id": "Q1", "redirectCount": 13}],
        "redirect": {"redirectCount": 1},
    }


async def test_what_is_no_redirect_any_more_is_not_counted(stores: Stores, many: Asking) -> None:
    """Q5: it was given its content again."""
    await make(stores, changed("Q105", EndRedirect(1, "an error")))
    await settle(stores)
    nodes = await all_pages(many, INCOMING, ["entity", "redirects"], 100)
    assert "Q105" not in [one["sourceId"] for one in nodes]
    assert (await many.data(INCOMING, first=1))["entity"]["redirectCount"] == 12
    assert (await many.data(ENTITY, id="Q105"))["entity"] == {"id": "Q105", "redirectedFrom": []}


async def test_a_redirect_that_is_gone_leads_nowhere(stores: Stores, many: Asking) -> None:
    """Q7, I10: asked for, it is gone and not followed."""
    await hard_delete(stores, "Q105")
    assert told(await many(ENTITY, id="Q105")) == [("gone", ["entity"])]
