"""Erased content is gone for everybody, can't be written again, and takes nothing else with it (W7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.compose import open_embedded
from storage import erasure, reading, relay, times
from storage.cache import Cache
from storage.canonical import hash64
from storage.changes import Change, Protect, Protection, Restore, SetRevision, SoftDelete, Undelete
from storage.collect import LEAST_AGE, collect
from storage.derive import derive
from storage.edits import Base, Edit
from storage.erasure import Erased, carry_out, erase_left_over, erase_revisions, erase_statement
from storage.errors import (
    EntityMissing,
    Invalid,
    IsHead,
    NoErasureKey,
    NotRestorable,
    RevisionMissing,
    StatementMissing,
    StorageError,
    Unavailable,
)
from storage.errors import Erased as ErasedError
from storage.ids import EntityId
from storage.keys import snapshot_key, statement_key
from storage.model import AuditKind, EditInfo, StatementHash
from storage.port_deletions import AuditPage
from storage.port_erasing import ErasuresPage
from storage.ports import BacklinksPage, Claim, Stores
from storage.raw import raw_snapshots
from storage.retention import end_retentions
from storage.sql.metadata import SqlMetadata
from storage.sql.tables import entity_backlinks
from tests.builders import EntityBuilder, a_body, an_attempt, an_item
from tests.collect.making import DAY, after, an_item_with, created, deleted, hash_of, is_stored
from tests.commit.making import edit, findings, history, make, read
from tests.faults import Call, Faults, When

Q1, Q2 = EntityId("Q1"), EntityId("Q2")


async def erase(stores: Stores, text: str) -> Erased:
    return await erase_statement(stores, hash_of(text), reason="a court", by="Root", clock=times.now)


async def erase_history(stores: Stores, entity: str, *revisions: int) -> Erased:
    return await erase_revisions(
        stores, EntityId(entity), revisions, reason="a court", by="Root", clock=times.now
    )


def changed(entity: str, change: Change) -> Edit:
    return Edit(EntityId(entity), Base.HEAD, change, EditInfo("Alice"))


async def content_at(stores: Stores, one: StatementHash) -> object:
    """What a reader gets for the statement."""
    return (await reading.statements(stores, [one]))[one]


@pytest.fixture
async def shared(stores: Stores) -> Stores:
    """Two items share what is to be erased, and each has something else."""
    await created(stores, "Q1", "bad", "mine")
    await created(stores, "Q2", "theirs", "bad")
    return stores


# Statements


async def test_an_erased_statement_is_gone_and_its_neighbours_are_not(shared: Stores) -> None:
    """W7: whoever held it says all the rest."""
    assert (await erase(shared, "bad")).done

    assert isinstance(await content_at(shared, hash_of("bad")), ErasedError)
    assert not await is_stored(shared, "bad")
    told = await read(shared, "Q1")
    assert [one["mainsnak"]["datavalue"]["value"] for one in told["claims"]["P1"]] == ["mine"]
    assert len((await read(shared, "Q2"))["claims"]["P1"]) == 1
    assert await findings(shared) == []


async def test_a_property_that_had_nothing_else_goes_with_it(stores: Stores) -> None:
    await created(stores, "Q1", "bad")
    await erase(stores, "bad")
    assert await read(stores, "Q1") == {**an_item("Q1").json(), "claims": {}}


async def test_it_can_not_be_written_again(shared: Stores) -> None:
    """W7: by anybody; each fault says where, and nothing is stored."""
    await erase(shared, "bad")
    with pytest.raises(Invalid) as refused:
        await make(shared, edit(an_item_with("Q3", "new", "bad"), Base.NOTHING))

    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [
        ("/claims/P1/1", "erased_content")
    ]
    assert await history(shared, "Q3") == []
    assert not await is_stored(shared, "bad")


async def test_one_who_lost_the_key_could_write_it_again(shared: Stores) -> None:
    """So that it is known what the key is for: nothing else in the stores tells what was erased."""
    await erase(shared, "bad")
    await created(replace(shared, erasure_key=b"another"), "Q3", "bad")
    assert await is_stored(shared, "bad", probe=1)


async def test_without_a_key_nothing_is_erased(shared: Stores) -> None:
    with pytest.raises(NoErasureKey):
        await erase(replace(shared, erasure_key=b""), "bad")
    assert await is_stored(shared, "bad")
    assert await shared.metadata.erasures(ErasuresPage(10)) == []


async def test_what_is_unknown_can_not_be_erased(stores: Stores) -> None:
    with pytest.raises(StatementMissing):
        await erase(stores, "never")


CHANGES: list[Change] = [
    Protect(Protection.LOCKED),
    SoftDelete("why"),
    SetRevision(1),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
async def test_who_held_it_can_be_changed_as_before(shared: Stores, change: Change) -> None:
    """W7: it keeps its place, and the place says that it is erased."""
    await make(shared, edit(an_item_with("Q1", "bad", "mine", "more"), 1))
    await erase(shared, "bad")
    await make(shared, changed("Q1", change))
    assert await findings(shared) == []
    assert "mine" in str(await read(shared, "Q1"))


async def test_who_held_it_can_be_deleted_and_restored(shared: Stores) -> None:
    """W7: soft and hard."""
    await erase(shared, "bad")
    await make(shared, changed("Q1", SoftDelete("why")), changed("Q1", Undelete()))
    await deleted(shared, "Q1")
    await make(shared, changed("Q1", Restore("why")))
    assert await findings(shared) == []
    assert "mine" in str(await read(shared, "Q1"))
    await deleted(shared, "Q2")
    assert (await end_retentions(shared, after(2 * DAY))).statements == 2
    assert await findings(shared) == []


async def test_the_next_edit_of_who_held_it_is_without_it(shared: Stores) -> None:
    """W7: as it was read, with something new."""
    await erase(shared, "bad")
    told = await read(shared, "Q1")
    told["labels"] = {"en": {"language": "en", "value": "new"}}
    await make(shared, edit(told, 1))
    assert await findings(shared) == []
    head = (await shared.metadata.heads([Q1]))[Q1].revision
    assert head.index is not None
    assert list(head.index.hashes) == [hash_of("mine")]


async def test_nobody_is_told_any_more_whom_it_named(stores: Stores) -> None:
    """W7: a backlink tells half of what a statement says."""
    item = an_item("Q1").with_statement("P2", item="Q5")
    await make(stores, edit(item, Base.NOTHING))
    await relay.settle(stores, clock=times.now)
    page = BacklinksPage(EntityId("Q5"), 10)
    assert len((await stores.metadata.backlinks([page]))[page]) == 1

    one = stores.hasher(a_body("P2", item="Q5").canonical, 0)
    await erase_statement(stores, one, reason="why", by="Root", clock=times.now)

    assert (await stores.metadata.backlinks([page]))[page] == []
    assert await findings(stores) == []


async def test_what_is_erased_before_it_is_derived_is_derived_without_it(stores: Stores) -> None:
    """I7: and until then the erasure is not done."""
    await make(stores, edit(an_item_with("Q1", "bad", "mine"), Base.NOTHING))
    assert not (await erase(stores, "bad")).done
    assert await findings(stores) == []
    await erase_left_over(stores, after(DAY))
    (account,) = await stores.metadata.erasures(ErasuresPage(10))
    assert account.done


def naming(*others: str) -> EntityBuilder:
    """An item that names Q5, and items beside it."""
    item = an_item("Q1")
    for target in ("Q5", *others):
        item = item.with_statement("P2", item=target)
    return item


NAMING_Q5 = hash64(a_body("P2", item="Q5").canonical)
DERIVING = {
    "a link comes": ("metadata.hold", "metadata.relink", "metadata.find", "objects.tag"),
    "a link goes": ("objects.get", "metadata.relink", "metadata.find", "objects.tag"),
}


@pytest.mark.parametrize("when", When)
@pytest.mark.parametrize(("what", "verb"), [(what, verb) for what in DERIVING for verb in DERIVING[what]])
async def test_whom_it_named_is_not_told_by_one_who_derives_late(
    stores: Stores, what: str, verb: str, when: When
) -> None:
    """W7: who had read the statement before it was erased leaves no trace of its links, nor of those that ended."""
    before, then = an_item("Q1"), naming("Q6")
    if what == "a link goes":
        before, then = naming(), an_item("Q1").with_label("en", "named nobody")
    await make(stores, edit(before, Base.NOTHING))
    await relay.settle(stores, clock=times.now)
    outcome = await make(stores, edit(then, 1))
    assert outcome.owed is not None
    faults = Faults()
    pause = faults.pause(when, verb=verb)
    deriving = asyncio.create_task(derive(outcome.owed, faults.wrap(stores)))
    async with asyncio.timeout(60):
        await pause.reached.wait()

    await erase_statement(stores, NAMING_Q5, reason="why", by="Root", clock=times.now)
    pause.go.set()
    await deriving

    await relay.settle(stores, clock=times.now)
    await erase_left_over(stores, after(DAY))
    assert all(account.done for account in await stores.metadata.erasures(ErasuresPage(10)))
    assert await links_by(stores, NAMING_Q5) == 0
    assert await findings(stores) == []


async def links_by(stores: Stores, statement: StatementHash) -> int:
    """Rows of links by a statement, those of links that ended included."""
    assert isinstance(stores.metadata, SqlMetadata)
    query = select(func.count()).where(entity_backlinks.c.statement_hash == statement)
    return await stores.metadata.database.read(lambda c: c.execute(query).scalar_one())


async def test_a_link_that_one_who_died_has_left_is_found(stores: Stores) -> None:
    """W7, O4: drawn after the erasure and not taken back. As long as that is not done, nothing is wrong yet."""
    outcome = await make(stores, edit(naming(), Base.NOTHING))
    assert outcome.owed is not None
    body, attempt = a_body("P2", item="Q5"), an_attempt(9)
    await stores.metadata.claim(Claim(Q2, attempt, 0, [body]), hash64, times.now())
    faults = Faults()

    async def erase_now(_: Call) -> None:
        await erase_statement(stores, NAMING_Q5, reason="why", by="Root", clock=times.now)

    faults.do(erase_now, When.BEFORE, verb="metadata.relink")
    faults.silence(When.BEFORE, verb="metadata.find")
    with pytest.raises(Unavailable):
        await derive(outcome.owed, faults.wrap(stores))

    assert await findings(stores) == []
    await stores.metadata.release(Q2, [NAMING_Q5], attempt)
    await erase_left_over(stores, after(DAY))
    assert await findings(stores) == [
        f"I11 Q5 {NAMING_Q5}: the statement by which Q1 refers to it was erased"
    ]


@pytest.mark.parametrize("when", When)
async def test_a_writer_who_claimed_it_before_does_not_bring_it_back(stores: Stores, when: When) -> None:
    """W7: its object is put when it was deleted already, and goes again."""
    await created(stores, "Q1", "first")
    faults = Faults()
    pause = faults.pause(when, verb="metadata.claim")
    writing = asyncio.create_task(make(faults.wrap(stores), edit(an_item_with("Q1", "first", "bad"), 1)))
    await pause.reached.wait()
    if when is When.BEFORE:
        await created(stores, "Q2", "bad")
        assert (await erase(stores, "bad")).done
        pause.go.set()
        with pytest.raises(Invalid):
            await writing
    else:
        assert not (await erase(stores, "bad")).done
        pause.go.set()
        await writing
        assert isinstance(await content_at(stores, hash_of("bad")), ErasedError) or await is_stored(
            stores, "bad"
        )
        await relay.settle(stores, clock=times.now)
        await erase_left_over(stores, after(DAY))
    assert not await is_stored(stores, "bad")
    assert await findings(stores) == []


async def test_an_erased_statement_is_never_collected(shared: Stores) -> None:
    """W7: its row is what tells it when it comes back."""
    await erase(shared, "bad")
    for entity in ("Q1", "Q2"):
        await deleted(shared, entity)
    await end_retentions(shared, after(2 * DAY))
    assert (await collect(shared, after(LEAST_AGE + 9 * DAY))).collected == 2
    with pytest.raises(Invalid):
        await make(shared, edit(an_item_with("Q3", "bad"), Base.NOTHING))


# Revisions


def version(text: str) -> EntityBuilder:
    return an_item_with("Q1", "always", text).with_label("en", text)


@pytest.fixture
async def three(stores: Stores) -> Stores:
    """An item of three revisions, each with a label and a statement of its own."""
    await make(stores, edit(version("one"), Base.NOTHING), edit(version("two"), 1), edit(version("three"), 2))
    await relay.settle(stores, clock=times.now)
    return stores


async def test_of_an_erased_revision_only_its_place_in_the_history_is_left(three: Stores) -> None:
    """W7."""
    assert (await erase_history(three, "Q1", 1)).done

    row = await reading.row_of(three, Q1, 1)
    assert (row.erased, row.index, row.content_digest) == (True, None, None)
    with pytest.raises(ErasedError):
        await reading.entity_json(three, row)
    raw = (await raw_snapshots(three, [(Q1, 1)]))[(Q1, 1)]
    assert isinstance(raw, ErasedError)
    assert await three.objects.get([snapshot_key(Q1, 1)]) == {}
    assert await history(three, "Q1") == [1, 2, 3]
    assert await read(three, "Q1", 2) == version("two").json()
    assert await read(three, "Q1") == version("three").json()
    assert await findings(three) == []


async def test_what_only_erased_revisions_held_is_let_go(three: Stores) -> None:
    """T4."""
    await erase_history(three, "Q1", 1)
    texts = ("always", "one", "two")
    rows = await three.metadata.find([hash_of(text) for text in texts])
    assert [rows[hash_of(text)].ref_count for text in texts] == [1, 0, 1]
    assert (await collect(three, after(LEAST_AGE + 3 * DAY))).collected == 1


@pytest.mark.parametrize(
    ("entity", "revisions", "error"),
    [("Q1", [1, 3], IsHead), ("Q1", [9], RevisionMissing), ("Q9", [1], EntityMissing)],
)
async def test_the_head_and_what_is_not_there_can_not_be_erased(
    three: Stores, entity: str, revisions: list[int], error: type[Exception]
) -> None:
    """W7: nothing is erased, and nothing is noted."""
    with pytest.raises(error):
        await erase_history(three, entity, *revisions)
    assert await three.metadata.erasures(ErasuresPage(10)) == []
    assert await read(three, "Q1", 1) == version("one").json()


async def test_nothing_can_be_brought_back_to_an_erased_revision(three: Stores) -> None:
    await erase_history(three, "Q1", 1)
    with pytest.raises(NotRestorable) as refused:
        await make(three, changed("Q1", SetRevision(1)))
    assert refused.value.why == "erased"


@pytest.mark.parametrize("verb", ["objects.get", "metadata.reclaim", "objects.put_absent", "metadata.commit"])
@pytest.mark.parametrize("when", When)
async def test_one_who_was_just_bringing_it_back_loses_no_statement(
    three: Stores, verb: str, when: When
) -> None:
    """I6, I7: its content was read before it was erased; it wins or is refused."""
    faults = Faults()
    pause = faults.pause(when, verb=verb)
    restoring = asyncio.create_task(make(faults.wrap(three), changed("Q1", SetRevision(1))))
    async with asyncio.timeout(20):
        await pause.reached.wait()
    await erase_history(three, "Q1", 1)
    pause.go.set()
    try:
        await restoring
    except NotRestorable:
        assert await history(three, "Q1") == [1, 2, 3]
    await relay.settle(three, clock=times.now)
    await erase_left_over(three, after(DAY))
    assert await findings(three) == []
    assert await read(three, "Q1")


async def test_what_is_brought_back_while_it_is_let_go_is_noted_again(three: Stores) -> None:
    """I7: committed and derived between the look at what nobody else holds and the letting go."""
    writer, eraser = Faults(), Faults()
    writing, erasing = [
        writer.pause(When.BEFORE, verb="metadata.commit"),
        eraser.pause(When.BEFORE, verb="metadata.let_go"),
    ]
    restoring = asyncio.create_task(make(writer.wrap(three), changed("Q1", SetRevision(1))))
    await writing.reached.wait()
    ending = asyncio.create_task(erase_history(eraser.wrap(three), "Q1", 1))
    await erasing.reached.wait()
    writing.go.set()
    await restoring
    await relay.settle(three, clock=times.now)
    erasing.go.set()

    assert (await ending).done
    assert await findings(three) == []
    assert await read(three, "Q1") == version("one").json()


async def test_revisions_that_are_not_derived_yet_wait_for_it(stores: Stores) -> None:
    """I7: what is noted as held after it was let go would be held for ever."""
    await make(stores, edit(version("one"), Base.NOTHING), edit(version("two"), 1))
    assert not (await erase_history(stores, "Q1", 1)).done
    await relay.settle(stores, clock=times.now)
    await erase_left_over(stores, after(DAY))

    assert (await stores.metadata.find([hash_of("one")]))[hash_of("one")].ref_count == 0
    assert await findings(stores) == []


async def test_the_checker_still_sees_what_an_entity_with_erased_revisions_should_not_hold(
    three: Stores,
) -> None:
    """I7."""
    await erase_history(three, "Q1", 1)
    await three.metadata.hold(Q1, [hash_of("one")], None)
    assert await findings(three) == [
        f"I7 Q1 {hash_of('one')}: is noted as holding a statement that none of its revisions has"
    ]


async def test_revisions_are_accounted_for(three: Stores) -> None:
    """W7: in the audit log of the entity, and together."""
    await erase_history(three, "Q1", 2, 1)
    await erase(three, "three")
    audits = await three.metadata.audits(AuditPage(10, kind=AuditKind.ERASURE))
    assert {(one.entity, one.revision, one.requested_by, one.reason) for one in audits} == {
        (Q1, 1, "Root", "a court"),
        (Q1, 2, "Root", "a court"),
    }
    last, first = await three.metadata.erasures(ErasuresPage(10))
    assert (first.entity, first.revisions, last.statement) == (Q1, (1, 2), hash_of("three"))


# Whatever happens


@pytest.mark.parametrize("kind", ["statement", "revisions"])
async def test_whichever_call_fails_the_relay_ends_what_was_begun(stores: Stores, kind: str) -> None:
    """W7: before it reached the store or after."""

    async def act(some: Stores, entity: str) -> Erased:
        if kind == "statement":
            return await erase(some, entity)
        return await erase_history(some, entity, 1)

    async def prepare(entity: str) -> None:
        await make(
            stores,
            edit(an_item_with(entity, entity, "kept"), Base.NOTHING),
            edit(an_item_with(entity, "kept"), 1),
        )
        await relay.settle(stores, clock=times.now)

    counting = Faults()
    await prepare("Q1")
    await act(counting.wrap(stores), "Q1")
    calls = len(counting.calls)
    assert calls >= 8
    for number in range(1, calls + 1):
        for when in When:
            entity = f"Q{1000 + number}{when is When.AFTER:d}"
            await prepare(entity)
            faults = Faults()
            faults.fail(when, number=number)
            with pytest.raises(Unavailable):
                await act(faults.wrap(stores), entity)
            accounts = await stores.metadata.erasures(ErasuresPage(10_000))
            noted = any(one.statement == hash_of(entity) or one.entity == entity for one in accounts)
            await erase_left_over(stores, after(DAY))
            gone = (
                statement_key(hash_of(entity)) if kind == "statement" else snapshot_key(EntityId(entity), 1)
            )
            assert (await stores.objects.get([gone]) == {}) == noted
    assert all(one.done for one in await stores.metadata.erasures(ErasuresPage(10_000)))
    assert await findings(stores) == []


async def test_it_may_be_carried_out_again_at_any_time(shared: Stores) -> None:
    told = await erase(shared, "bad")
    assert await carry_out(told.erasure, shared, times.now)
    assert await findings(shared) == []


# Other processes


@pytest.fixture
async def other(stores: Stores, tmp_path: Path) -> AsyncIterator[Stores]:
    """Another process with the same data, that keeps what it reads and looks for erasures."""
    async with open_embedded(tmp_path / "data") as opened:
        cached = replace(opened, cache=Cache(2**24))
        watching = asyncio.create_task(erasure.watch(cached, clock=times.now, poll_seconds=0.01))
        yield cached
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def looked(stores: Stores, entity: str, revision: int | None = None) -> str:
    """What a reader is told, or that it can't be."""
    try:
        return str(await read(stores, entity, revision))
    except StorageError as error:
        return error.code


async def until_forgotten(stores: Stores, text: str) -> None:
    """Wait until the process no longer hands it out."""
    for _ in range(2000):
        if isinstance(await content_at(stores, hash_of(text)), ErasedError):
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"{text} is still handed out")


async def test_other_processes_forget_it(shared: Stores, other: Stores) -> None:
    """W7: what they have at hand, and though nothing is deleted yet."""
    assert "bad" in await looked(other, "Q1")
    faults = Faults()
    pause = faults.pause(When.BEFORE, verb="objects.delete")
    erasing = asyncio.create_task(erase(faults.wrap(shared), "bad"))
    await pause.reached.wait()

    await until_forgotten(other, "bad")

    assert await is_stored(other, "bad")
    assert "bad" not in await looked(other, "Q1")
    assert "mine" in await looked(other, "Q1")
    pause.go.set()
    await erasing


async def test_what_is_just_being_read_is_not_handed_out(shared: Stores, other: Stores) -> None:
    """W7: nor kept."""
    faults = Faults()
    pause = faults.pause(When.AFTER, verb="objects.get")
    slow = asyncio.create_task(content_at(faults.wrap(other), hash_of("bad")))
    await pause.reached.wait()
    await erase(shared, "bad")
    assert other.cache is not None
    other.cache.forget([statement_key(hash_of("bad"))])
    pause.go.set()

    assert isinstance(await slow, ErasedError)
    assert other.cache.entries == 0


async def test_other_processes_forget_revisions(three: Stores, other: Stores) -> None:
    """W7: the row that they read next says so anyway; one read before finds nothing at hand."""
    row = await reading.row_of(other, Q1, 1)
    assert "one" in str(await reading.entity_json(other, row))
    await erase_history(three, "Q1", 1)
    for _ in range(2000):
        if isinstance((await reading.snapshots(other, [row]))[(Q1, 1)], ErasedError):
            break
        await asyncio.sleep(0.005)
    assert isinstance((await reading.snapshots(other, [row]))[(Q1, 1)], ErasedError)
    assert await looked(other, "Q1", 1) == "erased"


async def test_the_relay_goes_on_with_what_another_process_began(shared: Stores) -> None:
    """W7: two seconds later."""
    faults = Faults()
    faults.fail(When.BEFORE, verb="metadata.erase_statement")
    with pytest.raises(Unavailable):
        await erase(faults.wrap(shared), "bad")
    assert await relay.turn(relay.ERASING, shared, owner="it", clock=after(DAY)) is False
    assert not await is_stored(shared, "bad")


def test_the_key_of_a_folder_stays_and_is_its_owners(tmp_path: Path) -> None:
    async def key() -> bytes:
        async with open_embedded(tmp_path / "data") as opened:
            return opened.erasure_key

    first, again = asyncio.run(key()), asyncio.run(key())
    assert len(first) == 64
    assert first == again
    assert (tmp_path / "data" / "erasure.key").stat().st_mode & 0o777 == 0o600
