"""The port `Statements`: which statement has which hash, and who holds it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import count

import pytest

from storage.canonical import StatementHasher, digest_of_held, hash64
from storage.ids import EntityId
from storage.model import StatementBody, StatementHash
from storage.ports import Claim, Claimed, HoldersPage, Metadata, Pending, StatementRow, UsedStatements
from tests.builders import NOW, a_body, an_attempt
from tests.conformance import MetadataSuite, insisting

Q1, Q2, Q3 = EntityId("Q1"), EntityId("Q2"), EntityId("Q3")


def hash16(data: bytes, probe: int) -> int:
    """A hasher under which statements collide all the time."""
    return hash64(data, probe) & 0xFFFF


def always(*hashes: StatementHash) -> StatementHasher:
    """A hasher that gives every statement these hashes, probe by probe."""
    return lambda _data, probe: hashes[probe]


def two_that_collide() -> tuple[StatementBody, StatementBody]:
    """Two statements of one 16-bit hash."""
    seen: dict[int, StatementBody] = {}
    for number in count():
        body = a_body("P31", string=f"value {number}")
        place = hash16(body.canonical, 0)
        if place in seen:
            return seen[place], body
        seen[place] = body
    raise AssertionError


def a_claim(
    *bodies: StatementBody,
    entity: EntityId = Q1,
    attempt: int = 1,
    base: int = 0,
    held: Sequence[StatementHash] = (),
    held_digest: bytes | None = None,
) -> Claim:
    return Claim(entity, an_attempt(attempt), base, bodies, held, held_digest)


def _on(head: Mapping[StatementHash, bytes], *bodies: StatementBody) -> Claim:
    """A second claim of the entity, whose head says that it holds statements with these digests."""
    return a_claim(*bodies, attempt=2, base=1, held=list(head), held_digest=digest_of_held(head))


A, B, C = a_body("P31", item="Q5"), a_body("P569", string="b"), a_body("P569", string="c")
HASH_A, HASH_B, HASH_C = (hash64(body.canonical) for body in (A, B, C))


async def holders(
    metadata: Metadata, statement: StatementHash, limit: int = 1000, after: EntityId | None = None
) -> list[EntityId]:
    """One page."""
    page = HoldersPage(statement, limit, after)
    return list((await metadata.holders([page]))[page])


class StatementsSuite(MetadataSuite):
    """Subclasses give `metadata`, and may give more `peers`."""

    async def test_a_new_statement_gets_the_hash_of_its_content(self, metadata: Metadata) -> None:
        """T1."""
        claimed = await metadata.claim(a_claim(A, B), hash64, NOW)

        assert {digest: place.hash for digest, place in claimed.items()} == {
            A.digest: HASH_A,
            B.digest: HASH_B,
        }

    async def test_nothing_to_claim_is_nothing_claimed(self, metadata: Metadata) -> None:
        assert await metadata.claim(a_claim(), hash64, NOW) == {}

    async def test_a_claimed_statement_has_a_row(self, metadata: Metadata) -> None:
        """The property lets statements be found by range of properties (T6), the digest proves identity (T3)."""
        await metadata.claim(a_claim(B), hash64, NOW)

        assert await metadata.find([HASH_B, HASH_A]) == {
            HASH_B: StatementRow(HASH_B, "P569", B.digest, 0, NOW, None)
        }

    async def test_claiming_again_changes_no_row(self, metadata: Metadata) -> None:
        """T2: the time is that of the first claim."""
        await metadata.claim(a_claim(A), hash64, NOW)
        before = await metadata.find([HASH_A])

        claimed = await metadata.claim(a_claim(A), hash64, NOW + timedelta(days=1))

        assert claimed[A.digest].hash == HASH_A
        assert await metadata.find([HASH_A]) == before
        assert len((await metadata.pending([HASH_A]))[HASH_A]) == 1

    async def test_equal_content_of_two_entities_is_one_row(self, metadata: Metadata) -> None:
        """T2."""
        one = await metadata.claim(a_claim(A, entity=Q1, attempt=1), hash64, NOW)
        other = await metadata.claim(a_claim(a_body("P31", item="Q5"), entity=Q2, attempt=2), hash64, NOW)

        assert one[A.digest].hash == other[A.digest].hash
        assert {fact.entity for fact in (await metadata.pending([HASH_A]))[HASH_A]} == {Q1, Q2}

    async def test_a_statement_named_twice_in_one_claim_is_claimed_once(self, metadata: Metadata) -> None:
        """T2: it must not be taken for a collision with itself."""
        claimed = await metadata.claim(a_claim(A, A), hash64, NOW)

        assert {digest: place.hash for digest, place in claimed.items()} == {A.digest: HASH_A}
        assert set(await metadata.find([HASH_A, hash64(A.canonical, 1)])) == {HASH_A}

    async def test_many_statements_are_claimed_in_one_call(self, metadata: Metadata) -> None:
        bodies = [a_body("P31", string=f"value {number}") for number in range(1201)]

        claimed = await metadata.claim(a_claim(*bodies), hash64, NOW)

        assert {body.digest: hash64(body.canonical) for body in bodies} == {
            digest: place.hash for digest, place in claimed.items()
        }
        assert len(await metadata.find([place.hash for place in claimed.values()])) == 1201

    @pytest.mark.parametrize("place", [0, 1, 2**63 - 1, 2**63, 2**64 - 1])
    async def test_a_hash_may_be_any_of_64_bits(self, metadata: Metadata, place: StatementHash) -> None:
        claimed = await metadata.claim(a_claim(A), always(place), NOW)
        await metadata.hold(Q1, [place], an_attempt())

        assert claimed[A.digest].hash == place
        assert (await metadata.find([place]))[place].ref_count == 1
        assert await holders(metadata, place) == [Q1]

    async def test_a_hash_taken_by_another_statement_is_probed_past(self, metadata: Metadata) -> None:
        """T3."""
        one, other = two_that_collide()
        await metadata.claim(a_claim(one), hash16, NOW)

        claimed = await metadata.claim(a_claim(other), hash16, NOW)

        place = claimed[other.digest].hash
        assert place != hash16(other.canonical, 0)
        assert place == hash16(other.canonical, 1)
        assert (await metadata.find([place]))[place].digest == other.digest
        first = hash16(one.canonical, 0)
        assert (await metadata.find([first]))[first].digest == one.digest

    async def test_a_statement_that_was_probed_past_another_is_found_again(self, metadata: Metadata) -> None:
        """T2, T3."""
        one, other = two_that_collide()
        await metadata.claim(a_claim(one), hash16, NOW)
        before = await metadata.claim(a_claim(other, entity=Q1), hash16, NOW)

        again = await metadata.claim(a_claim(other, one, entity=Q2), hash16, NOW)

        assert again[other.digest].hash == before[other.digest].hash
        assert again[one.digest].hash == hash16(one.canonical, 0)

    async def test_two_colliding_statements_of_one_claim_get_two_hashes(self, metadata: Metadata) -> None:
        """T3."""
        one, other = two_that_collide()

        claimed = await metadata.claim(a_claim(one, other), hash16, NOW)

        places = {digest: place.hash for digest, place in claimed.items()}
        assert len(set(places.values())) == 2
        rows = await metadata.find(places.values())
        assert {row.digest: row.hash for row in rows.values()} == places

    async def test_probing_goes_on_past_several_collisions(self, metadata: Metadata) -> None:
        """T3."""
        hasher = always(10, 11, 12)

        claimed = await metadata.claim(a_claim(A, B, C), hasher, NOW)

        assert sorted(place.hash for place in claimed.values()) == [10, 11, 12]
        again = await metadata.claim(a_claim(C, B, A, entity=Q2), hasher, NOW)
        assert {digest: place.hash for digest, place in again.items()} == {
            digest: place.hash for digest, place in claimed.items()
        }

    async def test_a_claim_tells_how_many_others_it_met(self, metadata: Metadata) -> None:
        """T3: an alert is counted."""
        hasher = always(10, 11, 12)
        await metadata.claim(a_claim(A, B), hasher, NOW)

        claimed = await metadata.claim(a_claim(A, B, C), hasher, NOW)

        met = {one.hash: one.met for one in claimed.values()}
        assert met == {10: 0, 11: 1, 12: 2}

    async def test_a_place_that_was_given_up_is_no_collision(self, metadata: Metadata) -> None:
        """T3: it is probed past as well, but there is nobody there."""
        [place] = (await metadata.claim(a_claim(A), hash64, NOW)).values()
        await metadata.release(Q1, [place.hash], an_attempt())
        await metadata.condemn([place.hash], NOW)
        await metadata.give_up([place.hash])

        [again] = (await metadata.claim(a_claim(A), hash64, NOW)).values()

        assert again.hash != place.hash
        assert again.met == 0

    async def test_racing_claims_of_one_statement_agree_on_its_hash(self, peers: Sequence[Metadata]) -> None:
        """T2."""
        claims = await asyncio.gather(
            *(
                insisting(
                    partial(
                        peers[number % len(peers)].claim,
                        a_claim(A, entity=EntityId(f"Q{number}"), attempt=number),
                        hash64,
                        NOW,
                    )
                )
                for number in range(1, 21)
            )
        )

        assert {claimed[A.digest].hash for claimed in claims} == {HASH_A}
        assert len((await peers[0].pending([HASH_A]))[HASH_A]) == 20

    async def test_racing_claims_of_colliding_statements_give_them_different_hashes(
        self, peers: Sequence[Metadata]
    ) -> None:
        """T3."""
        bodies = [a_body("P31", string=f"value {number}") for number in range(8)]
        hasher = always(*range(100, 200))

        claims = await asyncio.gather(
            *(
                insisting(partial(peers[number % len(peers)].claim, a_claim(body), hasher, NOW))
                for number, body in enumerate(bodies)
            )
        )

        places = {digest: place.hash for claimed in claims for digest, place in claimed.items()}
        assert len(set(places.values())) == 8
        rows = await peers[0].find(places.values())
        assert {row.digest: row.hash for row in rows.values()} == places

    async def test_racing_writers_of_shared_statements_all_get_them_and_each_counts(
        self, peers: Sequence[Metadata]
    ) -> None:
        """T2, T4: in whatever order they name them."""
        bodies = [a_body("P31", string=f"value {number}") for number in range(12)]

        async def write(number: int) -> None:
            peer, attempt = peers[number % len(peers)], number + 1
            some = random.Random(number).sample(bodies, 12)
            entity = EntityId(f"Q{attempt}")
            claimed = await insisting(
                partial(peer.claim, a_claim(*some, entity=entity, attempt=attempt), hash64, NOW)
            )
            hashes = [place.hash for place in claimed.values()]
            await insisting(partial(peer.hold, entity, hashes, an_attempt(attempt)))

        await asyncio.gather(*(write(number) for number in range(16)))

        hashes = [hash64(body.canonical) for body in bodies]
        rows = await peers[0].find(hashes)
        assert {place: row.ref_count for place, row in rows.items()} == dict.fromkeys(hashes, 16)
        assert await peers[0].pending(hashes) == {}

    async def test_a_claim_leaves_a_pending_fact(self, metadata: Metadata) -> None:
        """I6: from here on no collector removes the statement."""
        await metadata.claim(a_claim(A, B, entity=Q1, attempt=7, base=3), hash64, NOW)

        assert await metadata.pending([HASH_A, HASH_C]) == {HASH_A: [Pending(Q1, an_attempt(7), 3)]}

    async def test_statements_that_the_head_holds_leave_no_pending_fact(self, metadata: Metadata) -> None:
        """They are held by a fact already."""
        await metadata.claim(a_claim(A), hash64, NOW)
        await metadata.hold(Q1, [HASH_A], an_attempt(1))

        claimed = await metadata.claim(a_claim(A, attempt=2, base=1, held=[HASH_A]), hash64, NOW)

        assert claimed[A.digest].hash == HASH_A
        assert await metadata.pending([HASH_A]) == {}

    async def test_beside_held_statements_only_the_new_ones_become_pending(self, metadata: Metadata) -> None:
        await metadata.claim(a_claim(A), hash64, NOW)
        await metadata.hold(Q1, [HASH_A], an_attempt(1))

        claimed = await metadata.claim(a_claim(A, B, attempt=2, base=1, held=[HASH_A]), hash64, NOW)

        assert {place.hash for place in claimed.values()} == {HASH_A, HASH_B}
        assert await metadata.pending([HASH_A, HASH_B]) == {HASH_B: [Pending(Q1, an_attempt(2), 1)]}

    async def test_a_statement_that_another_entity_holds_becomes_pending(self, metadata: Metadata) -> None:
        """I6: the other may let it go while this write is under way."""
        await metadata.claim(a_claim(A, entity=Q1), hash64, NOW)
        await metadata.hold(Q1, [HASH_A], an_attempt(1))

        await metadata.claim(a_claim(A, entity=Q2, attempt=2), hash64, NOW)

        assert await metadata.pending([HASH_A]) == {HASH_A: [Pending(Q2, an_attempt(2), 0)]}

    async def test_a_claimed_statement_is_not_stored_until_somebody_holds_it(
        self, metadata: Metadata
    ) -> None:
        """I6: its first writer may have died between the claim and the object."""
        first = await metadata.claim(a_claim(A, entity=Q1, attempt=1), hash64, NOW)
        second = await metadata.claim(a_claim(A, entity=Q2, attempt=2), hash64, NOW)
        await metadata.hold(Q1, [HASH_A], an_attempt(1))
        third = await metadata.claim(a_claim(A, entity=Q3, attempt=3), hash64, NOW)

        assert [claimed[A.digest].stored for claimed in (first, second, third)] == [False, False, True]

    async def test_a_held_statement_is_known_to_be_stored(self, metadata: Metadata) -> None:
        await metadata.claim(a_claim(A), hash64, NOW)
        await metadata.hold(Q1, [HASH_A], an_attempt(1))

        claimed = await metadata.claim(a_claim(A, attempt=2, base=1, held=[HASH_A]), hash64, NOW)

        assert claimed[A.digest].stored

    async def test_what_the_heads_digest_tells_needs_no_pending_fact(self, metadata: Metadata) -> None:
        """W1: beside new ones, and beside one that the edit removes."""
        await metadata.claim(a_claim(A, B), hash64, NOW)
        await metadata.hold(Q1, [HASH_A, HASH_B], an_attempt(1))
        head = {HASH_A: A.digest, HASH_B: B.digest}

        claimed = await metadata.claim(_on(head, A, C), hash64, NOW)

        assert {one: place.hash for one, place in claimed.items()} == {A.digest: HASH_A, C.digest: HASH_C}
        assert await metadata.pending([HASH_A, HASH_B, HASH_C]) == {
            HASH_C: [Pending(Q1, an_attempt(2), 1)],
        }

    async def test_a_collision_with_what_the_head_holds_is_probed_past(self, metadata: Metadata) -> None:
        """T3: who only has a held hash is not the one that is held, be it beside or in its place."""
        one, other = two_that_collide()
        await metadata.claim(a_claim(one), hash16, NOW)
        first, second = hash16(one.canonical, 0), hash16(other.canonical, 1)
        await metadata.hold(Q1, [first], an_attempt(1))

        for bodies in ((other,), (one, other), (other, one)):
            claimed = await metadata.claim(_on({first: one.digest}, *bodies), hash16, NOW)

            places = {one.digest: first, other.digest: second}
            assert {digest: place.hash for digest, place in claimed.items()} == {
                body.digest: places[body.digest] for body in bodies
            }

    async def test_a_held_statement_that_was_probed_past_another_is_found_again(
        self, metadata: Metadata
    ) -> None:
        """T3: its own hash tells nothing of where it is."""
        one, other = two_that_collide()
        await metadata.claim(a_claim(one, entity=Q2), hash16, NOW)
        place = (await metadata.claim(a_claim(other), hash16, NOW))[other.digest].hash
        await metadata.hold(Q1, [place], an_attempt(1))

        claimed = await metadata.claim(_on({place: other.digest}, other), hash16, NOW)

        assert claimed == {other.digest: Claimed(place, stored=True)}
        assert await metadata.pending([place]) == {}

    async def test_a_digest_that_does_not_agree_is_not_believed(self, metadata: Metadata) -> None:
        """I5: each statement is looked at then, as where the head has no digest."""
        await metadata.claim(a_claim(A), hash64, NOW)
        await metadata.hold(Q1, [HASH_A], an_attempt(1))

        claimed = await metadata.claim(_on({HASH_A: B.digest}, A), hash64, NOW)

        assert claimed[A.digest].hash == HASH_A

    async def test_holding_counts_once_however_often_it_is_repeated(self, metadata: Metadata) -> None:
        """T4."""
        await metadata.claim(a_claim(A, B), hash64, NOW)

        for _ in range(3):
            await metadata.hold(Q1, [HASH_A, HASH_B], an_attempt(1))
        await metadata.hold(Q1, [HASH_A], an_attempt(2))
        await metadata.hold(Q1, [HASH_A], None)

        rows = await metadata.find([HASH_A, HASH_B])
        assert {place: row.ref_count for place, row in rows.items()} == {HASH_A: 1, HASH_B: 1}

    async def test_a_hash_named_twice_in_one_call_is_counted_once(self, metadata: Metadata) -> None:
        """T4: an entity may hold a statement twice."""
        await metadata.claim(a_claim(A), hash64, NOW)

        await metadata.hold(Q1, [HASH_A, HASH_A], an_attempt(1))

        assert (await metadata.find([HASH_A]))[HASH_A].ref_count == 1

    async def test_racing_repetitions_of_one_hold_count_once(self, peers: Sequence[Metadata]) -> None:
        """T4."""
        await peers[0].claim(a_claim(A), hash64, NOW)

        await asyncio.gather(
            *(
                insisting(partial(peers[number % len(peers)].hold, Q1, [HASH_A], an_attempt(1)))
                for number in range(20)
            )
        )

        assert (await peers[0].find([HASH_A]))[HASH_A].ref_count == 1
        assert await holders(peers[0], HASH_A) == [Q1]

    async def test_racing_holds_of_several_entities_each_count(self, peers: Sequence[Metadata]) -> None:
        """T4: the count is the number of entities."""
        entities = [EntityId(f"Q{number}") for number in range(1, 21)]
        for entity in entities:
            await peers[0].claim(a_claim(A, B, entity=entity), hash64, NOW)

        await asyncio.gather(
            *(
                insisting(partial(peers[number % len(peers)].hold, entity, [HASH_A, HASH_B], an_attempt(1)))
                for number, entity in enumerate(entities)
            )
        )

        rows = await peers[0].find([HASH_A, HASH_B])
        assert {place: row.ref_count for place, row in rows.items()} == {HASH_A: 20, HASH_B: 20}
        assert sorted(await holders(peers[0], HASH_A)) == sorted(entities)

    async def test_holding_drops_the_pending_facts_of_its_attempt_alone(self, metadata: Metadata) -> None:
        """I6: another attempt may still commit."""
        await metadata.claim(a_claim(A, B, attempt=1), hash64, NOW)
        await metadata.claim(a_claim(A, attempt=2), hash64, NOW)
        await metadata.claim(a_claim(A, entity=Q2, attempt=1), hash64, NOW)

        await metadata.hold(Q1, [HASH_A], an_attempt(1))

        facts = await metadata.pending([HASH_A, HASH_B])
        assert {(place, fact.entity, fact.attempt) for place, some in facts.items() for fact in some} == {
            (HASH_A, Q1, an_attempt(2)),
            (HASH_A, Q2, an_attempt(1)),
            (HASH_B, Q1, an_attempt(1)),
        }

    async def test_holding_without_an_attempt_drops_no_pending_fact(self, metadata: Metadata) -> None:
        await metadata.claim(a_claim(A), hash64, NOW)

        await metadata.hold(Q1, [HASH_A], None)

        assert len((await metadata.pending([HASH_A]))[HASH_A]) == 1

    async def test_what_an_attempt_does_not_claim_it_does_not_make_held(self, metadata: Metadata) -> None:
        """I7: so that a repetition which comes when the entity has let go counts nothing."""
        await metadata.claim(a_claim(A, B), hash64, NOW)
        await metadata.hold(Q1, [HASH_A], an_attempt(1))
        await metadata.let_go(Q1, [HASH_A], NOW)

        await metadata.hold(Q1, [HASH_A, HASH_B], an_attempt(1))

        rows = await metadata.find([HASH_A, HASH_B])
        assert {place: row.ref_count for place, row in rows.items()} == {HASH_A: 0, HASH_B: 1}

    async def test_holding_many_statements_counts_each(self, metadata: Metadata) -> None:
        """T4."""
        bodies = [a_body("P31", string=f"value {number}") for number in range(1201)]
        claimed = await metadata.claim(a_claim(*bodies), hash64, NOW)
        hashes = [place.hash for place in claimed.values()]

        await metadata.hold(Q1, hashes, an_attempt(1))

        assert {row.ref_count for row in (await metadata.find(hashes)).values()} == {1}
        assert await metadata.pending(hashes) == {}

    async def test_nobody_holds_an_unknown_statement(self, metadata: Metadata) -> None:
        assert await holders(metadata, HASH_A) == []

    @pytest.fixture
    async def held(self, metadata: Metadata) -> Metadata:
        """Statements that many entities hold, and some that nobody does."""
        await metadata.claim(a_claim(A, B, C), hash64, NOW)
        for text in ("Q1", "Q2", "Q10", "Q9", "Q2147483647", "P4", "L1", "E1"):
            hashes = [HASH_A, HASH_B] if text < "Q1" else [HASH_A]
            await metadata.hold(EntityId(text), hashes, None)
        return metadata

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    async def test_pages_of_holders_give_each_once_in_one_order(self, held: Metadata, limit: int) -> None:
        """Q10."""
        seen: list[EntityId] = []
        while page := await holders(held, HASH_A, limit, seen[-1] if seen else None):
            assert len(page) <= limit
            seen.extend(page)
            assert len(seen) <= 8

        assert sorted(seen) == ["E1", "L1", "P4", "Q1", "Q10", "Q2", "Q2147483647", "Q9"]
        assert seen == await holders(held, HASH_A)

    async def test_several_pages_of_holders_come_in_one_call(self, held: Metadata) -> None:
        """Each is what it is when asked for alone; here more than one statement of SQL takes."""
        pages = [
            HoldersPage(statement, limit, after)
            for statement in (HASH_A, HASH_B, HASH_C, *range(80))
            for limit in (0, 1, 3, 1000)
            for after in (None, Q2)
        ]

        found = await held.holders(pages)

        assert found == {page: (await held.holders([page]))[page] for page in pages}
        assert sorted(found[HoldersPage(HASH_B, 1000)]) == ["E1", "L1", "P4"]
        assert await held.holders([]) == {}

    async def test_releasing_drops_the_pending_facts_of_a_dead_attempt_alone(
        self, metadata: Metadata
    ) -> None:
        await metadata.claim(a_claim(A, B, attempt=1), hash64, NOW)
        await metadata.claim(a_claim(A, attempt=2), hash64, NOW)

        await metadata.release(Q1, [HASH_A, HASH_B], an_attempt(1))

        assert await metadata.pending([HASH_A, HASH_B]) == {HASH_A: [Pending(Q1, an_attempt(2), 0)]}

    async def test_releasing_changes_no_count(self, metadata: Metadata) -> None:
        """T4."""
        await metadata.claim(a_claim(A), hash64, NOW)
        await metadata.hold(Q1, [HASH_A], an_attempt(1))

        await metadata.release(Q1, [HASH_A], an_attempt(1))

        assert (await metadata.find([HASH_A]))[HASH_A].ref_count == 1

    async def test_unheld_are_those_that_nobody_holds_and_nobody_claims(self, metadata: Metadata) -> None:
        """I6: only these may a collector look at."""
        await metadata.claim(a_claim(A, B, C, attempt=1), hash64, NOW)
        await metadata.hold(Q1, [HASH_A], an_attempt(1))
        await metadata.release(Q1, [HASH_C], an_attempt(1))

        assert await metadata.unheld([HASH_A, HASH_B, HASH_C]) == {HASH_C}

    # Most used

    @pytest.fixture
    async def used(self, metadata: Metadata) -> Metadata:
        """Statements of five properties, held by none to three entities; hashes on both sides of 63 bits."""
        for uses in range(4):
            for number in (1, 2, 3, 4, 10):
                place = (number * 2**62 + uses * 1000 + number) % 2**64
                body = a_body(f"P{number}", string=f"{uses}")
                await metadata.claim(a_claim(body), always(place), NOW)
                for entity in range(uses):
                    await metadata.hold(EntityId(f"Q{entity + 1}"), [place], None)
        return metadata

    USED = (
        UsedStatements(),
        UsedStatements(0),
        UsedStatements(ascending=True),
        UsedStatements(3),
        UsedStatements(4),
        UsedStatements(1, (2, 4)),
        UsedStatements(0, (10, 999), ascending=True),
        UsedStatements(1, (5, 9)),
    )

    @pytest.mark.parametrize("wanted", USED)
    async def test_the_most_used_statements_come_first(self, used: Metadata, wanted: UsedStatements) -> None:
        """T6: or the least used; of one property or of a range of them; those of one count by their hash."""
        first, last = wanted.properties or (0, 99)
        every = await used.statement_rows(None, 1000)
        assert len(every) == 20

        assert list(await used.most_used(wanted, None, 1000)) == sorted(
            (
                row
                for row in every
                if row.ref_count >= wanted.minimum and first <= int(row.property[1:]) <= last
            ),
            key=lambda row: (row.ref_count, row.hash),
            reverse=not wanted.ascending,
        )

    @pytest.mark.parametrize("wanted", USED)
    @pytest.mark.parametrize("limit", [1, 2, 7])
    async def test_pages_of_the_most_used_give_each_once(
        self, used: Metadata, limit: int, wanted: UsedStatements
    ) -> None:
        """Q10: those of one count included."""
        seen: list[StatementRow] = []
        while page := await used.most_used(
            wanted, (seen[-1].ref_count, seen[-1].hash) if seen else None, limit
        ):
            assert len(page) <= limit
            seen.extend(page)
            assert len(seen) <= 20

        assert seen == list(await used.most_used(wanted, None, 1000))

    @pytest.mark.parametrize("ascending", [False, True])
    async def test_a_page_of_the_most_used_may_begin_outside_of_what_is_wanted(
        self, used: Metadata, ascending: bool
    ) -> None:
        """Q10: the count of the last one seen may have changed since, or the minimum."""
        wanted = UsedStatements(2, ascending=ascending)
        every = list(await used.most_used(wanted, None, 1000))

        below, above = [list(await used.most_used(wanted, after, 1000)) for after in ((0, 2**63), (9, 2**63))]

        assert (below, above) == ((every, []) if ascending else ([], every))
