"""The cache of immutable things: one read for all, a bound in bytes, and nothing kept that may change."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from app import samples
from app.compose import open_stores
from app.main import application
from app.settings import Settings, WrongSetting, read_settings
from storage import reading
from storage.cache import Cache, Weighed, weighed
from storage.canonical import hash64
from storage.content import split
from storage.edits import Base
from storage.errors import Damaged, Unavailable
from storage.ids import EntityId
from storage.keys import Bucket, Key, snapshot_key, statement_key
from storage.model import StatementBody, StoredSnapshot
from storage.ports import NewObject, StoredObject, Stores
from storage.snapshot import read_statement, statement_bytes
from tests.builders import NOW, a_body, an_attempt, an_item
from tests.commit.making import edit, make
from tests.faults import Faults, When

ROOM = 2**20


def a_key(name: str) -> Key:
    return Key(Bucket.STATEMENTS, name)


class Source:
    """Values to be read: the name of each key, of the weight told. The calls are logged."""

    def __init__(self, weight: int = 1) -> None:
        self.weight = weight
        self.calls: list[list[str]] = []
        self.go = asyncio.Event()
        self.go.set()
        self.error: Exception | None = None
        self.damaged: set[str] = set()

    async def read(self, keys: Collection[Key]) -> Mapping[Key, Weighed[str] | Damaged]:
        self.calls.append([key.name for key in keys])
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return {
            key: Damaged(str(key), "is missing")
            if key.name in self.damaged
            else Weighed(key.name, self.weight)
            for key in keys
        }


async def values(cache: Cache, source: Source, names: str) -> list[str | None]:
    """What the cache answers for these names, None for what is damaged."""
    keys = {a_key(name): None for name in names.split()}
    found = await cache.get(keys.keys(), source.read)
    answers = (found[key] for key in keys)
    return [None if isinstance(one, Damaged) else one.value for one in answers]


def begun(cache: Cache, source: Source, names: str) -> asyncio.Task[list[str | None]]:
    return asyncio.create_task(values(cache, source, names))


async def settled() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_was_read_is_not_read_again() -> None:
    cache, source = Cache(ROOM), Source(weight=7)
    assert await values(cache, source, "a b") == ["a", "b"]
    assert await values(cache, source, "b a") == ["b", "a"]
    assert source.calls == [["a", "b"]]
    assert (cache.misses, cache.hits, cache.waits) == (2, 2, 0)
    assert (cache.entries, cache.bytes) == (2, 14)


@pytest.mark.parametrize("bound", [0, ROOM])
async def test_a_hundred_readers_of_one_object_make_one_read(bound: int) -> None:
    """Also where nothing is kept."""
    cache, source = Cache(bound), Source()
    source.go.clear()
    readers = [begun(cache, source, "a") for _ in range(100)]
    await settled()
    source.go.set()
    assert await asyncio.gather(*readers) == [["a"]] * 100
    assert source.calls == [["a"]]
    assert (cache.misses, cache.waits) == (1, 99)


async def test_overlapping_batches_read_each_key_once() -> None:
    """Each batch makes at most one read, of what nobody has or is reading."""
    cache, source = Cache(ROOM), Source()
    await values(cache, source, "a")
    source.go.clear()
    readers = [begun(cache, source, names) for names in ("a b c", "c d", "b d a", "e d a")]
    await settled()
    source.go.set()
    assert await asyncio.gather(*readers) == [names.split() for names in ("a b c", "c d", "b d a", "e d a")]
    assert source.calls == [["a"], ["b", "c"], ["d"], ["e"]]


async def test_no_keys_are_no_read() -> None:
    source = Source()
    assert await values(Cache(ROOM), source, "") == []
    assert source.calls == []


async def test_the_value_used_longest_ago_goes_first() -> None:
    cache, source = Cache(30), Source(weight=10)
    for names in ("a", "b", "c", "a", "d"):
        await values(cache, source, names)
    assert (cache.entries, cache.bytes, cache.evictions) == (3, 30, 1)
    assert await values(cache, source, "a c d") == ["a", "c", "d"]
    assert cache.hits == 4
    await values(cache, source, "b")
    assert source.calls == [["a"], ["b"], ["c"], ["d"], ["b"]]


async def test_a_heavy_value_sends_several_light_ones_away() -> None:
    cache, light, heavy = Cache(30), Source(weight=10), Source(weight=25)
    await values(cache, light, "a b c")
    await values(cache, heavy, "d")
    assert (cache.entries, cache.bytes, cache.evictions) == (1, 25, 3)


async def test_a_value_beyond_the_bound_is_served_and_not_kept() -> None:
    """It sends nothing else away either."""
    cache, light, heavy = Cache(30), Source(weight=10), Source(weight=31)
    await values(cache, light, "a")
    assert await values(cache, heavy, "b") == ["b"]
    assert (cache.entries, cache.evictions) == (1, 0)
    assert await values(cache, heavy, "b") == ["b"]
    assert heavy.calls == [["b"], ["b"]]


async def test_what_is_damaged_is_told_and_not_kept() -> None:
    """Whoever repairs the object is believed at once."""
    cache, source = Cache(ROOM), Source()
    source.damaged = {"a"}
    assert await values(cache, source, "a b") == [None, "b"]
    source.damaged = set()
    assert await values(cache, source, "a b") == ["a", "b"]
    assert source.calls == [["a", "b"], ["a"]]


async def test_an_error_is_told_to_all_who_waited_and_not_kept() -> None:
    cache, source = Cache(ROOM), Source()
    source.error = Unavailable("gone")
    source.go.clear()
    readers = [begun(cache, source, names) for names in ("a b", "a", "b")]
    await settled()
    source.go.set()
    assert await asyncio.gather(*readers, return_exceptions=True) == [source.error] * 3
    source.error = None
    assert await values(cache, source, "a b") == ["a", "b"]
    assert source.calls == [["a", "b"], ["a", "b"]]


async def test_of_two_errors_one_is_told_and_none_is_lost() -> None:
    """Two reads fail for one reader: the loop has nothing to say of an error "never retrieved"."""
    cache, source, other = Cache(ROOM), Source(), Source()
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    source.error, other.error = Unavailable("one"), Unavailable("other")
    source.go.clear()
    readers = [begun(cache, source, "a"), begun(cache, other, "a b")]
    await settled()
    source.go.set()
    await asyncio.wait(readers)
    assert [str(reader.exception()) for reader in readers] == ["one", "one"]
    del readers
    source.error = other.error = None  # its traceback leads to the reads
    gc.collect()
    assert complaints == []


async def test_who_is_cancelled_leaves_the_others_their_read() -> None:
    cache, source = Cache(ROOM), Source()
    source.go.clear()
    leader = begun(cache, source, "a b")
    await settled()
    follower = begun(cache, source, "a")
    await settled()
    leader.cancel()
    await settled()
    assert leader.cancelled()
    source.go.set()
    assert await follower == ["a"]
    assert source.calls == [["a", "b"]]


async def test_a_read_that_nobody_waits_for_any_more_still_fills_the_cache() -> None:
    cache, source = Cache(ROOM), Source()
    source.go.clear()
    leader = begun(cache, source, "a")
    await settled()
    leader.cancel()
    await settled()
    source.go.set()
    await settled()
    assert await values(cache, source, "a") == ["a"]
    assert source.calls == [["a"]]


async def test_the_error_of_a_read_that_nobody_waits_for_is_silent() -> None:
    cache, source = Cache(ROOM), Source()
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    source.error = Unavailable("gone")
    source.go.clear()
    leader = begun(cache, source, "a")
    await settled()
    leader.cancel()
    await settled()
    source.go.set()
    await settled()
    del leader  # its traceback leads to the read
    gc.collect()
    assert complaints == []


async def test_a_read_that_is_cancelled_itself_is_over() -> None:
    """As all tasks are when a loop ends: the next one who asks reads anew, and is not told of it for ever."""
    cache, source = Cache(ROOM), Source()
    before = asyncio.all_tasks()
    reader = begun(cache, source, "a")
    await asyncio.sleep(0)
    for task in asyncio.all_tasks() - before - {reader}:
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert await values(cache, source, "a") == ["a"]


async def test_the_weight_is_about_the_memory() -> None:
    """Real memory stays within twice the bound, and the bound is used at least by a third."""
    bound = 4 * 2**20
    entities = [one for one in samples.entities() if "claims" in one]
    bodies = [body for one in entities for body in split(one).bodies.values()]
    data = [statement_bytes(hash64(body.canonical), body, NOW) for body in bodies]
    assert len(data) > 50
    cache = Cache(bound)

    async def parse(keys: Collection[Key]) -> Mapping[Key, Weighed[StatementBody] | Damaged]:
        answers = {}
        for key in keys:
            number = int(key.name) % len(data)
            hash_ = hash64(bodies[number].canonical)
            answers[key] = weighed(read_statement(data[number], hash_, key, hash64), data[number])
        return answers

    await cache.get({a_key("0")}, parse)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(2000):
            await cache.get({a_key(str(number))}, parse)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert cache.evictions > 500
    assert bound / 3 < taken < bound * 2


ITEM_ID = EntityId("Q42")
ITEM = an_item().with_label("en", "whole").with_statement("P1", string="one").with_statement("P2", item="Q5")
BODIES = [a_body("P1", string="one"), a_body("P2", item="Q5")]


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
async def cached(stores: Stores, faults: Faults) -> Stores:
    """Stores with an item and a cache, nothing read yet."""
    await make(stores, edit(ITEM, Base.NOTHING))
    return replace(faults.wrap(stores), cache=Cache(ROOM))


def hashes(stores: Stores) -> list[int]:
    return [stores.hasher(body.canonical, 0) for body in BODIES]


async def test_statements_are_read_once(cached: Stores, faults: Faults) -> None:
    """Q3: what is cached costs no object read."""
    first = await reading.statements(cached, hashes(cached)[:1])
    assert faults.verbs() == ["objects.get"]
    both = await reading.statements(cached, hashes(cached))
    assert [list(call.arguments[0]) for call in faults.calls] == [
        [statement_key(one)] for one in hashes(cached)
    ]
    again = await reading.statements(cached, hashes(cached))
    assert len(faults.calls) == 2
    assert list(again.values()) == BODIES
    one = hashes(cached)[0]
    assert first[one] is both[one] is again[one]


async def test_a_snapshot_is_read_once(cached: Stores, faults: Faults) -> None:
    row = await reading.row_of(cached, ITEM_ID)
    first = await reading.snapshots(cached, [row])
    again = await reading.snapshots(cached, [row])
    assert faults.verbs().count("objects.get") == 1
    assert again == first
    [stored] = again.values()
    assert isinstance(stored, StoredSnapshot)
    assert stored.snapshot.content.entity["labels"]["en"]["value"] == "whole"


async def test_without_a_cache_every_read_is_a_read(cached: Stores, faults: Faults) -> None:
    """What fsck needs: it looks at the objects, not at what they were."""
    bare = replace(cached, cache=None)
    await reading.statements(bare, hashes(bare))
    await reading.statements(bare, hashes(bare))
    assert faults.verbs() == ["objects.get"] * 2


async def test_a_kept_snapshot_of_another_attempt_is_told(cached: Stores) -> None:
    """I1, I5: the row's attempt is compared with the object's on a hit as well."""
    row = await reading.row_of(cached, ITEM_ID)
    await reading.snapshots(cached, [row])
    other = replace(row, attempt=an_attempt(77))
    [told] = (await reading.snapshots(cached, [other])).values()
    assert isinstance(told, Damaged)
    assert told.key == str(snapshot_key(ITEM_ID, 1))


async def test_a_repaired_snapshot_is_read(cached: Stores) -> None:
    """A snapshot of another attempt is whole in itself, and yet not kept."""
    row = await reading.row_of(cached, ITEM_ID)
    key = snapshot_key(ITEM_ID, 1)
    whole = (await cached.objects.get([key]))[key]
    assert isinstance(whole, StoredObject)
    await put_instead(cached, NewObject(key, whole.data, an_attempt(77)))
    [told] = (await reading.snapshots(cached, [row])).values()
    assert isinstance(told, Damaged)
    await put_instead(cached, NewObject(key, whole.data, row.attempt))
    [told] = (await reading.snapshots(cached, [row])).values()
    assert isinstance(told, StoredSnapshot)


async def test_a_repaired_statement_is_read(cached: Stores) -> None:
    one, body = hashes(cached)[0], BODIES[0]
    key = statement_key(one)
    await cached.objects.delete([key])
    assert isinstance((await reading.statements(cached, [one]))[one], Damaged)
    await cached.objects.put_absent([NewObject(key, b"{}", an_attempt())])
    assert isinstance((await reading.statements(cached, [one]))[one], Damaged)
    await put_instead(cached, NewObject(key, statement_bytes(one, body, NOW), an_attempt()))
    assert (await reading.statements(cached, [one]))[one] == body


async def test_a_store_that_does_not_answer_is_asked_again(cached: Stores, faults: Faults) -> None:
    faults.fail(When.BEFORE, verb="objects.get")
    with pytest.raises(Unavailable):
        await reading.statements(cached, hashes(cached))
    assert list((await reading.statements(cached, hashes(cached))).values()) == BODIES


async def test_an_edit_on_cached_content_leaves_it_as_it_was(cached: Stores) -> None:
    """What is handed out is everyone's: reading and writing change none of it."""
    row = await reading.row_of(cached, ITEM_ID)
    before = await reading.entity_json(cached, row)
    await make(cached, edit(ITEM.with_label("en", "other").with_statement("P1", string="new"), 1))
    assert (
        await reading.entity_json(cached, row)
        == before
        == await reading.entity_json(replace(cached, cache=None), row)
    )


async def test_the_server_caches_and_commands_do_not(tmp_path_factory: pytest.TempPathFactory) -> None:
    """O1: as much as the setting says, with parts of answers; a check has to see the objects themselves."""
    settings = Settings(data=tmp_path_factory.mktemp("data"), cache_bytes=5)
    app = application(settings)
    async with app.router.lifespan_context(app):
        assert app.state.stores.cache.bound + app.state.documents.plans.parts.bound == 5
    async with open_stores(settings, alone=True) as stores:
        assert stores.cache is None


def test_the_setting_may_be_nothing_but_not_less() -> None:
    assert read_settings({"CACHE_BYTES": "0"}).cache_bytes == 0
    with pytest.raises(WrongSetting, match="CACHE_BYTES='-1' is not 0 or a positive number"):
        read_settings({"CACHE_BYTES": "-1"})


async def put_instead(stores: Stores, new: NewObject) -> None:
    """Another object in place of one: what only a repair or a fault of the store itself could do."""
    await stores.objects.delete([new.key])
    await stores.objects.put_absent([new])
