"""The port `Heads`: entities, their heads and revisions, and the commit that moves a head."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from functools import partial

import pytest

from storage.errors import EntityGone, HeadMoved
from storage.ids import FLOORS, EntityId, EntityType
from storage.model import EditInfo, Flags, Head, Revision
from storage.ports import AlreadyLanded, Landed, Metadata, Swap
from tests.builders import NOW, a_key, a_swap, an_attempt
from tests.conformance import MetadataSuite, insisting
from tests.conformance.revisions import REGULAR, committed, history, revision

Q1, Q2, Q42, L1 = EntityId("Q1"), EntityId("Q2"), EntityId("Q42"), EntityId("L1")
EVERYTHING = 1000


async def attempted(metadata: Metadata, swap: Swap) -> Head | HeadMoved:
    try:
        return await metadata.commit(swap)
    except HeadMoved as moved:
        return moved


class HeadsSuite(MetadataSuite):
    """Subclasses give `metadata`, and may give more `peers`."""

    # Heads and revisions

    async def test_an_entity_that_is_not_there_has_no_head(self, metadata: Metadata) -> None:
        """Absence is an answer, and takes nothing from the neighbours."""
        await metadata.commit(a_swap("Q1"))

        found = await metadata.heads([Q1, Q2, L1])

        assert set(found) == {Q1}
        assert await metadata.heads([]) == {}

    async def test_a_commit_answers_the_new_head(self, metadata: Metadata) -> None:
        at = NOW + timedelta(microseconds=123456)
        head = await metadata.commit(a_swap("Q42", at=at, redirects_to="Q1"))

        assert head == Head(Q42, 1, at, Flags(is_redirect=True), Q1)
        assert (await metadata.heads([Q42]))[Q42].head == head

    async def test_a_head_comes_with_the_row_of_its_revision(self, metadata: Metadata) -> None:
        """I4: the newest one."""
        await committed(metadata, a_swap("Q42", 1), a_swap("Q42", 2, 1, hashes=[7]))

        found = (await metadata.heads([Q42]))[Q42]

        assert found.head.revision == found.revision.revision == 2
        assert found.revision == await revision(metadata, Q42, 2)

    async def test_heads_of_many_entities_come_in_one_call(self, metadata: Metadata) -> None:
        """And each is its own, whatever its type."""
        kinds = [EntityId(f"{letter}7") for letter in "QPLE"]
        await asyncio.gather(*(metadata.commit(a_swap(entity)) for entity in kinds))
        absent = [EntityId(f"Q{number}") for number in range(1000, 2201)]

        found = await metadata.heads([*absent, *kinds])

        assert {entity: one.head.entity for entity, one in found.items()} == {one: one for one in kinds}

    @pytest.mark.parametrize("flag", [flag.name for flag in fields(Flags)])
    async def test_each_flag_comes_back_alone(self, metadata: Metadata, flag: str) -> None:
        """W5, Q6: from the head and from the revision's row."""
        flags = Flags(**{flag: True})

        await metadata.commit(a_swap("Q42", flags=flags))

        found = (await metadata.heads([Q42]))[Q42]
        assert found.head.flags == flags
        assert found.revision.flags == flags

    async def test_a_revisions_row_comes_back_as_it_was_committed(self, metadata: Metadata) -> None:
        """S8, W9: all of it."""
        edit = EditInfo(
            editor="Zoë 😀",
            summary="  trailing space kept ",
            edit_type="bot-import",
            is_mass_edit=True,
            bot=True,
            batch_id="batch 7",
            source_revision_id=2**40,
        )
        at = NOW + timedelta(microseconds=1)
        swap = a_swap(
            "L1",
            hashes=[2**64 - 1, 0, 2**63, 2**63 - 1, 5, 5],
            property_counts={"P9": 1, "P31": 2, "P5": 0, "P10": 1},
            parts={"L1-F2": {"P31": 1}, "L1-F1": {"P9": 1}, "L1-S1": {}},
            edit=edit,
            at=at,
            attempt=an_attempt(77),
        )
        swap = replace(swap, snapshot=replace(swap.snapshot, content_hash=2**64 - 1))
        await metadata.commit(swap)

        found = await revision(metadata, L1, 1)

        assert found == Revision(
            entity=L1,
            revision=1,
            parent=None,
            created_at=at,
            edit=edit,
            flags=Flags(),
            content_hash=2**64 - 1,
            content_digest=swap.content_digest,
            index=replace(swap.index, hashes=tuple(swap.index.hashes)),
            attempt=an_attempt(77),
            size_bytes=1234,
            schema_version="1.3.0",
            validation_status="valid",
            validated_at=at,
        )

    async def test_properties_and_parts_keep_their_order(self, metadata: Metadata) -> None:
        """T5: else a slice of the hashes would be another property's."""
        counts = {"P9": 1, "P31": 1, "P10": 1}
        parts = {"L1-F10": {"P9": 1, "P31": 1}, "L1-F9": {"P31": 1}}
        await metadata.commit(a_swap("L1", hashes=range(1, 7), property_counts=counts, parts=parts))

        found = await revision(metadata, L1, 1)

        assert found is not None
        assert found.index is not None
        assert list(found.index.property_counts) == ["P9", "P31", "P10"]
        assert list(found.index.parts) == ["L1-F10", "L1-F9"]
        assert found.index.of(["P31"]) == [2]
        assert found.index.of(["P31"], part="L1-F10") == [5]
        assert found.index.of(part="L1-F9") == [6]

    async def test_a_revision_without_content_hash_is_kept(self, metadata: Metadata) -> None:
        """S8: of an older snapshot."""
        swap = a_swap("Q42")

        await metadata.commit(replace(swap, snapshot=replace(swap.snapshot, content_hash=None)))

        found = await revision(metadata, Q42, 1)
        assert found is not None
        assert found.content_hash is None

    async def test_a_revision_that_nobody_committed_is_none(self, metadata: Metadata) -> None:
        await metadata.commit(a_swap("Q42"))

        assert await revision(metadata, Q42, 2) is None
        assert await revision(metadata, Q1, 1) is None

    async def test_ten_thousand_statements_fit_in_a_row(self, metadata: Metadata) -> None:
        ids = [f"Q42${REGULAR[:-5]}{number:05X}" for number in range(10_000)]
        await metadata.commit(a_swap("Q42", hashes=range(10_000), ids=ids, added=[]))

        found = await revision(metadata, Q42, 1)

        assert found is not None
        assert found.index is not None
        assert list(found.index.hashes) == list(range(10_000))
        assert (await metadata.statement_ids([(Q42, 1)]))[(Q42, 1)] == ids

    # The compare-and-swap

    async def test_revisions_may_leave_gaps(self, metadata: Metadata) -> None:
        """S6: a crashed try took the numbers between."""
        await committed(metadata, a_swap("Q42", 3), a_swap("Q42", 7, 3))

        assert (await metadata.heads([Q42]))[Q42].head.revision == 7
        found = await revision(metadata, Q42, 7)
        assert found is not None
        assert found.parent == 3

    async def test_creating_what_exists_is_refused_and_told_the_head(self, metadata: Metadata) -> None:
        """W2."""
        await committed(metadata, a_swap("Q42", 1), a_swap("Q42", 2, 1))

        with pytest.raises(HeadMoved) as moved:
            await metadata.commit(a_swap("Q42", 1, None))

        assert (moved.value.entity, moved.value.expected, moved.value.found) == (Q42, None, 2)

    async def test_a_stale_base_is_refused_and_told_the_head(self, metadata: Metadata) -> None:
        """W3."""
        await committed(metadata, a_swap("Q42", 1), a_swap("Q42", 2, 1))

        with pytest.raises(HeadMoved) as moved:
            await metadata.commit(a_swap("Q42", 3, 1))

        assert (moved.value.entity, moved.value.expected, moved.value.found) == (Q42, 1, 2)
        assert (await metadata.heads([Q42]))[Q42].head.revision == 2

    async def test_a_base_without_entity_is_refused(self, metadata: Metadata) -> None:
        with pytest.raises(HeadMoved) as moved:
            await metadata.commit(a_swap("Q42", 2, 1))

        assert (moved.value.expected, moved.value.found) == (1, None)
        assert await metadata.heads([Q42]) == {}

    async def test_the_same_swap_sent_twice_lands_once(self, metadata: Metadata) -> None:
        """I3: a retry after a lost answer finds the head past it."""
        await metadata.commit(a_swap("Q42", 1))
        swap = a_swap("Q42", 2, 1)
        await metadata.commit(swap)

        with pytest.raises(HeadMoved):
            await metadata.commit(swap)

        assert len(await history(metadata, Q42)) == 2
        assert await metadata.attempt_of(Q42, 2) == swap.attempt

    @pytest.mark.parametrize("keyed", [False, True], ids=["without key", "with keys"])
    @pytest.mark.parametrize("expected", [None, 1], ids=["creation", "edit"])
    async def test_of_32_concurrent_swaps_one_wins(
        self, peers: Sequence[Metadata], expected: int | None, keyed: bool
    ) -> None:
        """I3: and what is stored is the winner's, all of it; the others are told its revision."""
        if expected is not None:
            await peers[0].commit(a_swap("Q42", expected))
        revision = (expected or 0) + 1
        swaps = [
            a_swap(
                "Q42",
                revision,
                expected,
                hashes=[number],
                attempt=an_attempt(number),
                key=a_key(number) if keyed else None,
            )
            for number in range(100, 132)
        ]

        answers = await asyncio.gather(
            *(attempted(peers[position % len(peers)], swap) for position, swap in enumerate(swaps))
        )

        [winner] = [swap for swap, answer in zip(swaps, answers, strict=True) if isinstance(answer, Head)]
        lost = [answer for answer in answers if isinstance(answer, HeadMoved)]
        assert {(moved.expected, moved.found) for moved in lost} == {(expected, revision)}
        stored = (await peers[-1].heads([Q42]))[Q42].revision
        assert (stored.attempt, stored.index) == (
            winner.attempt,
            replace(winner.index, hashes=tuple(winner.index.hashes)),
        )
        owed = [work for work in await peers[0].underived(EVERYTHING) if work.revision == revision]
        assert [work.attempt for work in owed] == [winner.attempt]

    async def test_swaps_of_different_entities_do_not_disturb_each_other(
        self, peers: Sequence[Metadata]
    ) -> None:
        entities = [EntityId(f"Q{number}") for number in range(1, 33)]

        await asyncio.gather(
            *(peers[position % len(peers)].commit(a_swap(entity)) for position, entity in enumerate(entities))
        )

        assert set(await peers[0].heads(entities)) == set(entities)

    async def test_racing_chains_of_edits_lose_none(self, peers: Sequence[Metadata]) -> None:
        """I3: each revision's parent is the one before it, and each acknowledged edit is in the history."""
        await peers[0].commit(a_swap("Q42", 1))

        async def edit(peer: Metadata, attempt: int) -> int:
            while True:
                head = (await peer.heads([Q42]))[Q42].head.revision
                swap = a_swap("Q42", head + 1, head, attempt=an_attempt(attempt))
                if isinstance(await attempted(peer, swap), Head):
                    return head + 1

        landed = await asyncio.gather(*(edit(peers[number % len(peers)], number) for number in range(10, 20)))

        rows = await history(peers[0], Q42)
        assert [row.revision for row in rows] == list(range(11, 0, -1))
        assert [row.parent for row in rows] == [*range(10, 0, -1), None]
        assert sorted(landed) == list(range(2, 12))

    async def test_a_refused_swap_leaves_nothing(self, metadata: Metadata) -> None:
        """W1: neither revision, nor outbox row, nor idempotency row."""
        await metadata.commit(a_swap("Q42", 1))

        with pytest.raises(HeadMoved):
            await metadata.commit(a_swap("Q42", 9, 8, key=a_key()))

        assert await revision(metadata, Q42, 9) is None
        assert await metadata.attempt_of(Q42, 9) is None
        assert [work.revision for work in await metadata.underived(EVERYTHING)] == [1]
        assert [work.revision for work in await metadata.unpublished(EVERYTHING)] == [1]
        assert await metadata.landed(Q42, a_key().key) is None

    async def test_a_swap_leaves_its_outbox_row_and_its_idempotency_row(self, metadata: Metadata) -> None:
        """W1."""
        await metadata.commit(a_swap("Q42", 1, key=a_key(request=3)))

        assert [(work.entity, work.revision) for work in await metadata.underived(EVERYTHING)] == [(Q42, 1)]
        assert await metadata.landed(Q42, a_key().key) == Landed(Q42, 1, False, a_key(request=3).request)

    @pytest.mark.parametrize("expected", [None, 1, 2], ids=["creation", "edit", "edit of a stale base"])
    async def test_a_hard_deleted_entity_takes_no_swap(
        self, metadata: Metadata, expected: int | None
    ) -> None:
        """I14, W7."""
        await committed(metadata, a_swap("Q42", 1), a_swap("Q42", 2, 1, flags=Flags(is_deleted=True)))

        with pytest.raises(EntityGone) as gone:
            await metadata.commit(a_swap("Q42", 3, expected))

        assert gone.value.entity == Q42
        assert await revision(metadata, Q42, 3) is None

    async def test_a_hard_deleted_head_is_told_of(self, metadata: Metadata) -> None:
        """Q7: so that "gone" can be told from "never there"."""
        await committed(metadata, a_swap("Q42", 1), a_swap("Q42", 2, 1, flags=Flags(is_deleted=True)))

        assert (await metadata.heads([Q42]))[Q42].head.flags.is_deleted

    async def test_a_soft_deleted_entity_takes_a_swap(self, metadata: Metadata) -> None:
        """W7: it is undone by a new revision."""
        await metadata.commit(a_swap("Q42", 1, flags=Flags(is_soft_deleted=True)))

        head = await metadata.commit(a_swap("Q42", 2, 1))

        assert head.flags == Flags()

    # Idempotency keys

    async def test_a_key_that_landed_lets_no_second_swap_land(self, metadata: Metadata) -> None:
        """I13: told before the head is compared."""
        await metadata.commit(a_swap("Q42", 1, key=a_key(request=3)))

        with pytest.raises(AlreadyLanded) as before:
            await metadata.commit(a_swap("Q42", 2, 1, key=a_key(request=4)))

        assert before.value.landed == Landed(Q42, 1, False, a_key(request=3).request)
        assert (await metadata.heads([Q42]))[Q42].head.revision == 1
        assert [work.revision for work in await metadata.underived(EVERYTHING)] == [1]

    async def test_a_retry_of_a_creation_is_told_that_it_landed(self, metadata: Metadata) -> None:
        """I13: not that the entity exists."""
        await metadata.commit(a_swap("Q42", 1, key=a_key()))

        with pytest.raises(AlreadyLanded):
            await metadata.commit(a_swap("Q42", 1, None, key=a_key()))

    async def test_of_racing_swaps_under_one_key_one_lands(self, peers: Sequence[Metadata]) -> None:
        """I13: whatever bases they name."""
        await peers[0].commit(a_swap("Q42", 1))

        async def insist(peer: Metadata, attempt: int) -> Head | Landed:
            while True:
                head = (await peer.heads([Q42]))[Q42].head.revision
                swap = a_swap("Q42", head + 1, head, attempt=an_attempt(attempt), key=a_key())
                try:
                    return await peer.commit(swap)
                except AlreadyLanded as before:
                    return before.landed
                except HeadMoved:
                    continue

        answers = await asyncio.gather(*(insist(peers[number % len(peers)], number) for number in range(20)))

        assert sum(isinstance(answer, Head) for answer in answers) == 1
        assert {answer.revision for answer in answers} == {2}

    async def test_one_key_on_two_entities_lands_on_both(self, metadata: Metadata) -> None:
        """A key is scoped to its entity; that a client's key goes to one only is what reserving is for."""
        await committed(metadata, a_swap("Q1", key=a_key()), a_swap("Q2", key=a_key()))

        assert await metadata.landed(Q1, a_key().key) == Landed(Q1, 1, False, a_key().request)
        assert await metadata.landed(Q2, a_key().key) == Landed(Q2, 1, False, a_key().request)

    async def test_what_landed_is_found_for_many_entities_at_once(self, metadata: Metadata) -> None:
        """And only on the entity that it is asked for."""
        await committed(
            metadata,
            a_swap("Q1", key=a_key(1)),
            a_swap("Q2", key=a_key(2)),
            a_swap("Q42", key=a_key(3)),
        )

        found = await metadata.landed_many(
            {Q1: [a_key(1).key, a_key(9).key], Q2: [a_key(2).key], L1: [a_key(3).key]}
        )

        assert {key: (landed.entity, landed.revision) for key, landed in found.items()} == {
            a_key(1).key: (Q1, 1),
            a_key(2).key: (Q2, 1),
        }
        assert await metadata.landed_many({Q1: [a_key(2).key], Q2: [a_key(1).key]}) == {}
        assert await metadata.landed_many({}) == {}

    async def test_that_nothing_had_to_change_is_remembered(self, metadata: Metadata) -> None:
        """W4, I13: the first record stands."""
        first = Landed(Q42, 1, True, a_key(request=1).request)
        await metadata.commit(a_swap("Q42", 1))

        answers = [
            await metadata.record_unchanged(first, a_key().key, NOW),
            await metadata.record_unchanged(replace(first, revision=2), a_key().key, NOW),
        ]

        assert answers == [first, first]
        assert await metadata.landed(Q42, a_key().key) == first
        with pytest.raises(AlreadyLanded) as before:
            await metadata.commit(a_swap("Q42", 2, 1, key=a_key()))
        assert before.value.landed == first

    async def test_of_racing_records_of_no_change_the_first_stands(self, peers: Sequence[Metadata]) -> None:
        """I13: and all are told it."""
        records = [Landed(Q42, number, True, a_key(request=number).request) for number in range(1, 21)]

        told = await asyncio.gather(
            *(
                insisting(partial(peers[number % len(peers)].record_unchanged, record, a_key().key, NOW))
                for number, record in enumerate(records)
            )
        )

        assert len(set(told)) == 1
        assert await peers[0].landed(Q42, a_key().key) == told[0]

    async def test_a_commit_stands_against_a_late_record_of_no_change(self, metadata: Metadata) -> None:
        """I13."""
        await metadata.commit(a_swap("Q42", 1, key=a_key()))

        answer = await metadata.record_unchanged(Landed(Q42, 1, True, a_key().request), a_key().key, NOW)

        assert answer == Landed(Q42, 1, False, a_key().request)
        assert await metadata.landed(Q42, a_key().key) == answer

    async def test_a_key_is_bound_once(self, metadata: Metadata) -> None:
        """I13: to the first entity and the first request."""
        first = await metadata.reserve(a_key(1, request=1), Q1, NOW)
        again = await metadata.reserve(a_key(1, request=1), Q1, NOW)
        other = await metadata.reserve(a_key(1, request=2), Q2, NOW)

        assert first == again == other == (Q1, a_key(request=1).request)
        assert await metadata.reserved(a_key(1).key) == first

    async def test_a_key_that_nobody_reserved_is_bound_to_nothing(self, metadata: Metadata) -> None:
        await metadata.reserve(a_key(1), Q1, NOW)

        assert await metadata.reserved(a_key(2).key) is None

    async def test_racing_reservations_of_a_key_agree(self, peers: Sequence[Metadata]) -> None:
        """I13."""
        bound = await asyncio.gather(
            *(
                insisting(
                    partial(
                        peers[number % len(peers)].reserve,
                        a_key(1, request=number),
                        EntityId(f"Q{number}"),
                        NOW,
                    )
                )
                for number in range(1, 21)
            )
        )

        assert len(set(bound)) == 1
        assert await peers[0].reserved(a_key(1).key) == bound[0]

    async def test_which_attempt_committed_a_revision_can_be_asked(self, metadata: Metadata) -> None:
        """W1: after a lost answer."""
        await metadata.commit(a_swap("Q42", 1, attempt=an_attempt(5)))

        assert await metadata.attempt_of(Q42, 1) == an_attempt(5)
        assert await metadata.attempt_of(Q42, 2) is None
        assert await metadata.attempt_of(Q1, 1) is None

    # Ids

    @pytest.mark.parametrize("limit", [1, 2, 100])
    async def test_pages_of_entities_give_each_once(self, metadata: Metadata, limit: int) -> None:
        ids = [EntityId(text) for text in ("Q2", "Q10", "Q2147483647", "P1", "L1", "E1")]
        await committed(metadata, *(a_swap(entity) for entity in ids))

        seen: list[EntityId] = []
        while page := await metadata.entities(seen[-1] if seen else None, limit):
            assert len(page) <= limit
            seen.extend(page)
            assert len(seen) <= len(ids)

        assert sorted(seen) == sorted(ids)

    async def test_an_id_is_registered_once(self, metadata: Metadata) -> None:
        """I12."""
        answers = [await metadata.register(Q42, NOW) for _ in range(3)]

        assert answers == [True, False, False]

    async def test_of_racing_registrations_of_an_id_one_is_the_first(self, peers: Sequence[Metadata]) -> None:
        """I12."""
        answers = await asyncio.gather(
            *(
                insisting(partial(peers[number % len(peers)].register, Q42, NOW + timedelta(seconds=number)))
                for number in range(20)
            )
        )

        assert sorted(answers) == [False] * 19 + [True]

    async def test_a_registered_id_is_known_to_be_used(self, metadata: Metadata) -> None:
        """W2: whether or not it has revisions; letter by letter."""
        await metadata.register(Q42, NOW)

        assert await metadata.registered([Q42, Q1, EntityId("P42")]) == {Q42}
        assert await metadata.registered([]) == set()

    @pytest.mark.parametrize("kind", EntityType)
    async def test_new_numbers_begin_at_the_floor(self, metadata: Metadata, kind: EntityType) -> None:
        """W2."""
        first = await metadata.lease_numbers(kind, 3)
        second = await metadata.lease_numbers(kind, 2)

        assert (list(first), list(second)) == (
            [FLOORS[kind], FLOORS[kind] + 1, FLOORS[kind] + 2],
            [FLOORS[kind] + 3, FLOORS[kind] + 4],
        )

    async def test_no_number_is_given_twice_under_concurrency(self, peers: Sequence[Metadata]) -> None:
        """I12."""
        sizes: Mapping[int, int] = {number: number % 5 + 1 for number in range(40)}

        leased = await asyncio.gather(
            *(
                insisting(partial(peers[number % len(peers)].lease_numbers, EntityType.ITEM, size))
                for number, size in sizes.items()
            )
        )

        assert [len(numbers) for numbers in leased] == list(sizes.values())
        given = [number for numbers in leased for number in numbers]
        assert len(set(given)) == len(given)
        assert min(given) >= FLOORS[EntityType.ITEM]
