"""The metadata store keeps its contracts where it is sharded, and every statement goes where Vitess takes it.

MariaDB has no shards; what is sent to it is held against the VSchema.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from storage.canonical import digest_of_held, hash64
from storage.errors import HeadMoved
from storage.ids import EntityId, EntityType
from storage.port_collecting import Trial
from storage.port_erasing import ErasuresPage
from storage.ports import (
    EVERY_REVISION,
    BacklinksPage,
    HistoryPage,
    HoldersPage,
    Landed,
    Metadata,
    RedirectsPage,
    UsedStatements,
)
from storage.sql.metadata import SqlMetadata
from storage.sql.mysql import MysqlDatabase, MysqlPlace, open_mysql
from storage.sql.shards import of_vitess
from storage.sql.sqlite import T, Unit
from tests.builders import NOW, a_body, a_key, a_link, a_swap, an_attempt
from tests.conformance.collecting import CollectingSuite
from tests.conformance.erasing import KEY, ErasingSuite, an_erasure
from tests.conformance.heads import HeadsSuite
from tests.conformance.inspection import InspectionSuite
from tests.conformance.leases import LeasesSuite
from tests.conformance.links import LinksSuite
from tests.conformance.outbox import OutboxSuite
from tests.conformance.revisions import RevisionsSuite
from tests.conformance.statements import HASH_A, Q1, A, B, StatementsSuite, a_claim
from tests.services.mariadb import mysql, mysql_server, new_data, shared_place
from tests.sharding.watched import SHARDS, Unexpected, Watched

__all__ = ["mysql", "mysql_server", "new_data", "shared_place"]

CALLS_OF_ALL: dict[str, Callable[[Metadata], Awaitable[object]]] = {
    "recent": lambda m: m.recent(None, 1, EVERY_REVISION),
    "most_used": lambda m: m.most_used(UsedStatements(), None, 1),
    "redirects_to": lambda m: m.redirects_to([RedirectsPage(Q1, 1)]),
    "redirect_counts": lambda m: m.redirect_counts([Q1]),
    "entities": lambda m: m.entities(None, 1),
    "underived": lambda m: m.underived(1),
    "unpublished": lambda m: m.unpublished(1),
    "backlog": lambda m: m.backlog(1),
    "statement_rows": lambda m: m.statement_rows(None, 1),
    "all_backlinks": lambda m: m.all_backlinks(None, 1),
    "all_redirects": lambda m: m.all_redirects(None, 1),
    "on_lists": lambda m: m.on_lists(None, 1),
    "orphans": lambda m: m.orphans(None, 1),
}
"""The verbs that ask all shards, by design: lists across entities, polls, walks, and what is found by target."""


async def erase_first(metadata: Metadata) -> None:
    """The revision before the head."""
    await metadata.commit(a_swap("Q1"))
    await metadata.commit(a_swap("Q1", 2, 1))
    await metadata.erase_revisions(Q1, [1], "why", "Alice", NOW)


CALLS_OF_ONE: dict[str, Callable[[Metadata], Awaitable[object]]] = {
    "claim": lambda m: m.claim(a_claim(A), hash64, NOW),
    "claim of what is held": lambda m: m.claim(a_claim(A, held=[HASH_A]), hash64, NOW),
    "claim of what the head's digest tells": lambda m: m.claim(
        a_claim(B, held=[HASH_A], held_digest=digest_of_held({HASH_A: A.digest})), hash64, NOW
    ),
    "hold": lambda m: m.hold(Q1, [HASH_A], an_attempt()),
    "release": lambda m: m.release(Q1, [HASH_A], an_attempt()),
    "find": lambda m: m.find([HASH_A]),
    "pending": lambda m: m.pending([HASH_A]),
    "unheld": lambda m: m.unheld([HASH_A]),
    "condemn": lambda m: m.condemn([HASH_A], NOW),
    "give_up": lambda m: m.give_up([HASH_A]),
    "collected": lambda m: m.collected([HASH_A]),
    "let_go": lambda m: m.let_go(Q1, [HASH_A], NOW),
    "fates": lambda m: m.fates([Trial(Q1, an_attempt(), 0)]),
    "owes": lambda m: m.owes(Q1),
    "retention_ended": lambda m: m.retention_ended([Q1]),
    "begin_erasure": lambda m: m.begin_erasure(an_erasure(1)),
    "erasures_since": lambda m: m.erasures_since(NOW),
    "erasures": lambda m: m.erasures(ErasuresPage(1)),
    "unfinished": lambda m: m.unfinished(NOW, 1),
    "put_off": lambda m: m.put_off(b"1" * 16, NOW),
    "finish_erasure": lambda m: m.finish_erasure(b"1" * 16),
    "erase_statement": lambda m: m.erase_statement(HASH_A, KEY),
    "erased_among": lambda m: m.erased_among([HASH_A]),
    "still_claimed": lambda m: m.still_claimed(HASH_A),
    "unlink": lambda m: m.unlink(HASH_A, [EntityId("Q5")], [Q1, EntityId("Q2")]),
    "erase_revisions": erase_first,
    "erased_holdings": lambda m: m.erased_holdings(Q1),
    "wipe": lambda m: m.wipe(Q1, [1]),
    "reclaim": lambda m: m.reclaim(Q1, an_attempt(), 1, [HASH_A], NOW),
    "holders": lambda m: m.holders([HoldersPage(HASH_A, 1)]),
    "facts": lambda m: m.facts([HASH_A]),
    "heads": lambda m: m.heads([Q1]),
    "commit": lambda m: m.commit(a_swap("Q1", key=a_key())),
    "landed": lambda m: m.landed(Q1, a_key().key),
    "landed_many": lambda m: m.landed_many({Q1: [a_key().key]}),
    "record_unchanged": lambda m: m.record_unchanged(Landed(Q1, 1, True, b"r" * 32), a_key().key, NOW),
    "reserve": lambda m: m.reserve(a_key(), Q1, NOW),
    "reserved": lambda m: m.reserved(a_key().key),
    "attempt_of": lambda m: m.attempt_of(Q1, 1),
    "revisions": lambda m: m.revisions([(Q1, 1), (Q1, 2)]),
    "statement_ids": lambda m: m.statement_ids([(Q1, 1), (Q1, 2)]),
    "histories": lambda m: m.histories([HistoryPage(Q1, 1)]),
    "register": lambda m: m.register(Q1, NOW),
    "registered": lambda m: m.registered([Q1]),
    "lease_numbers": lambda m: m.lease_numbers(EntityType.ITEM, 1),
    "mark": lambda m: m.mark([(Q1, 1)], derived=True, published=True),
    "relink": lambda m: m.relink(Q1, 1, [a_link("Q5")], []),
    "backlinks": lambda m: m.backlinks([BacklinksPage(Q1, 1)]),
    "links_of": lambda m: m.links_of(Q1, [EntityId("Q5")]),
    "redirects_of": lambda m: m.redirects_of([Q1]),
    "lists_of": lambda m: m.lists_of([Q1]),
    "redirect": lambda m: m.redirect(Q1, EntityId("Q5"), 1, "Alice", NOW),
    "hold_lease": lambda m: m.hold_lease("relay", "one", 15, NOW),
}


@pytest.mark.parametrize("verb", CALLS_OF_ALL)
async def test_the_verbs_that_are_said_to_ask_all_shards_do(mysql: MysqlDatabase, verb: str) -> None:
    """Else the list would excuse what nobody looks at any more."""
    with pytest.raises(Unexpected, match=verb):
        await CALLS_OF_ALL[verb](SqlMetadata(Watched(mysql, ()), of_vitess(SHARDS)))


@pytest.mark.parametrize("call", CALLS_OF_ONE.values(), ids=CALLS_OF_ONE)
async def test_a_call_of_one_key_goes_to_one_shard(
    mysql: MysqlDatabase, call: Callable[[Metadata], Awaitable[object]]
) -> None:
    """S5."""
    watched = Watched(mysql, ())

    await call(SqlMetadata(watched, of_vitess(SHARDS)))

    assert {len(shards) for _, shards in watched.asked} == {1}


async def test_a_lost_swap_asks_its_own_shard_alone(mysql: MysqlDatabase) -> None:
    """W3: what it is told of the head."""
    watched = Watched(mysql, ())
    metadata = SqlMetadata(watched, of_vitess(SHARDS))
    await metadata.commit(a_swap("Q1"))

    with pytest.raises(HeadMoved):
        await metadata.commit(a_swap("Q1"))

    assert [len(shards) for _, shards in watched.asked] == [1, 1]


async def test_many_keys_are_no_more_transactions_than_there_are_shards(mysql: MysqlDatabase) -> None:
    """A big item's statements come at once."""
    watched = Watched(mysql, ())
    metadata = SqlMetadata(watched, of_vitess(SHARDS))

    bodies = [a_body("P31", string=f"value {number}") for number in range(300)]
    claimed = await metadata.claim(a_claim(*bodies), hash64, NOW)
    await metadata.hold(Q1, [place.hash for place in claimed.values()], an_attempt())

    assert [verb for verb, _ in watched.asked] == ["take"] * SHARDS + ["hold"] * SHARDS


async def test_where_all_is_in_one_place_many_keys_are_one_transaction(mysql: MysqlDatabase) -> None:
    asked: list[str] = []

    class Counted:
        async def read(self, unit: Unit[T], *, snapshot: bool = True, brief: bool = False) -> T:
            asked.append("read")
            return await mysql.read(unit, snapshot=snapshot, brief=brief)

        async def write(self, unit: Unit[T]) -> T:
            asked.append("write")
            return await mysql.write(unit)

    metadata = SqlMetadata(Counted())
    bodies = [a_body("P31", string=f"value {number}") for number in range(300)]
    claimed = await metadata.claim(a_claim(*bodies), hash64, NOW)
    await metadata.hold(Q1, [place.hash for place in claimed.values()], an_attempt())
    await metadata.relink(Q1, 1, [a_link(f"Q{number}") for number in range(1, 50)], [])
    await metadata.mark([(EntityId(f"Q{number}"), 1) for number in range(1, 50)], derived=True)

    assert asked == ["write"] * 4


class Sharded:
    """The metadata store as on Vitess; each statement is judged before it is sent."""

    @pytest.fixture
    async def metadata(self, mysql: MysqlDatabase) -> Metadata:
        return SqlMetadata(Watched(mysql, CALLS_OF_ALL), of_vitess(SHARDS))

    @pytest.fixture
    async def peers(self, metadata: Metadata, shared_place: MysqlPlace) -> AsyncIterator[Sequence[Metadata]]:
        async with open_mysql(shared_place) as second:
            yield [metadata, SqlMetadata(Watched(second, CALLS_OF_ALL), of_vitess(SHARDS))]


class TestStatements(Sharded, StatementsSuite):
    """Statements by hash."""


class TestCollecting(Sharded, CollectingSuite):
    """Statements on their way out."""


class TestErasing(Sharded, ErasingSuite):
    """Content that must be gone."""


class TestHeads(Sharded, HeadsSuite):
    """Heads and revisions."""


class TestRevisions(Sharded, RevisionsSuite):
    """Histories and the newest revisions."""


class TestOutbox(Sharded, OutboxSuite):
    """What is owed."""


class TestLinks(Sharded, LinksSuite):
    """Backlinks and redirects."""


class TestInspection(Sharded, InspectionSuite):
    """Walks over everything."""


class TestLeases(Sharded, LeasesSuite):
    """Who does a job."""
