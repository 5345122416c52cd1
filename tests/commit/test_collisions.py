"""Hashes that collide: as many as a 16-bit hash makes, and two bodies made to collide (T3, I5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from app.settings import Settings
from storage.canonical import StatementHasher, hash64
from storage.edits import Base
from storage.model import JsonObject, StatementBody
from storage.ports import StatementRow, Stores
from tests.builders import a_body, an_item
from tests.commit.making import edit, findings, make, read
from tests.places import EMBEDDED, ENGINES, Places

EACH, SHARED = 150, 10
SIZES = {EMBEDDED: (200, 16), ENGINES: (7, 11)}
"""Entities, and bits of the hash, such that statements take half of its places. The engines are asked over the net."""


def narrow(bits: int) -> StatementHasher:
    """The hasher with only some bits left of it."""
    mask = (1 << bits) - 1
    return lambda data, probe: hash64(data, probe) & mask


def crowded(number: int) -> JsonObject:
    """An item with statements of its own, and some that all have."""
    item = an_item(f"Q{1000 + number}")
    claims = [
        *({"value": f"{number}/{one}"} for one in range(EACH)),
        *({"value": f"shared/{one}"} for one in range(SHARED)),
    ]
    group = [
        {
            "mainsnak": {
                "snaktype": "value",
                "property": "P1",
                "datatype": "string",
                "datavalue": {"type": "string", **claim},
            },
            "type": "statement",
            "rank": "normal",
        }
        for claim in claims
    ]
    return item.with_field("claims", {"P1": group}).json()


async def test_thirty_thousand_statements_under_a_hash_of_16_bits_keep_apart(
    stores: Stores, engine: str
) -> None:
    """I5, T2: half of all places are taken, each read gives what was written, and equal ones share one row.

    On the engines a thousand under 11 bits, as full.
    """
    entities, bits = SIZES[engine]
    small = replace(stores, hasher=narrow(bits))
    items = [crowded(number) for number in range(entities)]
    for item in items:
        await make(small, edit(item, Base.NOTHING))
    for item in items:
        assert await read(small, item["id"]) == item
    rows: list[StatementRow] = []
    while page := await small.metadata.statement_rows(rows[-1].hash if rows else None, 5000):
        rows.extend(page)
    assert len(rows) == len({row.digest for row in rows}) == entities * EACH + SHARED
    assert 2 * len(rows) >= 0.9 * 2**bits


@asynccontextmanager
async def two_servers(places: Places, place: Settings, bits: int) -> AsyncIterator[tuple[Stores, Stores]]:
    """The same place opened twice, with a narrow hash."""
    async with places.opened(place) as one, places.opened(place) as other:
        yield replace(one, hasher=narrow(bits)), replace(other, hasher=narrow(bits))


def colliding_pair(bits: int) -> tuple[StatementBody, StatementBody]:
    """Two statements of different meaning with one hash, found by the birthday paradox: some 2**(bits/2) trials."""
    seen: dict[int, int] = {}
    hasher = narrow(bits)
    template = a_body("P1", string="number 0").canonical
    for number in range(10 * 2 ** (bits // 2)):
        data = template.replace(b"number 0", b"number %d" % number)
        other = seen.setdefault(hasher(data, 0), number)
        if other != number:
            return a_body("P1", string=f"number {other}"), a_body("P1", string=f"number {number}")
    raise AssertionError("no collision: the hash is not one")


async def test_two_colliding_statements_of_two_writers_at_once_keep_apart(
    places: Places, own_place: Settings
) -> None:
    """I5, T3: whoever comes second is probed past the first, in both orders, and both are counted."""
    one, other = colliding_pair(32)
    assert one.digest != other.digest
    assert narrow(32)(one.canonical, 0) == narrow(32)(other.canonical, 0)
    async with two_servers(places, own_place, 32) as servers:
        for number in range(0, 20, 2):
            items = [
                an_item(f"Q{1000 + number + place}").with_field("claims", {"P1": [body.statement]}).json()
                for place, body in enumerate((one, other) if number % 4 else (other, one))
            ]
            await asyncio.gather(
                *(make(server, edit(item, Base.NOTHING)) for server, item in zip(servers, items, strict=True))
            )
            for item in items:
                assert [await read(server, item["id"]) for server in servers] == [item, item]
        rows = await servers[0].metadata.statement_rows(None, 100)
        assert {row.digest for row in rows} == {one.digest, other.digest}
        assert await findings(servers[0]) == []


async def test_colliding_statements_of_one_entity_keep_apart(stores: Stores) -> None:
    """I5, T3: two in one edit, and each found again at the next."""
    narrowed = replace(stores, hasher=narrow(32))
    one, other = colliding_pair(32)
    item = an_item().with_field("claims", {"P1": [one.statement, other.statement]})
    await make(narrowed, edit(item, Base.NOTHING), edit(item.with_label("en", "again"), 1))
    assert await read(narrowed, "Q42") == item.with_label("en", "again").json()
    assert len(await narrowed.metadata.statement_rows(None, 100)) == 2
    assert await findings(narrowed) == []
