"""Revisions that earlier programs wrote: readable as they are, turned into today's form by their next edit (S8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Connection, text

from storage import reading, times
from storage.canonical import canonical
from storage.edits import Base
from storage.ids import EntityId
from storage.keys import Bucket, Key, snapshot_key
from storage.model import Attempt, Flags, JsonObject
from storage.ports import Claim, HoldersPage, NewObject, Stores
from storage.snapshot import statement_bytes
from storage.sql.metadata import SqlMetadata
from tests.builders import NOW, EntityBuilder, a_body, a_swap, an_attempt, an_item
from tests.commit.making import edit, findings, history, make, read, redirect

Q42 = EntityId("Q42")
OLD = an_item().with_label("en", "old").with_statement("P2", item="Q5").with_statement("P1", string="kept")


def older(version: str, entity: JsonObject, **others: Any) -> bytes:
    """A snapshot as an earlier program wrote it."""
    return canonical(
        {
            "schema_version": version,
            "revision_id": 1,
            "created_at": "2020-01-01T00:00:00Z",
            "created_by": "entity-api",
            "entity_type": "item",
            "content_hash": "0a1b2c",
            "entity": entity,
            **others,
        }
    )


async def committed(stores: Stores, data: bytes, key: Key, *, flags: Flags | None = None) -> Attempt:
    """A row for a snapshot that an earlier program wrote: it knows nothing of statements and digests."""
    attempt = an_attempt()
    await stores.objects.put_absent([NewObject(key, data, attempt)])
    await stores.metadata.register(Q42, NOW)
    await stores.metadata.commit(a_swap(attempt=attempt, flags=flags))
    assert isinstance(stores.metadata, SqlMetadata)
    await stores.metadata.database.write(_forget_the_statements)
    return attempt


def _forget_the_statements(connection: Connection) -> None:
    connection.execute(
        text(
            "UPDATE entity_revisions SET statements = NULL, statement_ids = NULL, properties = NULL,"
            " property_counts = NULL, content_hash = NULL, content_digest = NULL"
        )
    )
    connection.execute(text("UPDATE entity_revision_meta SET schema_version = '1.0.0'"))


async def shared(stores: Stores, content: EntityBuilder, *, older_name: bool) -> dict[str, list[int]]:
    """Store the statements of an entity as an earlier program did; answers their hashes by property."""
    hashes: dict[str, list[int]] = {}
    for property_id, group in content.json()["claims"].items():
        for statement in group:
            value = statement["mainsnak"]["datavalue"]["value"]
            told = {"item": value["id"]} if isinstance(value, dict) else {"string": value}
            body = a_body(property_id, **told)
            claim = Claim(Q42, an_attempt(9), 0, [body])
            place = (await stores.metadata.claim(claim, stores.hasher, NOW))[body.digest].hash
            name = f"statements/{place}.json" if older_name else f"{place}.json"
            key = Key(Bucket.STATEMENTS, name)
            await stores.objects.put_absent(
                [NewObject(key, statement_bytes(place, body, NOW), an_attempt(9))]
            )
            await stores.metadata.hold(Q42, [place], an_attempt(9))
            hashes.setdefault(property_id, []).append(place)
    return hashes


def without_ids(entity: JsonObject) -> JsonObject:
    """What 1.1.0 and 1.2.0 could keep: they had no place for statement ids."""
    claims: Mapping[str, list[JsonObject]] = entity["claims"]
    return entity | {
        "claims": {
            name: [{field: value for field, value in one.items() if field != "id"} for one in group]
            for name, group in claims.items()
        }
    }


async def write_1_0_0(stores: Stores) -> JsonObject:
    """Statements inline, under the oldest name of an object."""
    await committed(stores, older("1.0.0", OLD.json()), Key(Bucket.REVISIONS, "Q42/r1.json"))
    return OLD.json()


async def write_1_1_0(stores: Stores) -> JsonObject:
    """A list of hashes, not grouped by property."""
    hashes = await shared(stores, OLD, older_name=True)
    flat = [one for group in hashes.values() for one in group]
    rest = {name: value for name, value in OLD.json().items() if name != "claims"}
    data = older("1.1.0", rest, statements=flat, redirects_to=None)
    await committed(stores, data, Key(Bucket.REVISIONS, "Q42/rev1.json"))
    return without_ids(OLD.json())


async def write_1_2_0(stores: Stores) -> JsonObject:
    """Hashes grouped by property."""
    hashes = await shared(stores, OLD, older_name=False)
    flat = [one for group in hashes.values() for one in group]
    counts = {name: len(group) for name, group in hashes.items()}
    rest = {name: value for name, value in OLD.json().items() if name != "claims"}
    data = older("1.2.0", rest, statements=flat, properties=list(counts), property_counts=counts)
    await committed(stores, data, snapshot_key(Q42, 1))
    return without_ids(OLD.json())


WRITERS = [write_1_0_0, write_1_1_0, write_1_2_0]
KEYS = {
    "write_1_0_0": Key(Bucket.REVISIONS, "Q42/r1.json"),
    "write_1_1_0": Key(Bucket.REVISIONS, "Q42/rev1.json"),
    "write_1_2_0": snapshot_key(Q42, 1),
}


@pytest.mark.parametrize("write", WRITERS)
async def test_an_older_snapshot_is_read(stores: Stores, write: Any) -> None:
    """S2, S8: whatever its form and its name."""
    said = await write(stores)
    assert await read(stores, "Q42") == said


@pytest.mark.parametrize("write", WRITERS)
async def test_the_next_edit_writes_todays_form_and_leaves_the_old_one(stores: Stores, write: Any) -> None:
    """S1, S8: converted by being edited, never in place; what the old revision said is still to be read."""
    said = await write(stores)
    key = KEYS[write.__name__]
    before = (await stores.objects.get([key]))[key]
    after = (
        an_item().with_label("en", "new").with_statement("P1", string="kept").with_statement("P4", item="Q6")
    )
    await make(stores, edit(after, 1))
    row = await reading.row_of(stores, Q42)
    assert (row.schema_version, row.parent) == ("1.3.0", 1)
    assert await read(stores, "Q42") == after.json()
    assert await read(stores, "Q42", 1) == said
    assert (await stores.objects.get([key]))[key] == before
    assert await findings(stores) == []


@pytest.mark.parametrize("write", WRITERS)
async def test_the_same_content_in_todays_form_is_a_revision(stores: Stores, write: Any) -> None:
    """W4, S8: a head without digest can't be compared with, so that the edit converts it."""
    said = await write(stores)
    outcome = await make(stores, edit(said, 1))
    assert (outcome.revision, outcome.unchanged) == (2, False)
    assert await read(stores, "Q42") == said
    assert await findings(stores) == []


@pytest.mark.parametrize("write", WRITERS)
async def test_an_older_entity_can_be_redirected(stores: Stores, write: Any) -> None:
    """S8, W8: its content goes, whatever form it had."""
    await write(stores)
    await make(stores, redirect("Q42", "Q5", 1, revives=True))
    assert await history(stores, "Q42") == [1, 2]
    assert (await stores.metadata.heads([Q42]))[Q42].head.redirects_to == "Q5"


async def test_an_older_revision_by_itself_is_no_finding(stores: Stores) -> None:
    """S8, O4: its statements are its own and not yet shared, which breaks nothing."""
    await write_1_0_0(stores)
    await stores.objects.tag({KEYS["write_1_0_0"]: {"publication_state": "published"}})
    outcome = await make(stores, edit(an_item().with_label("en", "without"), 1))
    assert outcome.revision == 2
    assert await findings(stores) == []


async def test_a_1_0_0_snapshot_shares_nothing_by_chance(stores: Stores) -> None:
    """S8, T2: at its conversion each statement finds the place that others of the same content have."""
    await make(stores, edit(an_item("Q7").with_statement("P1", string="kept"), Base.NOTHING))
    await findings(stores)
    await write_1_0_0(stores)
    await make(stores, edit(OLD.with_label("en", "new"), 1))
    await findings(stores)
    one = stores.hasher(a_body("P1", string="kept").canonical, 0)
    page = HoldersPage(one, 10)
    assert await stores.metadata.holders([page]) == {page: ["Q7", "Q42"]}
    assert (await reading.row_of(stores, Q42, 1)).index is None
    assert times.written(
        (await reading.content_of(stores, await reading.row_of(stores, Q42, 1)))[0].created_at
    )
