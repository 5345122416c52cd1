"""After a hard deletion no path returns the content: at once, from every process, whatever it has read before (I10, Q7)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings
from storage.canonical import hash64
from storage.changes import HardDelete
from storage.edits import Base
from storage.ports import Stores
from tests.builders import a_body, a_lexeme, a_statement_id, an_item
from tests.commit.making import edit, make, redirect
from tests.graph.over import settle, told
from tests.graph.states.asking import made
from tests.lives import LATER, changed
from tests.places import Places
from tests.serving import Asking, served

SECRET = str(hash64(a_body("P1", string="secret").canonical))
SHARED = str(hash64(a_body("P1", string="shared").canonical))
OF_Q1 = a_statement_id("Q1", 1)


async def secrets(stores: Stores) -> None:
    """An item and a lexeme with secrets, among others that say the same, name them, and redirect to them."""
    await make(stores, edit(an_item("Q5").with_label("en", "five"), Base.NOTHING))
    item = an_item("Q1").with_label("en", "secret").with_sitelink("enwiki", "secret")
    item = item.with_statement("P1", string="secret").with_statement("P1", string="shared")
    item = item.with_statement("P2", item="Q5")
    last = item.with_description("en", "a secret")
    await make(stores, edit(item, Base.NOTHING), edit(last, 1, edit_type="odd"))
    lexeme = (
        a_lexeme("L1").with_lemma("en", "secret").with_form(1, text="secret").with_sense(1, text="secret")
    )
    lexeme = lexeme.with_part_statement("L1-F1", "P1", string="secret")
    await make(stores, edit(lexeme, Base.NOTHING))
    others = (
        an_item("Q2").with_statement("P1", string="shared"),
        an_item("Q3").with_statement("P2", item="Q1"),
    )
    await make(stores, *(edit(other, Base.NOTHING) for other in others))
    await make(stores, edit(an_item("Q4"), Base.NOTHING), redirect("Q4", "Q1", 1))
    await make(stores, edit(an_item("Q6"), Base.NOTHING), redirect("Q6", "Q5", 1))
    await settle(stores)


GONE = {"Q1", "L1", "Q6"}
"""Those who are deleted."""
ALL = '__typename ... on Item {label(languageCode: "en") sitelinks {title} json}'
ITSELF: dict[str, tuple[str, str]] = {
    "entity": (f'entity(id: "Q1") {{{ALL}}}', "gone"),
    "entity of a revision": (f'entity(id: "Q1", revisionId: 1) {{{ALL}}}', "gone"),
    "entity that is not followed": (f'entity(id: "Q1", followRedirects: false) {{{ALL}}}', "gone"),
    "entity behind a redirect": (f'entity(id: "Q4") {{{ALL}}}', "gone"),
    "entities": (f'entities(ids: ["Q1"]) {{{ALL}}}', "gone"),
    "item": ('item(id: "Q1") {label(languageCode: "en")}', "gone"),
    "item of a revision": ('item(id: "Q1", revisionId: 2) {description(languageCode: "en")}', "gone"),
    "lexeme": ('lexeme(id: "L1") {lemmas {value}}', "gone"),
    "node": ('node(id: "Q1") {... on Item {label(languageCode: "en")}}', "gone"),
    "form": ('node(id: "L1-F1") {... on Form {representations {value}}}', "gone"),
    "sense": ('node(id: "L1-S1") {... on Sense {glosses {value}}}', "gone"),
    "revision": (
        'revision(id: "Q1", revisionId: 1) {entity {... on Item {label(languageCode: "en")}}}',
        "gone",
    ),
    "snapshot of a revision": ('revision(id: "Q1", revisionId: 1) {snapshot {json}}', "gone"),
    "snapshots": ('snapshots(revisions: [{id: "Q1", revisionId: 1}]) {json}', "gone"),
    "snapshot of the head": ('snapshots(revisions: [{id: "Q1"}]) {entity}', "gone"),
    "statement": (f'statement(hash: "{SECRET}") {{json}}', "statement_not_found"),
    "statements": (f'statements(hashes: ["{SECRET}"]) {{json}}', "statement_not_found"),
    "statement by its id": (f'statementById(id: "{OF_Q1}") {{json}}', "gone"),
}
"""What leads to the content, and why it does so no longer."""
AROUND: dict[str, tuple[str, str]] = {
    "revisions of all": ("revisions {nodes {entityId entity {json}}}", '"entityId": "Q1"'),
    "revisions of a type": ('revisions(filter: {editType: "odd"}) {nodes {entityId}}', '"entityId": "Q1"'),
    "list of a type": ('listedEntities(editType: "odd") {nodes {entityId entity {id}}}', '"entityId": "Q1"'),
    "list of redirects": ("listedEntities(status: REDIRECT) {nodes {entityId}}", '"entityId": "Q6"'),
    "most used statements": ("mostUsedStatements(minCount: 1) {nodes {json}}", '"secret"'),
    "least used statements": (
        "mostUsedStatements(minCount: 1, order: LEAST_FIRST) {nodes {json}}",
        '"secret"',
    ),
    "holders": (f'statement(hash: "{SHARED}") {{holders {{nodes {{id}}}}}}', '"id": "Q1"'),
    "holders by statements": (
        f'statements(hashes: ["{SHARED}"]) {{holders {{nodes {{{ALL}}}}}}}',
        '"secret"',
    ),
    "backlinks": ('entity(id: "Q5") {backlinks {nodes {entityId}}}', '"entityId": "Q1"'),
    "what refers": ('entity(id: "Q5") {backlinks {nodes {entity {id} statement {hash}}}}', '"id": "Q1"'),
    "redirects": ('entity(id: "Q5") {redirects {nodes {sourceId}}}', '"sourceId": "Q6"'),
    "link": (
        'item(id: "Q3") {statements {value {... on ItemValue {label(languageCode: "en")}}}}',
        '"secret"',
    ),
    "entity behind a link": (
        'item(id: "Q3") {statements {value {... on ItemValue {item {json}}}}}',
        '"secret"',
    ),
}
"""What others tell of it, and the words in which they do; no error comes of it."""


@pytest.fixture
def place(places: Places, tmp_path: Path) -> Settings:
    """A place with the secrets."""
    return places.copy(places.filled(secrets), tmp_path / "data")


@pytest.fixture
async def two(place: Settings) -> AsyncIterator[tuple[Asking, Asking]]:
    """Two servers over the same place, of which neither knows of the other."""
    async with AsyncExitStack() as stack:
        yield (await stack.enter_async_context(served(place)), await stack.enter_async_context(served(place)))


async def delete(ask: Asking) -> None:
    """Hard-delete them all."""
    for name in sorted(GONE):
        await made(ask, "hardDeleteEntity", "revisionId", id=name, reason="a demand")


async def heard(ask: Asking) -> dict[str, tuple[str, list[str]]]:
    """What is said on each path, and the codes of its errors."""
    found = {}
    for name, (query, _) in {**ITSELF, **AROUND}.items():
        answer = await ask(f"{{it: {query}}}")
        found[name] = json.dumps(answer["data"]), [code for code, _ in told(answer)]
    return found


async def test_what_is_gone_is_gone_on_every_path_for_every_server(two: tuple[Asking, Asking]) -> None:
    """I10, Q7: in the answer to the very next request, with all that was said before in the caches of both."""
    here, there = two
    for ask in two:
        for name, (text, codes) in (await heard(ask)).items():
            assert codes == [], name
            assert ("secret" if name in ITSELF else AROUND[name][1]) in text, name
    await delete(here)
    for ask in (there, here):
        after = await heard(ask)
        for name, (_, code) in ITSELF.items():
            text, codes = after[name]
            assert ("secret" in text, codes) == (False, [code]), name
        for name, (_, words) in AROUND.items():
            text, codes = after[name]
            assert (words in text, "secret" in text, codes) == (False, False, []), name


async def test_it_is_gone_before_anything_is_derived(stores: Stores, graph: Asking) -> None:
    """I10: who named it, who led to it and what it held are still noted, and no longer told."""
    await secrets(stores)
    await make(stores, *(changed(name, HardDelete("a demand", LATER)) for name in sorted(GONE)))
    after = await heard(graph)
    assert {name: codes for name, (_, codes) in after.items() if name in ITSELF} == {
        name: [code] for name, (_, code) in ITSELF.items()
    }
    for name, (_, words) in AROUND.items():
        text, codes = after[name]
        assert (words in text, "secret" in text, codes) == (False, False, []), name


async def test_what_others_hold_is_there_as_before(two: tuple[Asking, Asking]) -> None:
    """I10: no other entity lost a statement, and who named what is gone still names it."""
    here, there = two
    query = f"""{{
      statement(hash: "{SHARED}") {{json holders {{nodes {{id}}}}}}
      entities(ids: ["Q2", "Q3", "Q5"]) {{json}}
      item(id: "Q3") {{statements {{value {{... on ItemValue {{id status}}}}}}}}
    }}"""
    before: Any = await here.data(query)
    await delete(here)
    after = await there.data(query)
    assert after["entities"] == before["entities"]
    assert after["statement"]["json"] == before["statement"]["json"]
    assert after["statement"]["holders"]["nodes"] == [{"id": "Q2"}]
    assert after["item"]["statements"] == [{"value": {"id": "Q1", "status": "GONE"}}]


async def test_what_came_back_is_there_on_every_path_again(two: tuple[Asking, Asking]) -> None:
    """W7: as it was, but for the list of the edit type of its latest revision, and what was a redirect."""
    here, there = two
    before = await heard(there)
    await delete(here)
    for name in sorted(GONE):
        await made(there, "restoreDeletedEntity", "revisionId", id=name, reason="an error")
    after = await heard(there)
    other = {"list of a type", "list of redirects", "redirects", "revisions of all", "snapshot of the head"}
    same = {name for name in before if before[name] == after[name]}
    assert set(before) - same <= other
    assert '"entityId": "Q1"' in after["revisions of all"][0]
