"""The port `Collecting`: what nobody holds, and how it goes beside those who claim it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from storage.canonical import hash64
from storage.ids import EntityId
from storage.model import Audit, AuditKind, StatementHash
from storage.port_collecting import Fate, Orphan, Trial
from storage.ports import Metadata
from tests.builders import NOW, a_body, a_swap, an_attempt
from tests.conformance import MetadataSuite, insisting
from tests.conformance.statements import (
    HASH_A,
    HASH_B,
    HASH_C,
    Q1,
    Q2,
    Q3,
    A,
    B,
    C,
    a_claim,
    hash16,
    holders,
    two_that_collide,
)

LATER = NOW + timedelta(days=200)
SECOND = hash64(A.canonical, 1)
"""Where A lives when its first place is no more."""


async def give_up(metadata: Metadata, *hashes: int) -> set[int]:
    """Condemn statements, whatever their age, and give up those that nobody claims."""
    return await metadata.give_up(await metadata.condemn(hashes, LATER))


async def orphans(metadata: Metadata) -> list[Orphan]:
    return list(await metadata.orphans(None, 1000))


async def claim_beside_a_collector(writer: Metadata, collector: Metadata, number: int) -> bool:
    """Claim an orphan while it is collected; whether the claim came too late for its place."""
    body = a_body("P31", string=f"value {number}")
    place = hash64(body.canonical)
    await insisting(partial(writer.claim, a_claim(body), hash64, NOW))
    await insisting(partial(writer.release, Q1, [place], an_attempt(1)))

    async def claim() -> StatementHash:
        await asyncio.sleep(random.uniform(0, 0.01))  # else a server's collector would never come first
        wish = a_claim(body, entity=Q2, attempt=2)
        return (await insisting(partial(writer.claim, wish, hash64, NOW)))[body.digest].hash

    async def collect() -> set[StatementHash]:
        marked = await insisting(partial(collector.condemn, [place], LATER))
        return await insisting(partial(collector.give_up, marked))

    claimed, given_up = await asyncio.gather(claim(), collect())
    assert (claimed == place) == (given_up == set())
    assert set(await writer.pending([place, claimed])) == {claimed}
    return bool(given_up)


class CollectingSuite(MetadataSuite):
    """Subclasses give `metadata`, and may give more `peers`."""

    @pytest.fixture
    async def unheld(self, metadata: Metadata) -> Metadata:
        """A and B were claimed by attempts that are no more; C is held."""
        await metadata.claim(a_claim(A, B, C), hash64, NOW)
        await metadata.hold(Q1, [HASH_C], an_attempt(1))
        await metadata.release(Q1, [HASH_A, HASH_B], an_attempt(1))
        return metadata

    # Orphans

    async def test_orphans_are_those_that_nobody_holds(self, unheld: Metadata) -> None:
        """T7: one that never was held is an orphan since it was claimed."""
        assert await orphans(unheld) == [Orphan(one, NOW, False) for one in sorted([HASH_A, HASH_B])]

    async def test_an_orphan_is_one_since_its_last_holder_let_go(self, metadata: Metadata) -> None:
        """T7."""
        for number, entity in enumerate((Q1, Q2), 1):
            await metadata.claim(a_claim(A, entity=entity, attempt=number), hash64, NOW)
            await metadata.hold(entity, [HASH_A], an_attempt(number))

        await metadata.let_go(Q1, [HASH_A], NOW + timedelta(days=1))
        assert await orphans(metadata) == []
        assert (await metadata.find([HASH_A]))[HASH_A].orphaned_at is None

        await metadata.let_go(Q2, [HASH_A], NOW + timedelta(days=2))
        assert await orphans(metadata) == [Orphan(HASH_A, NOW + timedelta(days=2), False)]

    async def test_pages_of_orphans_give_each_once(self, metadata: Metadata) -> None:
        bodies = [a_body("P31", string=f"value {number}") for number in range(50)]
        claimed = await metadata.claim(a_claim(*bodies), hash64, NOW)

        seen: list[Orphan] = []
        while page := await metadata.orphans(seen[-1].hash if seen else None, 7):
            assert len(page) <= 7
            seen.extend(page)
            assert len(seen) <= 50

        assert [one.hash for one in seen] == sorted(place.hash for place in claimed.values())

    async def test_one_that_is_held_again_is_no_orphan(self, unheld: Metadata) -> None:
        await unheld.claim(a_claim(A, entity=Q2), hash64, LATER)
        await unheld.hold(Q2, [HASH_A], an_attempt(1))

        assert [one.hash for one in await orphans(unheld)] == [HASH_B]
        assert (await unheld.find([HASH_A]))[HASH_A].orphaned_at is None

    # Letting go

    async def test_letting_go_counts_each_statement_once_less_however_often(self, metadata: Metadata) -> None:
        """T4."""
        await metadata.claim(a_claim(A, B), hash64, NOW)
        await metadata.hold(Q1, [HASH_A, HASH_B], an_attempt(1))
        await metadata.claim(a_claim(A, entity=Q2), hash64, NOW)
        await metadata.hold(Q2, [HASH_A], an_attempt(1))

        first = await metadata.let_go(Q1, [HASH_A, HASH_B, HASH_C], NOW)
        again = await metadata.let_go(Q1, [HASH_A, HASH_B, HASH_C], NOW)

        assert (first, again) == ({HASH_A, HASH_B}, set())
        rows = await metadata.find([HASH_A, HASH_B])
        assert {place: row.ref_count for place, row in rows.items()} == {HASH_A: 1, HASH_B: 0}
        assert await holders(metadata, HASH_A) == [Q2]

    async def test_racing_repetitions_of_letting_go_count_once(self, peers: Sequence[Metadata]) -> None:
        """T4."""
        hashes = [HASH_A, HASH_B]
        for number, entity in enumerate((Q1, Q2), 1):
            await peers[0].claim(a_claim(A, B, entity=entity, attempt=number), hash64, NOW)
            await peers[0].hold(entity, hashes, an_attempt(number))

        await asyncio.gather(
            *(insisting(partial(peers[number % len(peers)].let_go, Q1, hashes, NOW)) for number in range(20))
        )

        rows = await peers[0].find(hashes)
        assert {place: row.ref_count for place, row in rows.items()} == dict.fromkeys(hashes, 1)

    async def test_many_statements_are_let_go_in_one_call(self, metadata: Metadata) -> None:
        bodies = [a_body("P31", string=f"value {number}") for number in range(1201)]
        claimed = await metadata.claim(a_claim(*bodies), hash64, NOW)
        hashes = [place.hash for place in claimed.values()]
        await metadata.hold(Q1, hashes, an_attempt(1))

        assert await metadata.let_go(Q1, hashes, NOW) == set(hashes)
        assert {row.ref_count for row in (await metadata.find(hashes)).values()} == {0}

    # Condemning and giving up

    async def test_only_old_orphans_are_condemned(self, metadata: Metadata) -> None:
        """T7, I15: by the time that the row tells when it is condemned, not by what somebody saw before."""
        await metadata.claim(a_claim(A, B, C), hash64, NOW)
        await metadata.hold(Q1, [HASH_B, HASH_C], an_attempt(1))
        await metadata.let_go(Q1, [HASH_B], NOW + timedelta(days=2))

        assert await metadata.condemn([HASH_A, HASH_B, HASH_C], NOW + timedelta(days=1)) == {HASH_A}
        assert await metadata.condemn([HASH_A, HASH_B, HASH_C], NOW + timedelta(days=2)) == {HASH_A, HASH_B}

    async def test_nothing_is_given_up_that_was_not_condemned(self, unheld: Metadata) -> None:
        assert await unheld.give_up([HASH_A, HASH_C]) == set()
        assert not any(one.given_up for one in await orphans(unheld))

    async def test_what_is_given_up_stays_an_orphan_until_it_is_collected(self, unheld: Metadata) -> None:
        """T7: whoever crashes before the object is deleted leaves that to the next."""
        assert await give_up(unheld, HASH_A) == {HASH_A}
        assert Orphan(HASH_A, NOW, True) in await orphans(unheld)

        await unheld.collected([HASH_A])

        assert [one.hash for one in await orphans(unheld)] == [HASH_B]

    async def test_only_what_was_given_up_is_collected(self, unheld: Metadata) -> None:
        await unheld.condemn([HASH_A], LATER)
        await unheld.collected([HASH_A, HASH_B, HASH_C])

        assert {one.hash for one in await orphans(unheld)} == {HASH_A, HASH_B}

    @pytest.mark.parametrize("condemned", [False, True])
    async def test_what_is_claimed_is_not_given_up(self, unheld: Metadata, condemned: bool) -> None:
        """I6: whether the claim came before it was condemned or after."""
        if condemned:
            await unheld.condemn([HASH_A], LATER)
        claimed = await unheld.claim(a_claim(A, entity=Q2), hash64, LATER)
        marked = await unheld.condemn([HASH_A], LATER)

        assert claimed[A.digest].hash == HASH_A
        assert await unheld.give_up(marked) == set()
        assert not any(one.given_up for one in await orphans(unheld))

    async def test_a_claim_takes_the_mark_away_and_starts_the_age_anew(self, unheld: Metadata) -> None:
        """T7."""
        await unheld.condemn([HASH_A], LATER)

        await unheld.claim(a_claim(A, entity=Q2), hash64, LATER)

        assert Orphan(HASH_A, LATER, False) in await orphans(unheld)
        await unheld.release(Q2, [HASH_A], an_attempt(1))
        assert await unheld.give_up([HASH_A]) == set()

    async def test_a_claim_of_a_condemned_statement_does_not_trust_its_object(self, unheld: Metadata) -> None:
        """I6."""
        await unheld.condemn([HASH_A], LATER)

        assert not (await unheld.claim(a_claim(A, entity=Q2), hash64, NOW))[A.digest].stored

    @pytest.mark.parametrize("collected", [False, True])
    async def test_a_place_that_was_given_up_is_never_used_again(
        self, unheld: Metadata, collected: bool
    ) -> None:
        """I6, T3: one who deletes its object late must hit nothing that anybody relies on."""
        await give_up(unheld, HASH_A)
        if collected:
            await unheld.collected([HASH_A])

        claimed = await unheld.claim(a_claim(A, entity=Q2), hash64, LATER)
        again = await unheld.claim(a_claim(A, entity=Q3), hash64, LATER)

        assert claimed[A.digest].hash == again[A.digest].hash == SECOND
        assert not claimed[A.digest].stored
        assert set(await unheld.pending([HASH_A, SECOND])) == {SECOND}
        assert (await unheld.find([SECOND]))[SECOND].digest == A.digest

    async def test_a_statement_that_was_probed_past_a_collected_one_is_found(
        self, metadata: Metadata
    ) -> None:
        """T3: the place stays taken."""
        one, other = two_that_collide()
        await metadata.claim(a_claim(one, other), hash16, NOW)
        first = hash16(one.canonical, 0)
        await metadata.release(Q1, [first], an_attempt(1))
        await give_up(metadata, first)
        await metadata.collected([first])

        again = await metadata.claim(a_claim(other, entity=Q2), hash16, NOW)

        assert again[other.digest].hash == hash16(other.canonical, 1)

    async def test_claims_and_collectors_that_race_never_both_win(self, peers: Sequence[Metadata]) -> None:
        """I6: 300 rounds. Of each place either the claim is there, or it was given up and the claim is elsewhere."""
        elsewhere = 0
        for number in range(300):
            writer, collector = peers[number % len(peers)], peers[(number + 1) % len(peers)]
            elsewhere += await claim_beside_a_collector(writer, collector, number)
        assert 0 < elsewhere < 300

    # Fates

    async def test_an_attempt_is_open_while_the_head_is_at_its_base(self, metadata: Metadata) -> None:
        """I6: the entity that is not there is at 0."""
        await metadata.commit(a_swap("Q1"))
        new, edit = Trial(Q2, an_attempt(5), 0), Trial(Q1, an_attempt(5), 1)

        assert await metadata.fates([new, edit]) == {new: Fate.OPEN, edit: Fate.OPEN}

    async def test_an_attempt_that_committed_has_landed_and_others_on_its_base_are_dead(
        self, metadata: Metadata
    ) -> None:
        """I6: however many revisions have followed."""
        for revision in (1, 2, 3):
            swap = a_swap("Q1", revision=revision, expected=revision - 1 or None)
            await metadata.commit(replace(swap, attempt=an_attempt(revision)))
        landed = [Trial(Q1, an_attempt(number), number - 1) for number in (1, 2, 3)]
        dead = [Trial(Q1, an_attempt(number), base) for number, base in ((7, 0), (2, 0), (1, 1), (3, 1))]

        assert await metadata.fates([*landed, *dead]) == dict.fromkeys(landed, Fate.LANDED) | dict.fromkeys(
            dead, Fate.DEAD
        )

    # Entities

    async def test_an_entity_owes_until_its_work_is_derived(self, metadata: Metadata) -> None:
        assert not await metadata.owes(Q1)
        await metadata.commit(a_swap("Q1"))
        await metadata.mark([(Q1, 1)], published=True)
        assert await metadata.owes(Q1)

        await metadata.mark([(Q1, 1)], derived=True)

        assert not await metadata.owes(Q1)

    async def test_the_end_of_retention_is_told_and_whether_anything_is_kept(
        self, metadata: Metadata
    ) -> None:
        """W7."""
        for entity in (Q1, Q2, Q3):
            audit = Audit(entity, 1, AuditKind.HARD_DELETE, "why", "Alice", None, 0, NOW, NOW)
            await metadata.commit(replace(a_swap(entity), audit=audit))
        for entity in (Q1, Q2):
            await metadata.end_retention(entity, 1)
        await metadata.mark_released(Q2, 1)

        ended = await metadata.retention_ended([Q1, Q2, Q3, EntityId("Q4")])

        assert ended == {Q1: False, Q2: True}
