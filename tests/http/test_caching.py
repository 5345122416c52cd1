"""What may be kept of an answer, for how long and by whom; what was taken away is told at the next question (I10, W7)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import Settings
from storage.edits import Base
from storage.ports import Stores
from tests.access.issuing import Pair, bearing, edwards, settings_for, token
from tests.builders import an_item
from tests.commit.making import edit, make
from tests.places import Embedded
from tests.serving import Asking, served, served_by_command

OF_A_REVISION = '{item(id: "Q1", revisionId: 1) {label(languageCode: "en") statements {hash}}}'
OF_NOW = '{item(id: "Q1") {label(languageCode: "en")}}'
DELETE = 'mutation {hardDeleteEntity(input: {id: "Q1", reason: "a demand"}) {__typename}}'
ERASE = 'mutation {eraseRevisions(input: {id: "Q1", revisionIds: [1], reason: "a demand"}) {__typename}}'
FOR_A_MINUTE = "max-age=60, must-revalidate"


async def two_revisions(stores: Stores) -> None:
    item = an_item("Q1").with_label("en", "old").with_statement("P1", string="x")
    await make(stores, edit(item, Base.NOTHING), edit(item.with_label("en", "new"), 1))


@pytest.fixture
def data(embedded: Embedded, tmp_path: Path) -> Path:
    return embedded.copy(embedded.filled(two_revisions), tmp_path / "data").data


@pytest.fixture
async def here(data: Path) -> AsyncIterator[Asking]:
    async with served(Settings(data=data)) as asking:
        yield asking


async def get(here: Asking, query: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await here.client.get("/graphql", params={"query": query}, headers=named)


async def test_an_answer_that_is_bound_to_a_revision_may_be_kept_for_a_while(here: Asking) -> None:
    reply = await get(here, OF_A_REVISION)
    assert reply.headers["cache-control"] == f"public, {FOR_A_MINUTE}"
    assert reply.headers["etag"].startswith('W/"')


async def test_an_answer_of_now_is_asked_for_each_time(here: Asking) -> None:
    reply = await get(here, OF_NOW)
    assert reply.headers["cache-control"] == "private, no-cache"
    assert reply.headers["etag"].startswith('W/"')


@pytest.mark.parametrize("query", [OF_A_REVISION, OF_NOW])
async def test_who_has_the_answer_is_told_so_and_not_sent_it(here: Asking, query: str) -> None:
    first = await get(here, query)
    tag = first.headers["etag"]
    for known in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
        again = await get(here, query, if_none_match=known)
        assert (again.status_code, again.content) == (304, b"")
        for name in ("etag", "cache-control", "vary"):
            assert again.headers[name] == first.headers[name]
    assert (await get(here, query, if_none_match='W/"x"')).status_code == 200


async def test_an_edit_makes_another_answer_of_now_and_leaves_that_of_the_revision(here: Asking) -> None:
    now, then = [(await get(here, query)).headers["etag"] for query in (OF_NOW, OF_A_REVISION)]
    entity = an_item("Q1").with_label("en", "newest").with_statement("P1", string="x").json()
    await here.data(
        'mutation ($e: Json!) {editEntity(input: {id: "Q1", baseRevisionId: 2, entity: $e}) {... on Edited {revisionId}}}',
        e=entity,
    )
    assert (await get(here, OF_NOW, if_none_match=now)).status_code == 200
    assert (await get(here, OF_A_REVISION, if_none_match=then)).status_code == 304


@pytest.mark.parametrize(("taking_away", "code"), [(DELETE, "gone"), (ERASE, "erased")])
async def test_what_was_taken_away_is_not_said_to_be_as_it_was(
    here: Asking, taking_away: str, code: str
) -> None:
    """I10"""
    tag = (await get(here, OF_A_REVISION)).headers["etag"]
    assert "errors" not in await here(taking_away)
    reply = await get(here, OF_A_REVISION, if_none_match=tag)
    assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-store")
    assert {error["extensions"]["code"] for error in reply.json()["errors"]} == {code}
    assert (await get(here, OF_A_REVISION, if_none_match="*")).status_code == 200


@pytest.mark.parametrize(
    "query",
    ['{item(id: "Q7", revisionId: 1) {id}}', '{item(id: "Q1", revisionId: 7) {id}}', "{", "{nothing}"],
)
async def test_an_answer_with_errors_is_not_kept(here: Asking, query: str) -> None:
    """The entity may be there a moment later."""
    reply = await get(here, query, if_none_match="*")
    assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-store")
    assert "etag" not in reply.headers


async def test_what_was_posted_is_not_kept(here: Asking) -> None:
    reply = await here.client.post("/graphql", json={"query": OF_A_REVISION}, headers={"if-none-match": "*"})
    assert (reply.json()["data"]["item"]["label"], reply.headers["cache-control"]) == ("old", "no-store")


async def test_answers_of_two_types_have_two_tags(here: Asking) -> None:
    newer = {"accept": "application/graphql-response+json"}
    tags = [(await get(here, OF_NOW, **headers)).headers["etag"] for headers in ({}, newer)]
    assert tags[0] != tags[1]


async def test_caches_ask_each_time_where_that_is_set(data: Path) -> None:
    async with served(Settings(data=data, keep_revisions_seconds=0)) as here:
        assert (await get(here, OF_A_REVISION)).headers["cache-control"] == "private, no-cache"


async def test_what_is_answered_to_a_token_is_for_its_bearer_alone(data: Path) -> None:
    pair: Pair = edwards()
    async with served(settings_for(data.parent, pair)) as here:
        anybody = await get(here, OF_A_REVISION)
        bearer = await get(here, OF_A_REVISION, **bearing(token(pair)))
    assert anybody.headers["cache-control"] == f"public, {FOR_A_MINUTE}"
    assert bearer.headers["cache-control"] == f"private, {FOR_A_MINUTE}"
    for reply in (anybody, bearer):
        assert {"Accept", "Accept-Encoding", "Authorization"} <= set(reply.headers["vary"].split(", "))


@pytest.fixture
def address(data: Path) -> Iterator[str]:
    with served_by_command(data) as address:
        yield address


def test_over_a_socket_a_304_ends_where_it_should(address: str) -> None:
    """On one connection: what follows an answer without a body is the next answer."""
    with httpx.Client() as client:
        asked: dict[str, Any] = {"params": {"query": OF_A_REVISION}}
        tag = client.get(address, **asked).headers["etag"]
        statuses = [
            client.get(address, **asked, headers={"if-none-match": tag}).status_code for _ in range(3)
        ]
        assert statuses == [304, 304, 304]
        assert client.post(address, json={"query": DELETE}).json()["data"]
        after = client.get(address, **asked, headers={"if-none-match": tag})
    assert after.json()["errors"][0]["extensions"]["code"] == "gone"
