"""What adapters say of a database whose answer is lost, and of an object store that breaks its promise."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

import pytest

from storage.canonical import hash64
from storage.errors import Damaged, OutcomeUnknown, Unavailable
from storage.ids import EntityId, EntityType
from storage.keys import Bucket, Key
from storage.local_events import LocalEvents
from storage.local_objects import LocalObjects
from storage.model import Attempt
from storage.ports import Claim, Landed, NewObject, StoredObject
from storage.probe import NoConditionalCreation, probe
from storage.sql.metadata import SqlMetadata
from storage.sql.sqlite import Unit
from tests.builders import NOW, a_body, a_key, a_link, a_swap, an_attempt, an_event
from tests.conformance.erasing import an_erasure

Q42 = EntityId("Q42")
KEY = Key(Bucket.STATEMENTS, "1.json")


class Mute:
    """A database that may have committed and does not say so."""

    async def read(self, unit: Unit[Any], *, snapshot: bool = True, brief: bool = False) -> Any:
        raise Unavailable("no answer")

    async def write(self, unit: Unit[Any]) -> Any:
        raise OutcomeUnknown("no answer")


OBJECTS, METADATA, EVENTS = LocalObjects(Mute()), SqlMetadata(Mute()), LocalEvents(Mute())

WRITES: dict[str, Callable[[], Awaitable[object]]] = {
    "put_absent": lambda: OBJECTS.put_absent([NewObject(KEY, b"", an_attempt())]),
    "tag": lambda: OBJECTS.tag({KEY: {}}),
    "delete": lambda: OBJECTS.delete([KEY]),
    "expire": lambda: OBJECTS.expire([KEY]),
    "claim": lambda: METADATA.claim(Claim(Q42, an_attempt(), 0, [a_body()]), hash64, NOW),
    "hold": lambda: METADATA.hold(Q42, [1], an_attempt()),
    "release": lambda: METADATA.release(Q42, [1], an_attempt()),
    "condemn": lambda: METADATA.condemn([1], NOW),
    "give_up": lambda: METADATA.give_up([1]),
    "collected": lambda: METADATA.collected([1]),
    "let_go": lambda: METADATA.let_go(Q42, [1], NOW),
    "begin_erasure": lambda: METADATA.begin_erasure(an_erasure(1)),
    "put_off": lambda: METADATA.put_off(b"", NOW),
    "finish_erasure": lambda: METADATA.finish_erasure(b""),
    "erase_statement": lambda: METADATA.erase_statement(1, b"key"),
    "still_claimed": lambda: METADATA.still_claimed(1),
    "unlink": lambda: METADATA.unlink(1, [Q42], [Q42]),
    "erase_revisions": lambda: METADATA.erase_revisions(Q42, [1], "why", "Alice", NOW),
    "wipe": lambda: METADATA.wipe(Q42, [1]),
    "reclaim": lambda: METADATA.reclaim(Q42, an_attempt(), 1, [1], NOW),
    "record_unchanged": lambda: METADATA.record_unchanged(Landed(Q42, 1, True, b""), b"", NOW),
    "reserve": lambda: METADATA.reserve(a_key(), Q42, NOW),
    "register": lambda: METADATA.register(Q42, NOW),
    "lease_numbers": lambda: METADATA.lease_numbers(EntityType.ITEM, 1),
    "mark": lambda: METADATA.mark([(Q42, 1)], derived=True),
    "relink": lambda: METADATA.relink(Q42, 1, [a_link()], []),
    "redirect": lambda: METADATA.redirect(Q42, None, 1, "Alice", NOW),
    "hold_lease": lambda: METADATA.hold_lease("relay", "one", 15, NOW),
    "publish": lambda: EVENTS.publish([an_event()]),
}


@pytest.mark.parametrize("verb", WRITES)
async def test_of_an_idempotent_write_a_lost_answer_is_unavailable(verb: str) -> None:
    """It may be made again; only the commit has three endings."""
    with pytest.raises(Unavailable):
        await WRITES[verb]()


async def test_of_a_commit_a_lost_answer_is_an_unknown_outcome() -> None:
    """W1: landed, did not land, nobody knows."""
    with pytest.raises(OutcomeUnknown):
        await METADATA.commit(a_swap())


class Forgetful:
    """An object store in memory that breaks its promise in one of several ways."""

    def __init__(self, how: str) -> None:
        self.how = how
        self.stored: dict[Key, NewObject] = {}

    async def get(self, keys: Collection[Key]) -> Mapping[Key, StoredObject | Damaged]:
        found = {key: self.stored[key] for key in keys if key in self.stored}
        return {key: StoredObject(new.data, new.attempt, {}) for key, new in found.items()}

    async def put_absent(self, objects: Sequence[NewObject]) -> Mapping[Key, Attempt | None]:
        taken: dict[Key, Attempt | None] = {}
        for new in objects:
            there = self.stored.get(new.key)
            if there is None or self.how in ("replaces", "replaces and says no"):
                self.stored[new.key] = new
            if there is not None and self.how != "replaces" and self.how != "says yes":
                taken[new.key] = None if self.how == "does not say whose" else there.attempt
        return taken

    async def tag(self, tags: Mapping[Key, Mapping[str, str]]) -> None:
        raise NotImplementedError

    async def tags(self, keys: Collection[Key]) -> Mapping[Key, Mapping[str, str]]:
        raise NotImplementedError

    async def names(self, bucket: Bucket, after: str, limit: int) -> Sequence[str]:
        raise NotImplementedError

    async def delete(self, keys: Collection[Key]) -> None:
        for key in keys:
            self.stored.pop(key, None)

    async def expire(self, keys: Collection[Key]) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("how", ["replaces", "replaces and says no", "says yes", "does not say whose"])
async def test_a_store_that_does_not_keep_what_was_written_first_is_refused(how: str) -> None:
    """S3: immutability rests on it."""
    with pytest.raises(NoConditionalCreation):
        await probe(Forgetful(how))


@pytest.mark.parametrize("how", ["keeps its promise", "replaces"])
async def test_the_probe_leaves_no_object(how: str) -> None:
    """S3: whatever it found."""
    store = Forgetful(how)
    try:
        await probe(store)
    except NoConditionalCreation:
        assert how == "replaces"

    assert store.stored == {}
