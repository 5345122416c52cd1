"""What the object store on S3 does beyond its port's contract, and when the server or the way to it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from storage.errors import Unavailable
from storage.keys import Bucket, Key
from storage.ports import NewObject, StoredObject
from storage.probe import NoConditionalCreation, probe
from storage.s3 import S3Objects, open_s3
from storage.s3_client import Folder, S3Client, S3Place, S3Refusal, connected
from tests.builders import an_attempt
from tests.services import speech
from tests.services.calls import Answer, Onward, intercepted
from tests.services.line import Fault, Line, line_to
from tests.services.seaweed import Seaweed, place, running, seaweed

__all__ = ["place", "seaweed"]

KEY, OTHER = Key(Bucket.STATEMENTS, "1.json"), Key(Bucket.STATEMENTS, "2.json")


def an_object(key: Key = KEY, data: bytes = b"{}", attempt: int = 1) -> NewObject:
    return NewObject(key, data, an_attempt(attempt))


def at(place: S3Place, key: Key = KEY) -> dict[str, str]:
    folder = place.folder(key.bucket)
    return {"Bucket": folder.bucket, "Key": folder.prefix + key.name}


@pytest.fixture
async def objects(place: S3Place) -> AsyncIterator[S3Objects]:
    async with open_s3(place) as opened:
        yield opened


@pytest.fixture
async def client(place: S3Place) -> AsyncIterator[S3Client]:
    """For what the port has no verbs for."""
    async with connected(place) as opened:
        yield opened


@pytest.fixture
async def line(seaweed: Seaweed) -> AsyncIterator[Line]:
    """The way that `far` goes."""
    async with line_to(speech.http, seaweed.port) as opened:
        yield opened


@pytest.fixture
async def far(place: S3Place, line: Line) -> AsyncIterator[S3Objects]:
    """The same objects, by a line on which answers can be lost."""
    async with open_s3(replace(place, endpoint=f"http://127.0.0.1:{line.port}")) as opened:
        yield opened


# What lies there


async def test_an_object_says_that_it_may_be_kept_for_ever(
    objects: S3Objects, client: S3Client, place: S3Place
) -> None:
    """S3: for whatever cache stands before the store."""
    await objects.put_absent([an_object()])

    head = await client.call("head_object", **at(place))

    assert head["CacheControl"] == "public, max-age=31536000, immutable"
    assert head["ContentType"] == "application/json"


async def test_how_long_it_may_be_kept_is_a_setting(client: S3Client, place: S3Place) -> None:
    """S3."""
    async with open_s3(replace(place, cache_control="private, no-store")) as objects:
        await objects.put_absent([an_object()])

    assert (await client.call("head_object", **at(place)))["CacheControl"] == "private, no-store"


async def test_a_snapshot_carries_its_revision_and_its_state(
    objects: S3Objects, client: S3Client, place: S3Place
) -> None:
    """S4: the state as a tag, which can change though the object can't."""
    key = Key(Bucket.REVISIONS, "Q42/1.json")
    state, revision = {"publication_state": "pending"}, {"revision_id": "1"}
    await objects.put_absent([NewObject(key, b"{}", an_attempt(), tags=state, metadata=revision)])

    head = await client.call("head_object", **at(place, key))
    tagging = await client.call("get_object_tagging", **at(place, key))

    assert head["Metadata"]["revision_id"] == "1"
    assert tagging["TagSet"] == [{"Key": "publication_state", "Value": "pending"}]


async def test_an_object_that_others_wrote_is_read_and_is_nobodys(
    objects: S3Objects, client: S3Client, place: S3Place
) -> None:
    """S2: objects of older layouts may have been copied there."""
    await client.call("put_object", **at(place), Body=b"old", Metadata={"made": "elsewhere"})

    assert await objects.get([KEY]) == {KEY: StoredObject(b"old", None, {"made": "elsewhere"})}
    assert await objects.put_absent([an_object()]) == {KEY: None}


async def test_an_attempt_that_is_none_is_nobodys(
    objects: S3Objects, client: S3Client, place: S3Place
) -> None:
    await client.call("put_object", **at(place), Body=b"old", Metadata={"attempt": "one of ours"})

    assert await objects.put_absent([an_object()]) == {KEY: None}


async def test_both_kinds_may_lie_in_one_bucket(objects: S3Objects, place: S3Place) -> None:
    """S2: bucket names and prefixes are settings."""
    bucket, prefix = place.revisions.bucket, place.revisions.prefix
    together = replace(
        place,
        revisions=Folder(bucket, f"{prefix}revisions/"),
        statements=Folder(bucket, f"{prefix}statements/"),
    )
    snapshot, statement = Key(Bucket.REVISIONS, "Q1/1.json"), Key(Bucket.STATEMENTS, "1.json")

    async with open_s3(together) as opened:
        await opened.put_absent([an_object(snapshot), an_object(statement)])

        assert await opened.names(Bucket.REVISIONS, "", 10) == ["Q1/1.json"]
        assert await opened.names(Bucket.STATEMENTS, "", 10) == ["1.json"]
    assert sorted(await objects.names(Bucket.REVISIONS, "", 10)) == [
        "revisions/Q1/1.json",
        "statements/1.json",
    ]


@pytest.mark.parametrize("prefixes", [("", ""), ("", "statements/"), ("all/", "all/statements/")])
def test_the_two_kinds_do_not_lie_among_each_other(prefixes: tuple[str, str]) -> None:
    """S2: else one kind's names would be listed as the other's."""
    one, other = prefixes

    with pytest.raises(ValueError, match="prefixes"):
        S3Place(revisions=Folder("wikibase", one), statements=Folder("wikibase", other))


async def test_names_come_in_as_many_answers_as_it_takes(
    objects: S3Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server names a thousand at most."""
    names = [f"{number}.json" for number in range(1, 8)]
    await objects.put_absent([an_object(Key(Bucket.STATEMENTS, name)) for name in names])
    monkeypatch.setattr("storage.s3.PAGE", 2)

    assert await objects.names(Bucket.STATEMENTS, "1.json", 5) == names[1:6]
    assert await objects.names(Bucket.STATEMENTS, "", 100) == names
    assert await objects.names(Bucket.STATEMENTS, "", 0) == []


# Versions


async def test_what_is_deleted_leaves_no_version(
    objects: S3Objects, client: S3Client, place: S3Place
) -> None:
    """T7: not one that somebody wrote over it, nor the mark of an earlier deletion; and names that go on stay."""
    longer = Key(Bucket.STATEMENTS, "1.json.gz")
    await objects.put_absent([an_object(), an_object(longer)])
    await client.call("put_object", **at(place), Body=b"written over")
    await client.call("delete_object", **at(place))

    await objects.delete([KEY])

    folder, name = at(place).values()
    left = await client.call("list_object_versions", Bucket=folder, Prefix=name)
    assert [one["Key"] for one in left["Versions"]] == [f"{name}.gz"]
    assert "DeleteMarkers" not in left


async def test_an_object_under_a_mark_of_deletion_is_not_there(
    objects: S3Objects, client: S3Client, place: S3Place
) -> None:
    """What expires by a rule gets such a mark first. Then its key is free."""
    await objects.put_absent([an_object()])
    await client.call("delete_object", **at(place))

    await objects.tag({KEY: {"a": "b"}})

    assert await objects.get([KEY]) == {}
    assert await objects.tags([KEY]) == {}
    assert await objects.names(Bucket.STATEMENTS, "", 10) == []
    assert await objects.put_absent([an_object(data=b"again", attempt=2)]) == {}
    assert await objects.get([KEY]) == {KEY: StoredObject(b"again", an_attempt(2), {})}


async def test_a_deletion_that_is_refused_is_told(place: S3Place) -> None:
    async def between(onward: Onward, verb: str, parameters: dict[str, Any]) -> Answer:
        if verb == "delete_objects":
            return {"Errors": [{"Code": "AccessDenied"}]}  # the answer to such a call is 200 all the same
        return await onward(verb, **parameters)

    async with intercepted(place, between) as objects:
        await objects.put_absent([an_object()])
        with pytest.raises(Unavailable, match="AccessDenied"):
            await objects.delete([KEY])


# Answers that are lost


async def test_a_write_whose_answer_is_lost_is_known_as_ones_own(far: S3Objects, line: Line) -> None:
    """I2: the driver writes again, is refused, and the object says whose it is."""
    line.fail(Fault.ANSWER_LOST, name="PUT")

    assert await far.put_absent([an_object(data=b"mine", attempt=7)]) == {KEY: an_attempt(7)}

    assert len(line.befallen) == 1
    assert await far.get([KEY]) == {KEY: StoredObject(b"mine", an_attempt(7), {})}


async def test_a_refusal_that_is_lost_does_not_become_ones_own(
    objects: S3Objects, far: S3Objects, line: Line
) -> None:
    """I1."""
    await objects.put_absent([an_object(data=b"first", attempt=1)])
    line.fail(Fault.ANSWER_LOST, name="PUT")

    assert await far.put_absent([an_object(data=b"second", attempt=2)]) == {KEY: an_attempt(1)}


async def test_when_all_answers_are_lost_nobody_knows_until_asked_again(far: S3Objects, line: Line) -> None:
    """I2."""
    line.fail(Fault.ANSWER_LOST, name="PUT", times=100)
    with pytest.raises(Unavailable):
        await far.put_absent([an_object(attempt=7)])
    line.calm()

    assert await far.put_absent([an_object(attempt=7)]) == {KEY: an_attempt(7)}


async def test_an_object_of_which_half_arrives_is_not_an_object(far: S3Objects, line: Line) -> None:
    """I5."""
    await far.put_absent([an_object(data=b"x" * 300_000)])
    line.fail(Fault.ANSWER_TORN, name="GET", times=100)

    with pytest.raises(Unavailable):
        await far.get([KEY])


async def test_a_server_that_says_nothing_is_unavailable(place: S3Place) -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        silent = replace(place, endpoint=f"http://127.0.0.1:{port}", read_seconds=0.05)
        async with open_s3(silent) as objects:
            with pytest.raises(Unavailable, match="ReadTimeoutError"):
                await objects.get([KEY])


async def test_a_write_that_is_not_answered_is_tried_again(
    place: S3Place, line: Line, seaweed: Seaweed
) -> None:
    """The driver would by itself wait for the server's word to go on, without an end."""
    impatient = replace(place, endpoint=f"http://127.0.0.1:{line.port}", read_seconds=0.2)
    line.fail(Fault.REQUEST_HELD, name="PUT")
    async with open_s3(impatient) as objects, asyncio.timeout(20):
        assert await objects.put_absent([an_object()]) == {}

    assert [call.name for call in line.calls] == ["PUT", "PUT"]
    assert b"expect:" not in line.calls[0].data.lower()


async def test_a_server_that_takes_nothing_in_is_unavailable(place: S3Place) -> None:
    """However much there is to be sent: what is not sent is not answered, and the driver waits for answers alone."""
    over = asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.transport.abort()

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        full = replace(place, endpoint=f"http://127.0.0.1:{port}", connect_seconds=0.05, read_seconds=0.05)
        async with open_s3(full) as objects, asyncio.timeout(20):
            with pytest.raises(Unavailable, match="TimeoutError"):
                await objects.put_absent([an_object(data=b"x" * 2**25)])
        over.set()


@pytest.fixture
def mortal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seaweed]:
    """A server that no other test uses."""
    with running() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


async def test_after_a_restart_of_the_server_it_goes_on_by_itself(mortal: Seaweed) -> None:
    """I4: and what was acknowledged before is there."""
    async with open_s3(mortal.place("")) as objects:
        await objects.put_absent([an_object(data=b"before")])
        mortal.kill()
        with pytest.raises(Unavailable):
            await objects.get([KEY])
        with pytest.raises(Unavailable):
            await objects.put_absent([an_object(OTHER)])
        mortal.start()

        assert await objects.get([KEY, OTHER]) == {KEY: StoredObject(b"before", an_attempt(1), {})}
        assert await objects.put_absent([an_object(OTHER, b"after")]) == {}


async def test_a_refusal_is_told_without_secrets(place: S3Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret that is wrong")

    async with open_s3(place) as objects:
        with pytest.raises(Unavailable, match=r"refused get_object: SignatureDoesNotMatch$"):
            await objects.get([KEY])


async def test_a_bucket_that_is_missing_is_no_missing_object(place: S3Place) -> None:
    """Absence is an answer; a wrong setting is none."""
    async with open_s3(replace(place, statements=Folder("no-such-bucket"))) as objects:
        with pytest.raises(Unavailable, match="NoSuchBucket"):
            await objects.get([KEY])


# Others at work


@pytest.mark.parametrize("times", [1, 3])
async def test_a_conflict_that_nobody_has_won_is_tried_again(place: S3Place, times: int) -> None:
    """I1: 409 is no answer to who has the key."""
    left = times

    async def between(onward: Onward, verb: str, parameters: dict[str, Any]) -> Answer:
        nonlocal left
        if verb == "put_object" and left:
            left -= 1
            raise S3Refusal(verb, 409, "ConditionalRequestConflict")
        return await onward(verb, **parameters)

    async with intercepted(place, between) as objects:
        assert await objects.put_absent([an_object()]) == {}
        assert set(await objects.get([KEY])) == {KEY}


async def test_a_conflict_that_does_not_end_is_told(place: S3Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.s3.TRIES", 2)

    async def between(onward: Onward, verb: str, parameters: dict[str, Any]) -> Answer:
        raise S3Refusal(verb, 409, "ConditionalRequestConflict")

    async with intercepted(place, between) as objects:
        with pytest.raises(Unavailable, match="too many writers"):
            await objects.put_absent([an_object()])


async def test_a_key_that_is_freed_while_one_asks_who_took_it_is_written(
    objects: S3Objects, place: S3Place
) -> None:
    """T7: a collector may be at work."""
    await objects.put_absent([an_object(data=b"old", attempt=1)])

    async def between(onward: Onward, verb: str, parameters: dict[str, Any]) -> Answer:
        if verb == "head_object":
            await objects.delete([KEY])
        return await onward(verb, **parameters)

    async with intercepted(place, between) as others:
        assert await others.put_absent([an_object(data=b"new", attempt=2)]) == {}
    assert await objects.get([KEY]) == {KEY: StoredObject(b"new", an_attempt(2), {})}


async def test_in_one_process_nobody_races_for_a_key(place: S3Place) -> None:
    """A server may let the losers of a race wait for seconds."""
    at_once, most = 0, 0

    async def between(onward: Onward, verb: str, parameters: dict[str, Any]) -> Answer:
        nonlocal at_once, most
        at_once += verb == "put_object"
        most = max(most, at_once)
        try:
            return await onward(verb, **parameters)
        finally:
            at_once -= verb == "put_object"

    async with intercepted(place, between) as objects:
        answers = await asyncio.gather(
            *(objects.put_absent([an_object(attempt=number)]) for number in range(1, 21))
        )

    assert most == 1
    assert answers == [{}, *[{KEY: an_attempt(1)}] * 19]


async def test_no_more_calls_are_under_way_than_the_place_allows(place: S3Place) -> None:
    under_way, most = 0, 0

    async def between(onward: Onward, verb: str, parameters: dict[str, Any]) -> Answer:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await onward(verb, **parameters)
        finally:
            under_way -= 1

    keys = [Key(Bucket.STATEMENTS, f"{number}.json") for number in range(30)]
    async with intercepted(replace(place, concurrency=4), between) as objects:
        await asyncio.gather(
            objects.put_absent([an_object(key) for key in keys]),
            objects.get(keys),
            objects.tags(keys),
            objects.delete(keys),
        )

    assert most == 4


async def test_when_one_object_fails_no_call_goes_on_behind_the_callers_back(place: S3Place) -> None:
    """The caller may give up its claims then."""
    under_way, others_are = 0, asyncio.Event()

    async def between(onward: Onward, verb: str, parameters: dict[str, Any]) -> Answer:
        nonlocal under_way
        if parameters["Key"].endswith("/2.json"):
            await others_are.wait()
            raise Unavailable("of this one")
        under_way += 1
        if under_way == 3:
            others_are.set()
        try:
            return await asyncio.Future()
        finally:
            under_way -= 1

    keys = [Key(Bucket.STATEMENTS, f"{number}.json") for number in range(4)]
    async with intercepted(place, between) as objects:
        with pytest.raises(Unavailable, match="of this one"):
            await objects.put_absent([an_object(key) for key in keys])

        assert not under_way


# The start-up probe


async def test_the_probe_refuses_a_server_that_takes_a_second_creation(place: S3Place) -> None:
    """S3: immutability rests on it."""

    async def between(onward: Onward, verb: str, parameters: dict[str, Any]) -> Answer:
        parameters.pop("IfNoneMatch", None)
        return await onward(verb, **parameters)

    async with intercepted(place, between) as objects:
        with pytest.raises(NoConditionalCreation):
            await probe(objects)

        assert await objects.names(Bucket.STATEMENTS, "", 10) == []
