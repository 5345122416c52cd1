"""Content that is not what it was: said so with its key, never passed off for the real one (I5)."""

from __future__ import annotations

import pytest

from app.settings import Settings
from storage.edits import Base
from storage.errors import Damaged
from storage.ids import EntityId
from storage.keys import Key, snapshot_key, statement_key
from storage.ports import NewObject, StoredObject, Stores
from storage.snapshot import statement_bytes
from tests.builders import NOW, a_body, an_attempt, an_item
from tests.commit.making import edit, findings, make, read
from tests.places import Places

ITEM = an_item().with_label("en", "whole").with_statement("P1", string="whole")
BODY = a_body("P1", string="whole")
SNAPSHOT = snapshot_key(EntityId("Q42"), 1)


@pytest.fixture
async def begun(stores: Stores) -> Stores:
    """Stores at rest with one item."""
    await make(stores, edit(ITEM, Base.NOTHING))
    assert await findings(stores) == []
    return stores


async def stored(stores: Stores, key: Key) -> StoredObject:
    """An object that is whole."""
    found = (await stores.objects.get([key]))[key]
    assert isinstance(found, StoredObject)
    return found


async def put_instead(stores: Stores, new: NewObject) -> None:
    """Another object in place of one: what only a fault of the store itself could do."""
    await stores.objects.delete([new.key])
    await stores.objects.put_absent([new])


async def assert_told(stores: Stores, key: Key) -> None:
    """That the entity can't be read, and that reader and checker name the object."""
    with pytest.raises(Damaged) as damage:
        await read(stores, "Q42")
    assert damage.value.key == str(key)
    assert any(str(key) in finding for finding in await findings(stores))


@pytest.mark.parametrize("what", ["content", "editor", "statement"])
async def test_a_flipped_byte_is_told(begun: Stores, places: Places, own_place: Settings, what: str) -> None:
    """I5: the checksum that was written with the object tells, also where no hash of the content would."""
    key = statement_key(begun.hasher(BODY.canonical, 0)) if what == "statement" else SNAPSHOT
    text = "Alice" if what == "editor" else "whole"
    before = (await stored(begun, key)).data
    changed = before.replace(text.encode(), text.swapcase().encode())
    assert changed != before
    await places.alter(own_place, key, lambda _: changed)
    await assert_told(begun, key)


async def test_another_statement_under_a_hash_is_told(begun: Stores) -> None:
    """I5: whole by its checksum, but its content does not hash to its name."""
    one = begun.hasher(BODY.canonical, 0)
    other = statement_bytes(one, a_body("P1", string="another"), NOW)
    await put_instead(begun, NewObject(statement_key(one), other, an_attempt()))
    await assert_told(begun, statement_key(one))


async def test_a_snapshot_of_another_attempt_is_told(begun: Stores) -> None:
    """I1, I5: the row and the object are of one try, or the entity says what nobody committed."""
    whole = await stored(begun, SNAPSHOT)
    await put_instead(begun, NewObject(SNAPSHOT, whole.data, an_attempt(77)))
    await assert_told(begun, SNAPSHOT)


async def test_a_snapshot_of_another_revision_is_told(begun: Stores) -> None:
    """S7: the snapshot names its own revision, and the reader compares."""
    await make(begun, edit(ITEM.with_label("en", "second"), 1))
    second = snapshot_key(EntityId("Q42"), 2)
    first, whole = await stored(begun, SNAPSHOT), await stored(begun, second)
    assert whole.attempt is not None
    await put_instead(begun, NewObject(second, first.data, whole.attempt))
    await assert_told(begun, second)


@pytest.mark.parametrize("what", ["snapshot", "statement"])
async def test_a_missing_object_is_told(begun: Stores, what: str) -> None:
    """I6: an error with its key, not a shorter list."""
    key = SNAPSHOT if what == "snapshot" else statement_key(begun.hasher(BODY.canonical, 0))
    await begun.objects.delete([key])
    await assert_told(begun, key)
