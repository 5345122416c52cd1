"""The port `Objects`: immutable objects by key."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from storage.errors import Damaged
from storage.keys import Bucket, Key
from storage.ports import NewObject, Objects, StoredObject
from storage.probe import probe
from tests.builders import an_attempt


def a_key(name: str = "1.json", bucket: Bucket = Bucket.STATEMENTS) -> Key:
    return Key(bucket, name)


def an_object(name: str = "1.json", data: bytes = b"{}", attempt: int = 1) -> NewObject:
    return NewObject(a_key(name), data, an_attempt(attempt))


ENDED = {"retention": "ended"}


class ObjectsSuite:
    """Subclasses give `objects`, may give more `peers`, and `corrupt`."""

    @pytest.fixture
    async def objects(self) -> Objects:
        """An empty store."""
        raise NotImplementedError

    @pytest.fixture
    async def peers(self, objects: Objects) -> Sequence[Objects]:
        """Clients of the same store."""
        return [objects]

    async def corrupt(self, key: Key) -> None:
        """Change the bytes of an object behind the adapter's back."""
        raise NotImplementedError

    async def test_a_key_without_object_is_not_in_the_answer(self, objects: Objects) -> None:
        """Absence is an answer, and takes nothing from the neighbours."""
        await objects.put_absent([an_object("1.json")])

        found = await objects.get([a_key("1.json"), a_key("2.json")])

        assert set(found) == {a_key("1.json")}

    async def test_no_keys_are_no_objects(self, objects: Objects) -> None:
        assert await objects.get([]) == {}
        assert await objects.tags([]) == {}
        assert await objects.put_absent([]) == {}

    @pytest.mark.parametrize("data", [b"{}", b"\x00\xff\r\n'", b"x" * 300_000], ids=["text", "binary", "big"])
    async def test_an_object_comes_back_as_it_was_written(self, objects: Objects, data: bytes) -> None:
        """I5: bytes, attempt and metadata."""
        key = a_key("Q42/1.json", Bucket.REVISIONS)
        new = NewObject(key, data, an_attempt(7), metadata={"revision_id": "1"})

        assert await objects.put_absent([new]) == {}
        found = (await objects.get([key]))[key]

        assert isinstance(found, StoredObject)
        assert (found.data, found.attempt, dict(found.metadata)) == (
            data,
            an_attempt(7),
            {"revision_id": "1"},
        )

    async def test_a_name_may_stand_in_both_buckets(self, objects: Objects) -> None:
        keys = [a_key("1.json", bucket) for bucket in Bucket]
        new = [NewObject(key, str(key).encode(), an_attempt()) for key in keys]

        assert await objects.put_absent(new) == {}
        found = await objects.get(keys)

        assert {key: getattr(found[key], "data", None) for key in keys} == {
            key: str(key).encode() for key in keys
        }

    async def test_a_second_writer_is_told_whose_the_object_is(self, objects: Objects) -> None:
        """I1."""
        await objects.put_absent([an_object(data=b"first", attempt=1)])

        taken = await objects.put_absent([an_object(data=b"second", attempt=2)])

        assert taken == {a_key(): an_attempt(1)}

    async def test_what_a_second_writer_brings_is_not_stored(self, objects: Objects) -> None:
        """I1."""
        await objects.put_absent([an_object(data=b"first", attempt=1)])

        await objects.put_absent([an_object(data=b"second", attempt=2)])

        found = (await objects.get([a_key()]))[a_key()]
        assert isinstance(found, StoredObject)
        assert (found.data, found.attempt) == (b"first", an_attempt(1))

    async def test_a_writer_who_repeats_itself_is_told_its_own_attempt(self, objects: Objects) -> None:
        """I2: so it knows that its first call landed, though the answer was lost."""
        await objects.put_absent([an_object(attempt=3)])

        assert await objects.put_absent([an_object(attempt=3)]) == {a_key(): an_attempt(3)}

    async def test_of_twenty_racing_writers_one_wins_and_all_others_are_told_who(
        self, peers: Sequence[Objects]
    ) -> None:
        """I1."""
        writers = range(1, 21)
        answers = await asyncio.gather(
            *(
                peers[writer % len(peers)].put_absent([an_object(data=b"of %d" % writer, attempt=writer)])
                for writer in writers
            )
        )

        winners = [writer for writer, taken in zip(writers, answers, strict=True) if not taken]
        assert len(winners) == 1
        told = [taken[a_key()] for taken in answers if taken]
        assert told == [an_attempt(winners[0])] * 19
        for peer in peers:
            found = (await peer.get([a_key()]))[a_key()]
            assert isinstance(found, StoredObject)
            assert (found.data, found.attempt) == (b"of %d" % winners[0], an_attempt(winners[0]))

    async def test_of_a_batch_only_the_free_keys_are_written(self, objects: Objects) -> None:
        """Each object stands for itself."""
        await objects.put_absent([an_object("2.json", b"old", attempt=1)])

        taken = await objects.put_absent(
            [an_object(f"{number}.json", b"new", attempt=2) for number in (1, 2, 3)]
        )

        assert taken == {a_key("2.json"): an_attempt(1)}
        found = await objects.get([a_key(f"{number}.json") for number in (1, 2, 3)])
        assert [getattr(found[a_key(f"{number}.json")], "data", None) for number in (1, 2, 3)] == [
            b"new",
            b"old",
            b"new",
        ]

    async def test_of_a_key_that_comes_twice_in_a_batch_the_first_is_written(self, objects: Objects) -> None:
        """I1: and whoever brought it is told that it was taken, as by any other."""
        batch = [an_object("1.json", b"first"), an_object("1.json", b"second", 2), an_object("2.json")]

        taken = await objects.put_absent(batch)

        assert taken == {a_key("1.json"): an_attempt(1)}
        found = await objects.get([a_key("1.json"), a_key("2.json")])
        assert {key.name: getattr(one, "data", None) for key, one in found.items()} == {
            "1.json": b"first",
            "2.json": b"{}",
        }

    async def test_many_objects_go_in_one_call(self, objects: Objects) -> None:
        """An entity may have thousands of statements."""
        names = [f"{number}.json" for number in range(1201)]

        await objects.put_absent([an_object(name, name.encode()) for name in names])
        found = await objects.get([a_key(name) for name in names])

        assert {key.name: getattr(one, "data", None) for key, one in found.items()} == {
            name: name.encode() for name in names
        }

    async def test_a_damaged_object_is_a_value_and_hides_no_neighbour(self, objects: Objects) -> None:
        """I5: what is not what was written is never returned as if it were."""
        await objects.put_absent([an_object("1.json", b'{"a":1}'), an_object("2.json", b'{"b":2}')])
        await self.corrupt(a_key("1.json"))

        found = await objects.get([a_key("1.json"), a_key("2.json")])

        damage, whole = found[a_key("1.json")], found[a_key("2.json")]
        assert isinstance(damage, Damaged)
        assert "1.json" in damage.key
        assert isinstance(whole, StoredObject)
        assert whole.data == b'{"b":2}'

    async def test_a_damaged_object_still_takes_its_key(self, objects: Objects) -> None:
        """I1: a writer must not mend it with other content."""
        await objects.put_absent([an_object(data=b"first", attempt=1)])
        await self.corrupt(a_key())

        assert await objects.put_absent([an_object(data=b"second", attempt=2)]) == {a_key(): an_attempt(1)}

    async def test_tags_are_those_given_at_writing(self, objects: Objects) -> None:
        """S4."""
        tagged = NewObject(a_key("1.json"), b"{}", an_attempt(), tags={"publication_state": "pending"})
        await objects.put_absent([tagged, an_object("2.json")])

        found = await objects.tags([a_key("1.json"), a_key("2.json")])

        assert {key.name: dict(tags) for key, tags in found.items()} == {
            "1.json": {"publication_state": "pending"},
            "2.json": {},
        }

    async def test_a_key_without_object_has_no_tags(self, objects: Objects) -> None:
        assert await objects.tags([a_key()]) == {}

    async def test_tagging_replaces_all_tags(self, objects: Objects) -> None:
        """S4."""
        await objects.put_absent(
            [NewObject(a_key(), b"{}", an_attempt(), tags={"publication_state": "pending", "a": "b"})]
        )

        await objects.tag({a_key(): {"publication_state": "published"}})

        assert dict((await objects.tags([a_key()]))[a_key()]) == {"publication_state": "published"}

    async def test_tagging_leaves_the_object_as_it_is(self, objects: Objects) -> None:
        """S4: the object is never rewritten."""
        new = NewObject(a_key(), b"kept", an_attempt(7), metadata={"revision_id": "1"})
        await objects.put_absent([new])
        before = await objects.get([a_key()])

        await objects.tag({a_key(): {"publication_state": "published"}})

        assert await objects.get([a_key()]) == before

    async def test_tagging_passes_over_a_key_without_object(self, objects: Objects) -> None:
        """And tags the others."""
        await objects.put_absent([an_object("1.json")])

        await objects.tag({a_key("2.json"): {"a": "b"}, a_key("1.json"): {"a": "b"}})

        assert await objects.get([a_key("2.json")]) == {}
        assert {key.name for key in await objects.tags([a_key("1.json"), a_key("2.json")])} == {"1.json"}
        assert dict((await objects.tags([a_key("1.json")]))[a_key("1.json")]) == {"a": "b"}

    async def test_an_object_that_is_there_keeps_its_tags_when_another_would_be_written(
        self, objects: Objects
    ) -> None:
        """S4: a retry that comes late must not set a published snapshot back to pending."""
        await objects.put_absent([an_object()])
        await objects.tag({a_key(): {"publication_state": "published"}})

        late = NewObject(a_key(), b"{}", an_attempt(), tags={"publication_state": "pending"})
        await objects.put_absent([late])

        assert dict((await objects.tags([a_key()]))[a_key()]) == {"publication_state": "published"}

    @pytest.mark.parametrize("bucket", Bucket)
    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    async def test_pages_of_names_give_each_name_of_the_bucket_once(
        self, objects: Objects, limit: int, bucket: Bucket
    ) -> None:
        names = [
            "1.json",
            "10.json",
            "2.json",
            "Q4/1.json",
            "Q42/1.json",
            "Q42/10.json",
            "Q42/r1.json",
            "Q420/1.json",
            "q42/1.json",
            "statements/1.json",
        ]
        await objects.put_absent([NewObject(a_key(name, bucket), b"{}", an_attempt()) for name in names])
        [other] = set(Bucket) - {bucket}
        await objects.put_absent([NewObject(a_key("elsewhere.json", other), b"{}", an_attempt())])

        seen: list[str] = []
        while page := await objects.names(bucket, seen[-1] if seen else "", limit):
            assert len(page) <= limit
            seen.extend(page)
            assert len(seen) <= len(names)

        assert sorted(seen) == sorted(names)

    async def test_the_order_of_names_is_stable(self, objects: Objects) -> None:
        """A page begins where the last one ended, though objects came in between."""
        await objects.put_absent([an_object(f"{number}.json") for number in (3, 1, 5)])
        first = await objects.names(Bucket.STATEMENTS, "", 2)
        await objects.put_absent([an_object(f"{number}.json") for number in (2, 4)])

        again = await objects.names(Bucket.STATEMENTS, "", 100)

        assert [name for name in again if name in first] == list(first)
        assert set(await objects.names(Bucket.STATEMENTS, first[-1], 100)) >= {
            f"{number}.json" for number in (3, 1, 5)
        } - set(first)

    async def test_a_deleted_object_is_gone_and_its_neighbours_are_not(self, objects: Objects) -> None:
        await objects.put_absent([an_object("1.json"), an_object("2.json")])

        await objects.delete([a_key("1.json"), a_key("3.json")])

        assert set(await objects.get([a_key("1.json"), a_key("2.json")])) == {a_key("2.json")}
        assert await objects.names(Bucket.STATEMENTS, "", 10) == ["2.json"]
        assert set(await objects.tags([a_key("1.json"), a_key("2.json")])) == {a_key("2.json")}

    async def test_the_key_of_a_deleted_object_is_free(self, objects: Objects) -> None:
        """Who deletes an object knows that nobody relies on it; what comes later is another."""
        await objects.put_absent([an_object(data=b"first", attempt=1)])
        await objects.delete([a_key()])

        assert await objects.put_absent([an_object(data=b"second", attempt=2)]) == {}
        found = (await objects.get([a_key()]))[a_key()]
        assert isinstance(found, StoredObject)
        assert (found.data, found.attempt) == (b"second", an_attempt(2))

    async def test_what_expires_is_gone_or_is_what_the_rules_of_the_store_take_away(
        self, objects: Objects
    ) -> None:
        """W7, S3: and only that; a key without object is passed over."""
        await objects.put_absent([an_object("1.json"), an_object("2.json")])

        await objects.expire([a_key("1.json"), a_key("3.json")])

        tags = await objects.tags([a_key("1.json"), a_key("2.json"), a_key("3.json")])
        assert tags.get(a_key("1.json"), ENDED) == ENDED
        assert tags[a_key("2.json")] != ENDED
        assert set(tags) <= {a_key("1.json"), a_key("2.json")}

    async def test_names_come_in_the_order_of_their_bytes(self, objects: Objects) -> None:
        """W7: so that those of one folder come together, beyond its name."""
        names = ["Q4/1.json", "Q42/1.json", "Q42/10.json", "Q42/r2.json", "Q420/1.json", "Q5/1.json"]
        await objects.put_absent([an_object(name) for name in reversed(names)])

        assert list(await objects.names(Bucket.STATEMENTS, "", 10)) == names
        assert list(await objects.names(Bucket.STATEMENTS, "Q42/", 3)) == names[1:4]

    async def test_the_start_up_probe_is_content_and_leaves_nothing(self, objects: Objects) -> None:
        """S3."""
        before = await objects.names(Bucket.STATEMENTS, "", 10)

        await probe(objects)

        assert await objects.names(Bucket.STATEMENTS, "", 10) == before
