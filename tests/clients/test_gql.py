"""The Python client gql, by HTTP and by both of its WebSockets (E5)."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport
from gql.transport.async_transport import AsyncTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport

POSITION = gql("{changesPosition}")
CREATE = gql('mutation {createEntity(input: {entity: {type: "item"}}) {... on Edited {entityId}}}')
FOLLOW = "subscription ($from: String) {entityChanges(from: $from) {entityId revisionId changeType position}}"


def sockets(address: str) -> dict[str, AsyncTransport]:
    url = address.replace("http", "ws", 1)
    return {
        "websockets": WebsocketsTransport(url=url),
        "aiohttp": AIOHTTPWebsocketsTransport(url=url),
    }


@pytest.mark.parametrize("name", ["websockets", "aiohttp"])
async def test_the_client_asks_edits_and_hears_of_its_edits(address: str, name: str) -> None:
    async with asyncio.timeout(60):
        async with Client(transport=AIOHTTPTransport(url=address)) as http:
            begin = (await http.execute(POSITION))["changesPosition"]
            made = [(await http.execute(CREATE))["createEntity"]["entityId"] for _ in range(3)]
        follow = gql(FOLLOW)
        follow.variable_values = {"from": begin}
        async with (
            Client(transport=sockets(address)[name]) as session,
            aclosing(session.subscribe(follow)) as changes,
        ):
            heard = [(await anext(changes))["entityChanges"] for _ in made]
    assert [change["entityId"] for change in heard] == made
    assert {change["changeType"] for change in heard} == {"CREATION"}


async def test_the_client_checks_what_it_sends_by_our_schema(address: str) -> None:
    """By introspection, which it does itself."""
    async with Client(transport=AIOHTTPTransport(url=address), fetch_schema_from_transport=True) as session:
        assert session.client.schema is not None
        assert session.client.schema.subscription_type is not None
        assert (await session.execute(gql("{__typename}"))) == {"__typename": "Query"}


async def test_a_wrong_position_is_an_error_of_that_subscription(address: str) -> None:
    follow = gql(FOLLOW)
    follow.variable_values = {"from": "x"}
    async with Client(transport=sockets(address)["websockets"]) as session:
        with pytest.raises(TransportQueryError) as refused:
            async with aclosing(session.subscribe(follow)) as changes:
                await anext(changes)
        assert refused.value.errors is not None
        assert refused.value.errors[0]["extensions"]["code"] == "wrong_position"
        assert (await session.execute(gql("{__typename}"))) == {"__typename": "Query"}
