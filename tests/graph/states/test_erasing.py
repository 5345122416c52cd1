"""Erasure: what it needs, what it answers, and how readers are told of what is not there any more (W7)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from app.access import EVERYBODY
from app.asked import Asked
from app.execution import answers
from storage.canonical import hash64
from storage.edits import Base
from storage.port_erasing import ErasuresPage
from storage.ports import Stores
from tests.builders import a_body, a_lexeme, an_item
from tests.commit.making import edit, head_of, make
from tests.commit.test_older import WRITERS, write_1_0_0, write_1_2_0
from tests.graph.over import app_over, served_over, settle, told
from tests.graph.states.asking import document, faults
from tests.graph.states.people import People
from tests.graph.states.test_made import begun
from tests.serving import Asking

ERASING: dict[str, dict[str, Any]] = {
    "eraseStatement": {"hash": "1"},
    "eraseRevisions": {"id": "Q1", "revisionIds": [1]},
}
REASONS = {"": "missing_field", " \n": "missing_field", "x" * 501: "value_too_long"}


@pytest.mark.parametrize("reason", REASONS, ids=["empty", "blank", "long"])
@pytest.mark.parametrize("name", ERASING)
async def test_who_erases_says_why(people: People, stores: Stores, name: str, reason: str) -> None:
    """W7."""
    await begun(stores, "ordinary")
    found = await faults(people.one("administrator"), name, **ERASING[name], reason=reason)
    assert found == [("/reason", REASONS[reason])]
    assert await stores.metadata.erasures(ErasuresPage(10)) == []


@pytest.mark.parametrize("revisions", [[], list(range(1, 102))], ids=["none", "many"])
async def test_all_that_is_wrong_is_told_at_once(people: People, revisions: list[int]) -> None:
    """W7, W10."""
    given = {"id": "Q1", "revisionIds": revisions, "reason": ""}
    found = await faults(people.one("administrator"), "eraseRevisions", **given)
    assert found == [("/reason", "missing_field"), ("/revisionIds", "out_of_range")]


WHY = {**ERASING, "deleteEntity": {"id": "Q1"}}
UNWRITABLE = "\ud83d"


@pytest.mark.parametrize("name", WHY)
async def test_a_reason_that_can_not_be_written_is_refused(stores: Stores, name: str) -> None:
    """W7, W10: however it came; bytes that are no UTF-8 and JSON with half a character are refused before."""
    await begun(stores, "ordinary")
    asked = document(name, "... on EditInvalid {code faults {pointer code}}")
    async with app_over(stores) as app:
        given = Asked(asked, {"input": {**WHY[name], "reason": UNWRITABLE}})
        answer = await anext(answers(app.state, given, EVERYBODY))
    fault = {"pointer": "/reason", "code": "invalid_unicode"}
    assert answer == {"data": {"it": {"code": "invalid", "faults": [fault]}}}
    assert await head_of(stores, "Q1") == 2


async def test_what_can_not_be_written_under_a_key_is_no_fault_of_an_entity(stores: Stores) -> None:
    """W10, I13: the digest of the request is the first that needs it written."""
    await begun(stores, "ordinary")
    asked = document("deleteEntity", "... on EditInvalid {code faults {pointer code}}")
    given = {"id": "Q1", "reason": UNWRITABLE, "meta": {"idempotencyKey": "k1"}}
    async with app_over(stores) as app:
        answer = await anext(answers(app.state, Asked(asked, {"input": given}), EVERYBODY))
    faults = [{"pointer": "", "code": "invalid_unicode"}]
    assert answer == {"data": {"it": {"code": "invalid", "faults": faults}}}


# What readers are told


def hash_of(property_id: str, **value: str) -> str:
    return str(hash64(a_body(property_id, **value).canonical))


BAD = hash_of("P1", string="bad")
TOLD = "erasedStatementHashes revision {erasedStatementHashes}"


@pytest.fixture
async def ask(stores: Stores) -> AsyncIterator[Asking]:
    """Ask stores that have a key by which what is erased is known again."""
    async with served_over(replace(stores, erasure_key=b"a secret")) as asking:
        yield asking


async def erase(ask: Asking, statement: str) -> None:
    asked = document("eraseStatement", "... on Erased {done}")
    found = await ask.data(asked, input={"hash": statement, "reason": "a court"})
    assert found == {"it": {"done": True}}


async def test_who_holds_what_was_erased_says_so(ask: Asking, stores: Stores) -> None:
    """W7: its JSON is without it and can't; of a list whose content is not asked for nothing else would tell."""
    item = an_item("Q1").with_statement("P1", string="a").with_statement("P1", string="bad")
    item = item.with_statement("P2", string="b")
    await make(stores, edit(item, Base.NOTHING), edit(item.with_label("en", "later"), 1))
    await settle(stores)
    assert (await ask.data(f'{{entity(id: "Q1") {{{TOLD}}}}}'))["entity"] == {
        "erasedStatementHashes": [],
        "revision": {"erasedStatementHashes": []},
    }
    await erase(ask, BAD)
    found = await ask.data(
        """{entity(id: "Q1") {
          json statementHashes all: erasedStatementHashes
          first: erasedStatementHashes(properties: ["P1"]) second: erasedStatementHashes(properties: ["P2"])
          history {nodes {revisionId erasedStatementHashes}}
        }}"""
    )
    entity = found["entity"]
    assert [len(group) for group in entity["json"]["claims"].values()] == [1, 1]
    assert len(entity["statementHashes"]) == 3
    assert (entity["all"], entity["first"], entity["second"]) == ([BAD], [BAD], [])
    assert entity["history"]["nodes"] == [
        {"revisionId": number, "erasedStatementHashes": [BAD]} for number in (2, 1)
    ]


async def test_a_form_tells_of_its_own(ask: Asking, stores: Stores) -> None:
    """W7."""
    lexeme = a_lexeme("L1").with_form(1).with_part_statement("L1-F1", "P1", string="bad")
    await make(stores, edit(lexeme, Base.NOTHING))
    await settle(stores)
    await erase(ask, BAD)
    query = '{lexeme(id: "L1") {erasedStatementHashes forms {erasedStatementHashes}}}'
    assert (await ask.data(query))["lexeme"] == {
        "erasedStatementHashes": [],
        "forms": [{"erasedStatementHashes": [BAD]}],
    }


@pytest.mark.parametrize("write", WRITERS)
async def test_an_older_revision_tells_it_too(ask: Asking, stores: Stores, write: Any) -> None:
    """W7, S8: one that holds its statements itself is erased as a whole; in the others each has its error."""
    await write(stores)
    kept, inline = hash_of("P1", string="kept"), write is write_1_0_0
    if inline:
        await make(stores, edit(an_item("Q7").with_statement("P1", string="kept"), Base.NOTHING))
        await settle(stores)
    await erase(ask, kept)
    answer = await ask('{entity(id: "Q42") {json erasedStatementHashes statements {value {__typename}}}}')
    entity = answer["data"]["entity"]
    assert entity["erasedStatementHashes"] == ([] if inline else [kept])
    assert set(entity["json"]["claims"]) == ({"P1", "P2"} if inline else {"P2"})
    # A list that does not say of what property its statements are is shorter by those that nobody can read.
    in_place = [["entity", "statements", 1]] if write is write_1_2_0 else []
    assert told(answer) == [("erased", path) for path in in_place]
    of_one = await ask.data('{entity(id: "Q42") {erasedStatementHashes(properties: ["P1"])}}')
    assert of_one["entity"]["erasedStatementHashes"] == ([kept] if write is write_1_2_0 else [])
