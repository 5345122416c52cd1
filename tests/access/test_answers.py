"""What HTTP answers to credentials of all kinds, and under whose name an edit is kept (O3, W9)."""

from __future__ import annotations

import logging
import shutil
import time
from pathlib import Path

import httpx
import pytest

from app.compose import open_embedded
from storage import relay, times
from tests.access.issuing import LEEWAY, Pair, bearing, by_hand, claims_of, edwards, settings_for, token
from tests.serving import Asking, served

QUERY = '{entity(id: "Q1") {id}}'
CREATE = 'mutation {createEntity(input: {entity: {type: "item"}}) {... on Edited {entityId} ... on Refusal {code}}}'

CREATED_BY = "query ($id: EntityId!) {entity(id: $id) {revision {createdBy}}}"


async def post(here: Asking, *authorizations: str, query: str = QUERY) -> httpx.Response:
    headers = [("authorization", one) for one in authorizations]
    return await here.client.post("/graphql", json={"query": query}, headers=headers)


def code_of(reply: httpx.Response) -> str:
    code: str = reply.json()["errors"][0]["extensions"]["code"]
    return code


INVALID = 'Bearer error="invalid_token"'


@pytest.mark.parametrize(
    ("authorization", "words"),
    [
        ("", "not `Bearer`"),
        ("Bearer", "not `Bearer`"),
        ("Bearer ", "not `Bearer`"),
        ("Basic QWxpY2U6c2VjcmV0", "not `Bearer`"),
        ("Bearer x", "malformed"),
        ("Bearer a b", "malformed"),
        ("Bearer " + "x" * 20_000, "more than"),
        ("Bearer \xff\xfe.\xff.\xff", "malformed"),
    ],
)
async def test_what_is_no_bearer_token_is_a_401_that_says_so(
    here: Asking, authorization: str, words: str
) -> None:
    """Also where everybody may read: who says who they are wants to be believed."""
    reply = await here.client.post(
        "/graphql", json={"query": QUERY}, headers=[(b"authorization", authorization.encode("latin-1"))]
    )
    assert (reply.status_code, code_of(reply)) == (401, "unauthenticated")
    assert reply.headers["www-authenticate"] == INVALID
    assert words in reply.json()["errors"][0]["message"]


async def test_a_token_that_is_refused_is_a_401_without_its_text(
    here: Asking, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """A token in a log or an answer is as good as a password there."""
    caplog.set_level(logging.DEBUG)
    for said in (
        token(pair, exp=int(time.time()) - LEEWAY - 1),
        token(edwards()),
        by_hand({"alg": "none"}, claims_of()),
    ):
        reply = await post(here, f"Bearer {said}")
        assert (reply.status_code, code_of(reply)) == (401, "unauthenticated")
        for part in said.split("."):
            assert part not in reply.text
            assert part not in caplog.text


async def test_a_good_token_is_logged_nowhere(
    here: Asking, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = token(pair)
    await post(here, f"Bearer {said}", query=CREATE)
    assert said.split(".")[2] not in caplog.text


async def test_two_authorizations_are_one_too_many(here: Asking, pair: Pair) -> None:
    good = f"Bearer {token(pair)}"
    reply = await post(here, good, good)
    assert (reply.status_code, code_of(reply)) == (400, "bad_authorization")
    assert reply.headers["www-authenticate"] == 'Bearer error="invalid_request"'


async def test_the_scheme_is_read_in_any_case(here: Asking, pair: Pair) -> None:
    reply = await post(here, f"bEARER  {token(pair)} ", query=CREATE)
    assert reply.json()["data"]["createEntity"]["entityId"]


async def test_who_is_not_let_in_need_not_send_a_body(here: Asking) -> None:
    reply = await here.client.post("/graphql", content=b"x" * 2**20, headers={"authorization": "Bearer x"})
    assert reply.status_code == 401


async def test_keys_that_can_not_be_had_are_a_503_to_try_again(
    here: Asking, pair: Pair, tmp_path: Path
) -> None:
    (tmp_path / "keys.jwks").unlink()
    reply = await post(here, f"Bearer {token(pair)}")
    assert (reply.status_code, code_of(reply)) == (503, "unavailable")
    assert reply.json()["errors"][0]["extensions"]["retryable"] is True
    assert "keys.jwks" not in reply.text
    assert reply.headers["retry-after"]
    assert (await post(here)).status_code == 200, "those without a token need no keys"


async def test_nothing_is_answered_without_a_token_where_the_settings_say_so(
    pair: Pair, one_item: Path, tmp_path: Path
) -> None:
    shutil.copytree(one_item, tmp_path / "data")
    async with served(settings_for(tmp_path, pair, auth_anonymous="none")) as here:
        without = await post(here, query="{__typename}")
        assert (without.status_code, code_of(without)) == (401, "unauthenticated")
        assert without.headers["www-authenticate"] == "Bearer"
        no_role = await post(here, f"Bearer {token(pair, roles=[])}")
        assert (no_role.status_code, code_of(no_role)) == (403, "forbidden")
        reader = await post(here, f"Bearer {token(pair, roles=['reader'])}")
        assert reader.json() == {"data": {"entity": {"id": "Q1"}}}


async def test_the_editor_of_revision_and_event_is_the_tokens(
    pair: Pair, one_item: Path, tmp_path: Path
) -> None:
    """W9"""
    shutil.copytree(one_item, tmp_path / "data")
    async with served(settings_for(tmp_path, pair, auth_editor_claim="preferred_username")) as here:
        said = f"Bearer {token(pair, sub='7f3a', preferred_username='Zoë')}"
        made = (await post(here, said, query=CREATE)).json()["data"]["createEntity"]["entityId"]
        row = await here.data(CREATED_BY, id=made)
    assert row["entity"]["revision"] == {"createdBy": "Zoë"}
    async with open_embedded(tmp_path / "data") as stores:
        await relay.settle(stores, clock=times.now)
        told = [one.event for one in await stores.events.read(None, 100) if one.event.entity_id == made]
    assert [event.editor for event in told] == ["Zoë"]


async def test_an_idempotency_key_is_its_editors_own(here: Asking, pair: Pair) -> None:
    """I13: another's word for an edit is no word of mine."""
    query = CREATE.replace('{type: "item"}', '{type: "item"}, meta: {idempotencyKey: "k"}')
    made = []
    for name in ("Alice", "Alice", "Bob"):
        reply = await post(here, bearing(token(pair, sub=name))["authorization"], query=query)
        made.append(reply.json()["data"]["createEntity"]["entityId"])
    assert made[0] == made[1] != made[2]


async def test_without_credentials_the_editor_has_one_name_whatever_is_said(
    pair: Pair, one_item: Path, tmp_path: Path
) -> None:
    """W9"""
    shutil.copytree(one_item, tmp_path / "data")
    async with served(settings_for(tmp_path, pair, auth_keys="", auth_issuer="", auth_audience="")) as here:
        made = (await post(here, f"Bearer {token(pair)}", query=CREATE)).json()["data"]["createEntity"]
        row = await here.data(CREATED_BY, id=made["entityId"])
    assert row["entity"]["revision"] == {"createdBy": "entity-api"}
