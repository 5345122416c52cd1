"""The first outcome again under the same idempotency key, of each mutation (I13, W4)."""

from __future__ import annotations

from typing import Any

import pytest

from storage.changes import Restore
from storage.ports import Stores
from tests.commit.making import make
from tests.graph.states.asking import GOOD, ended, made
from tests.graph.states.people import People
from tests.graph.states.test_made import LIVES, begun, events
from tests.lives import ask_to_delete, bring, changed

DELETED = "entityId revisionId deleteType deletedAt reason deletedBy approvedBy retainedUntil"
EDITED = "entityId revisionId created unchanged"
REUSED = ("RequestRefused", "idempotency_key_reused", None)


def fields(name: str) -> str:
    return DELETED if GOOD.get(name) == "Deleted" else EDITED


def keyed(key: str = "k1", **others: Any) -> dict[str, Any]:
    return {"meta": {"idempotencyKey": key, **others}}


@pytest.mark.parametrize("name", LIVES)
async def test_a_retry_is_answered_as_the_first_try_was(people: People, stores: Stores, name: str) -> None:
    """I13: though the entity takes no such edit any more, and whatever the clock says by then."""
    life = LIVES[name]
    await begun(stores, life.state)
    ask = people.one("administrator")
    one = await made(ask, name, fields(name), id="Q1", **life.given, **keyed())
    assert await made(ask, name, fields(name), id="Q1", **life.given, **keyed()) == one
    assert len(await events(stores)) == one["revisionId"]


@pytest.mark.parametrize("name", LIVES)
async def test_a_key_is_good_for_one_request(people: People, stores: Stores, name: str) -> None:
    """I13: another base, or another thing told of it, is another request."""
    life = LIVES[name]
    await begun(stores, life.state)
    ask = people.one("administrator")
    await made(ask, name, fields(name), id="Q1", **life.given, **keyed())
    assert await ended(ask, name, id="Q1", baseRevisionId=7, **life.given, **keyed()) == REUSED
    assert await ended(ask, name, id="Q1", **life.given, **keyed(summary="x")) == REUSED
    if "reason" in life.given:
        assert await ended(ask, name, id="Q1", **{**life.given, "reason": "x"}, **keyed()) == REUSED


async def test_a_key_of_one_mutation_is_refused_to_another(people: People, stores: Stores) -> None:
    """I13."""
    await begun(stores, "ordinary")
    ask = people.one("administrator")
    await made(ask, "lockEntity", EDITED, id="Q1", **keyed())
    assert await ended(ask, "unlockEntity", id="Q1", **keyed()) == REUSED


async def test_everybody_has_keys_of_their_own(people: People, stores: Stores) -> None:
    """I13: nobody is told of another's outcome."""
    await begun(stores, "ordinary")
    for revision, name in enumerate(("Alice", "Bob"), 3):
        told = await made(people.one("protector", name), "lockEntity", EDITED, id="Q1", **keyed())
        assert told["revisionId"] == revision


async def test_a_retry_of_a_deletion_is_answered_after_it_was_undone(people: People, stores: Stores) -> None:
    """I13, W7: as it was, with its time and its end of retention."""
    await begun(stores, "ordinary")
    ask = people.one("administrator")
    asked = {"id": "Q1", "reason": "a demand", "retentionDays": 3, **keyed()}
    one = await made(ask, "hardDeleteEntity", DELETED, **asked)
    await make(stores, changed("Q1", Restore("an error")))
    assert await made(ask, "hardDeleteEntity", DELETED, **asked) == one
    assert (await ask.data('{entity(id: "Q1") {revisionId}}'))["entity"]["revisionId"] == 4


async def test_a_retry_of_an_approval_does_not_miss_the_request_that_it_used_up(
    people: People, stores: Stores
) -> None:
    """I13, W7: not even where somebody asks again."""
    await begun(stores, "ordinary")
    await ask_to_delete(stores, "Q1", by="Ann")
    ask = people.one("administrator")
    one = await made(ask, "approveHardDeletion", DELETED, id="Q1", **keyed())
    assert (one["deletedBy"], one["approvedBy"], one["reason"]) == ("Ann", "Alice", "a demand")
    assert await made(ask, "approveHardDeletion", DELETED, id="Q1", **keyed()) == one
    await make(stores, changed("Q1", Restore("an error")))
    await ask_to_delete(stores, "Q1", by="Alice")
    assert await made(ask, "approveHardDeletion", DELETED, id="Q1", **keyed()) == one
    assert await ended(ask, "approveHardDeletion", id="Q1", **keyed(summary="x")) == REUSED


async def test_a_retry_of_a_deletion_asks_nobody_for_it(
    people: People, careful: People, stores: Stores
) -> None:
    """I13, W7: where a second person has to approve by now."""
    await begun(stores, "ordinary")
    given = {"id": "Q1", "reason": "a demand", **keyed()}
    one = await made(people.one("deleter"), "hardDeleteEntity", DELETED, **given)
    assert await made(careful.one("deleter"), "hardDeleteEntity", DELETED, **given) == one
    assert await stores.metadata.deletion_requests(None, 10) == []


@pytest.mark.parametrize(
    ("name", "of_many"),
    [
        ("deleteEntities", {"ids": ["Q1", "Q2"], "dryRun": False, "reason": "x"}),
        ("createRedirects", {"redirects": [{"source": one, "target": "Q5"} for one in ("Q1", "Q2")]}),
    ],
)
async def test_a_key_of_many_is_one_for_each(
    people: People, stores: Stores, name: str, of_many: dict[str, Any]
) -> None:
    """I13, W7, W8: a batch that broke off is sent again, and what it has done is not done twice."""
    await begun(stores, "ordinary")
    ask = people.one("administrator")
    of_each = {"deleteEntities": "Deleted", "createRedirects": "Edited"}[name]
    selection = f"outcomes {{result {{... on {of_each} {{entityId revisionId}}}}}}"
    before = await made(ask, name, selection, **of_many, **keyed())
    assert [one["result"] for one in before["outcomes"]] == [{"entityId": "Q1", "revisionId": 3}, {}]
    await bring(stores, "Q2", "ordinary")
    after = await made(ask, name, selection, **of_many, **keyed())
    assert [one["result"] for one in after["outcomes"]] == [
        {"entityId": "Q1", "revisionId": 3},
        {"entityId": "Q2", "revisionId": 3},
    ]


@pytest.mark.parametrize("key", ["", "x" * 257])
@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("lockEntity", {"id": "Q1"}),
        ("approveHardDeletion", {"id": "Q1"}),
        ("deleteEntities", {"ids": ["Q1"], "dryRun": False, "reason": "x"}),
        ("createRedirects", {"redirects": [{"source": "Q1", "target": "Q5"}]}),
    ],
)
async def test_what_is_no_key_is_refused(
    people: People, stores: Stores, name: str, given: dict[str, Any], key: str
) -> None:
    """I13: of a batch as a whole."""
    await begun(stores, "ordinary")
    asked = people.one("administrator")
    assert await ended(asked, name, **given, **keyed(key)) == ("EditInvalid", "invalid", None)
