"""The port `Outbox`: what committed revisions still owe."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from storage.ids import EntityId
from storage.model import EditInfo
from storage.ports import Backlog, Metadata, Work
from tests.builders import NOW, a_swap, an_attempt
from tests.conformance import MetadataSuite, insisting

Q1, Q2 = EntityId("Q1"), EntityId("Q2")
EVERYTHING = 1000


def places(work: object) -> list[tuple[EntityId, int]]:
    """Entity and revision of each."""
    assert isinstance(work, list | tuple)
    return [(one.entity, one.revision) for one in work]


class OutboxSuite(MetadataSuite):
    """Subclasses give `metadata`, and may give more `peers`."""

    @pytest.fixture
    async def outbox(self, metadata: Metadata) -> Metadata:
        """Three revisions of Q1, two of Q2, committed in turn."""
        for entity, number in (("Q2", 1), ("Q1", 1), ("Q1", 2), ("Q2", 2), ("Q1", 3)):
            await metadata.commit(a_swap(entity, number, number - 1 or None))
        return metadata

    async def test_nothing_committed_owes_nothing(self, metadata: Metadata) -> None:
        assert await metadata.underived(EVERYTHING) == []
        assert await metadata.unpublished(EVERYTHING) == []

    async def test_a_commit_owes_what_its_swap_says(self, metadata: Metadata) -> None:
        """W1: all that is derived can be derived from this row."""
        await metadata.commit(a_swap("Q1", 1, hashes=[1]))
        swap = a_swap(
            "Q1",
            2,
            1,
            added=[5, 2**64 - 1],
            removed=[0, 2**63],
            attempt=an_attempt(9),
            redirects_to="Q2",
            redirect_changed=True,
            edit=EditInfo("Zoë 😀", summary="why", bot=True),
        )
        await metadata.commit(swap)

        [work] = [one for one in await metadata.underived(EVERYTHING) if one.revision == 2]

        assert work == Work(
            entity=Q1,
            revision=2,
            attempt=an_attempt(9),
            added=(5, 2**64 - 1),
            removed=(0, 2**63),
            redirect_changed=True,
            redirects_to=Q2,
            event=swap.event,
            derived=False,
            published=False,
        )
        assert work in await metadata.unpublished(EVERYTHING)

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
    async def test_of_each_entity_the_oldest_unpublished_come_first(
        self, outbox: Metadata, limit: int
    ) -> None:
        """E3: in order per entity, however few are asked for."""
        work = await outbox.unpublished(limit)

        assert len(work) == limit
        for entity in (Q1, Q2):
            numbers = [one.revision for one in work if one.entity == entity]
            assert numbers == list(range(1, len(numbers) + 1))

    async def test_publishing_batch_by_batch_gives_each_entitys_events_in_order(
        self, outbox: Metadata
    ) -> None:
        """E3."""
        published: list[tuple[EntityId, int]] = []
        while work := await outbox.unpublished(2):
            published.extend(places(work))
            await outbox.mark(places(work), published=True)

        assert [number for entity, number in published if entity == Q1] == [1, 2, 3]
        assert [number for entity, number in published if entity == Q2] == [1, 2]

    async def test_no_more_is_given_than_asked_for(self, outbox: Metadata) -> None:
        assert len(await outbox.underived(3)) == 3

    async def test_what_is_derived_is_still_to_be_published(self, outbox: Metadata) -> None:
        await outbox.mark([(Q1, 2)], derived=True)

        assert sorted(places(await outbox.underived(EVERYTHING))) == [(Q1, 1), (Q1, 3), (Q2, 1), (Q2, 2)]
        [work] = [
            one for one in await outbox.unpublished(EVERYTHING) if (one.entity, one.revision) == (Q1, 2)
        ]
        assert (work.derived, work.published) == (True, False)

    async def test_what_is_published_is_still_to_be_derived(self, outbox: Metadata) -> None:
        await outbox.mark([(Q1, 2)], published=True)

        assert sorted(places(await outbox.unpublished(EVERYTHING))) == [(Q1, 1), (Q1, 3), (Q2, 1), (Q2, 2)]
        [work] = [one for one in await outbox.underived(EVERYTHING) if (one.entity, one.revision) == (Q1, 2)]
        assert (work.derived, work.published) == (False, True)

    @pytest.mark.parametrize("order", ["derived first", "published first", "at once"])
    async def test_what_is_derived_and_published_is_over(self, outbox: Metadata, order: str) -> None:
        done = [(Q1, 1), (Q2, 2)]
        if order == "derived first":
            await outbox.mark(done, derived=True)
            await outbox.mark(done, published=True)
        elif order == "published first":
            await outbox.mark(done, published=True)
            await outbox.mark(done, derived=True)
        else:
            await outbox.mark(done, derived=True, published=True)

        left = [(Q1, 2), (Q1, 3), (Q2, 1)]
        assert sorted(places(await outbox.underived(EVERYTHING))) == left
        assert sorted(places(await outbox.unpublished(EVERYTHING))) == left

    async def test_marking_is_idempotent(self, outbox: Metadata) -> None:
        """The relay and the process that committed may both do it, also when the row is gone."""
        for _ in range(2):
            await outbox.mark([(Q1, 1)], derived=True)
        for _ in range(2):
            await outbox.mark([(Q1, 1)], published=True)
        await outbox.mark([(Q1, 1)], derived=True)

        assert sorted(places(await outbox.underived(EVERYTHING))) == [(Q1, 2), (Q1, 3), (Q2, 1), (Q2, 2)]

    async def test_nothing_owed_is_a_backlog_of_nothing(self, metadata: Metadata) -> None:
        assert await metadata.backlog(EVERYTHING) == Backlog(0, 0, None, None)

    async def test_a_backlog_is_counted_by_what_is_owed_and_dated_by_the_oldest(
        self, metadata: Metadata
    ) -> None:
        """E4, O2: how far what is derived, and the stream, are behind."""
        for number in range(4):
            made = NOW + timedelta(minutes=(number - 2) ** 2)
            swap = a_swap(f"Q{9 - number}")
            await metadata.commit(replace(swap, snapshot=replace(swap.snapshot, created_at=made)))
        await metadata.mark([(EntityId("Q7"), 1)], derived=True)
        await metadata.mark([(EntityId("Q9"), 1), (EntityId("Q8"), 1)], published=True)

        assert await metadata.backlog(EVERYTHING) == Backlog(
            underived=3,
            unpublished=2,
            underived_since=NOW + timedelta(minutes=1),
            unpublished_since=NOW,
        )

    async def test_no_more_of_a_backlog_is_looked_at_than_was_asked_for(self, outbox: Metadata) -> None:
        backlog = await outbox.backlog(2)

        assert (backlog.underived, backlog.unpublished) == (2, 2)

    async def test_racing_marks_of_both_kinds_forget_all(self, peers: Sequence[Metadata]) -> None:
        """The process that committed derives while the relay publishes; neither must miss the other's word."""
        places = [(EntityId(f"Q{number}"), 1) for number in range(1, 21)]
        for entity, number in places:
            await peers[0].commit(a_swap(entity, number))

        await asyncio.gather(
            *(
                insisting(
                    partial(peers[number % len(peers)].mark, some, derived=derived, published=not derived)
                )
                for number, some in enumerate((places, places[::-1], places[5:], places[:15]))
                for derived in (False, True)
            )
        )

        assert await peers[0].underived(EVERYTHING) == []
        assert await peers[0].unpublished(EVERYTHING) == []

    async def test_marking_nothing_or_what_is_not_there_changes_nothing(self, outbox: Metadata) -> None:
        await outbox.mark([], derived=True)
        await outbox.mark([(Q1, 99), (EntityId("L1"), 1)], derived=True, published=True)

        assert len(await outbox.underived(EVERYTHING)) == 5

    async def test_many_are_marked_in_one_call(self, outbox: Metadata) -> None:
        """A whole batch of the relay, and more."""
        ghosts = [(EntityId(f"Q{number}"), 1) for number in range(1000, 2200)]

        await outbox.mark([*ghosts, (Q1, 1)], derived=True, published=True)

        assert len(await outbox.underived(EVERYTHING)) == 4
