"""Every pair of role and mutation over HTTP: who may, edits; who may not is told so, and nothing is stored (O3)."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from app.access import MUTATIONS, QUERIES, Role, implied
from tests.access import requests
from tests.access.issuing import Pair, bearing, token
from tests.serving import Asking

BUILT, KEPT_BACK = list(MUTATIONS), list(QUERIES)
WHO = [None, *Role]
MADE = {
    *("Edited", "Deleted", "HardDeletionRejected", "DeletionsMade", "RedirectsMade"),
    *("Erased", "OrphansCollected"),
}
"""Endings of what was made."""
BATCHES = {"deleteEntities": "DeletionsMade", "createRedirects": "RedirectsMade"}
"""Mutations that have an ending for each entity."""


def given(role: Role | None) -> frozenset[Role]:
    """What somebody of this role may; without a token one reads."""
    return implied([role or Role.READER])


async def ask_as(here: Asking, pair: Pair, role: Role | None, query: str) -> dict[str, Any]:
    headers = {} if role is None else bearing(token(pair, roles=[role.value]))
    reply = await here.client.post("/graphql", json={"query": query}, headers=headers)
    assert reply.status_code == 200
    answer: dict[str, Any] = reply.json()
    return answer


def stored(folder: Path) -> dict[str, int]:
    """How many rows each table of the stores has, but for leases, which come and go by themselves."""
    counts = {}
    for path in sorted(folder.glob("*.sqlite")):
        with sqlite3.connect(path) as file:
            tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                if "lease" not in table:
                    (counts[f"{path.name} {table}"],) = file.execute(
                        f"SELECT count(*) FROM {table}"
                    ).fetchone()
        file.close()
    return counts


def test_there_is_a_request_for_each() -> None:
    assert set(BUILT) == set(requests.MUTATIONS)
    assert set(KEPT_BACK) == set(requests.QUERIES)


@pytest.mark.parametrize("role", WHO)
@pytest.mark.parametrize("name", BUILT)
async def test_a_mutation_runs_for_whom_the_table_names(
    here: Asking, pair: Pair, tmp_path: Path, name: str, role: Role | None
) -> None:
    before = stored(tmp_path / "data")
    asked = "{__typename ... on Refusal {code message retryable}}"
    answer = await ask_as(here, pair, role, f"mutation {{it: {requests.MUTATIONS[name]} {asked}}}")
    ending = answer["data"]["it"]
    if MUTATIONS[name] in given(role):
        assert ending.get("code") != "forbidden"
        return
    message = f"{name} needs the role {MUTATIONS[name]}"
    assert ending == {
        "__typename": "RequestRefused",
        "code": "forbidden",
        "message": message,
        "retryable": False,
    }
    assert stored(tmp_path / "data") == before


async def test_what_the_requests_ask_for_is_made(here: Asking, pair: Pair, tmp_path: Path) -> None:
    """A request that failed anyway would show nothing."""
    for name, request in requests.MUTATIONS.items():
        before = stored(tmp_path / "data")
        each = f"... on {BATCHES[name]} {{outcomes {{result {{__typename}}}}}}" if name in BATCHES else ""
        asked = f"{{__typename ... on Refusal {{code}} {each}}}"
        answer = await ask_as(here, pair, Role.ADMINISTRATOR, f"mutation {{it: {request} {asked}}}")
        ending = answer["data"]["it"]
        endings = [ending, *(one["result"] for one in ending.get("outcomes", ()))]
        assert {one["__typename"] for one in endings} <= MADE, (name, ending)
        assert (stored(tmp_path / "data") == before) == (name in requests.FINDS_NOTHING), name


@pytest.mark.parametrize("role", WHO)
@pytest.mark.parametrize("name", KEPT_BACK)
async def test_a_query_field_is_answered_for_whom_the_table_names(
    here: Asking, pair: Pair, name: str, role: Role | None
) -> None:
    """And there is something that the others are not told."""
    answer = await ask_as(here, pair, role, f"{{it: {requests.QUERIES[name]}}}")
    codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
    found = answer["data"]["it"]
    if QUERIES[name] in given(role):
        assert (codes, len(str(found)) > len("{'nodes': []}")) == ([], True)
    else:
        assert (codes, found) == (["forbidden"], None)


@pytest.mark.parametrize("role", WHO)
@pytest.mark.parametrize("name", [name for name in BUILT if name not in requests.TELLS_NOTHING])
async def test_only_a_bot_says_that_it_is_one(
    here: Asking, pair: Pair, tmp_path: Path, name: str, role: Role | None
) -> None:
    """W9: a client's word is no fact."""
    before = stored(tmp_path / "data")
    request = requests.MUTATIONS[name].removesuffix("})") + ", meta: {bot: true}})"
    answer = await ask_as(
        here, pair, role, f"mutation {{it: {request} {{__typename ... on Refusal {{code}}}}}}"
    )
    allowed = {MUTATIONS[name], Role.BOT} <= given(role)
    assert (answer["data"]["it"].get("code") == "forbidden") != allowed
    assert (stored(tmp_path / "data") == before) != allowed
