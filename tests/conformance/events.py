"""The port `Events`: the stream, at least once and in order per entity."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from storage.events import PositionGone, WrongPosition
from storage.model import Event
from storage.ports import Events, Position, Published
from storage.positions import covers, places_in
from tests.builders import NOW, an_event

START, EVERYTHING = None, 1000


def once(published: Iterable[Published]) -> list[Event]:
    """What a consumer sees who drops events that it has seen: the port promises no less."""
    return list({one.event.id: one.event for one in reversed(list(published))}.values())[::-1]


class EventsSuite:
    """Subclasses give `events`, and may give more `peers`."""

    @pytest.fixture
    async def events(self) -> Events:
        """An empty stream."""
        raise NotImplementedError

    @pytest.fixture
    async def peers(self, events: Events) -> Sequence[Events]:
        """Clients of the same stream."""
        return [events]

    async def test_an_empty_stream_has_no_events(self, events: Events) -> None:
        assert await events.read(START, EVERYTHING) == []

    async def test_publishing_nothing_is_nothing(self, events: Events) -> None:
        await events.publish([])

        assert await events.read(START, EVERYTHING) == []

    async def test_an_event_comes_back_as_it_was_published(self, events: Events) -> None:
        """E1."""
        event = Event(
            entity_id=an_event().entity_id,
            revision_id=2**40,
            change_type="soft_delete",
            from_revision_id=2**40 - 7,
            changed_at=NOW + timedelta(microseconds=1),
            editor="Zoë 😀",
            edit_summary='line\nbreak "quoted"',
            bot=True,
        )

        await events.publish([event])

        assert [one.event for one in await events.read(START, EVERYTHING)] == [event]

    async def test_the_first_event_of_an_entity_comes_from_no_revision(self, events: Events) -> None:
        """E1."""
        await events.publish([an_event("Q42", 1)])

        [first] = await events.read(START, EVERYTHING)
        assert first.event.from_revision_id is None

    async def test_events_of_an_entity_stay_in_order(self, events: Events) -> None:
        """E3: within one call and over several."""
        await events.publish([an_event("Q1", 1), an_event("Q2", 1), an_event("Q1", 2)])
        await events.publish([an_event("Q2", 2), an_event("Q1", 3)])

        told = [one.event for one in await events.read(START, EVERYTHING)]

        assert [event.revision_id for event in told if event.entity_id == "Q1"] == [1, 2, 3]
        assert [event.revision_id for event in told if event.entity_id == "Q2"] == [1, 2]

    async def test_reading_goes_on_from_any_event(self, events: Events) -> None:
        """E5: a consumer resumes behind the last event that it has dealt with, in the middle of a page too."""
        await events.publish([an_event(f"Q{number}", 1) for number in range(1, 13)])
        everything = await events.read(START, EVERYTHING)

        for seen in range(1, 13):
            rest = await events.read(everything[seen - 1].position, EVERYTHING)
            told = [one.event.id for one in [*everything[:seen], *rest]]
            assert sorted(told) == sorted(one.event.id for one in everything)

    async def test_what_is_published_later_comes_after_the_last_position(self, events: Events) -> None:
        """E5."""
        await events.publish([an_event("Q1", 1), an_event("Q2", 1)])
        last = (await events.read(START, EVERYTHING))[-1].position
        assert await events.read(last, EVERYTHING) == []

        await events.publish([an_event("Q3", 1)])

        assert [one.event.entity_id for one in await events.read(last, EVERYTHING)] == ["Q3"]

    @pytest.mark.parametrize("position", ["", "x", "-1", "1,2", "1:-1", "0:1,", "9" * 30, "0:1\n"])
    async def test_a_position_that_the_stream_never_gave_is_refused(
        self, events: Events, position: str
    ) -> None:
        """E5: it may come from a client."""
        with pytest.raises(WrongPosition):
            await events.read(Position(position), EVERYTHING)

    @pytest.mark.parametrize("position", ["0:1000000", "7000:1"])
    async def test_a_position_that_was_never_reached_is_gone(self, events: Events, position: str) -> None:
        """E5: of a stream that was made anew, or of another one. Nothing is passed over unsaid."""
        await events.publish([an_event("Q1", 1)])

        with pytest.raises(PositionGone):
            await events.read(Position(position), EVERYTHING)

    async def test_the_end_lies_beyond_all_that_was_published(self, events: Events) -> None:
        """E5: who begins there hears what comes, and nothing else."""
        for number in range(1, 4):
            end = await events.end()
            assert await events.read(end, EVERYTHING) == []

            await events.publish([an_event(f"Q{number}", 1)])

            assert [one.event.entity_id for one in await events.read(end, EVERYTHING)] == [f"Q{number}"]

    async def test_an_event_lies_before_the_positions_that_reach_its_number(self, events: Events) -> None:
        """E5: by which one who reads on his own and one who listens find out what both have heard."""
        await events.publish([an_event(f"Q{number}", 1) for number in range(1, 13)])
        everything = await events.read(START, EVERYTHING)

        for position in (one.position for one in everything):
            rest = {one.event.id for one in await events.read(position, EVERYTHING)}
            places = places_in(position)
            assert {one.event.id for one in everything if one.number > places.get(one.lane, 0)} == rest
        assert covers(places_in(everything[-1].position), places_in(await events.end()))

    async def test_a_stream_has_one_name_for_all_and_for_ever(self, peers: Sequence[Events]) -> None:
        before = [await peer.stream() for peer in peers]

        await peers[0].publish([an_event("Q1", 1)])

        assert {await peer.stream() for peer in peers} | set(before) == {before[0]}
        assert re.fullmatch("[0-9a-f]{16}", before[0])

    async def test_a_stream_that_answers_is_reachable(self, events: Events) -> None:
        """O2: asked by whoever wants to know whether the server is ready."""
        await events.reachable()

    async def test_a_stream_that_has_dropped_nothing_is_whole(self, events: Events) -> None:
        assert await events.is_whole()

        await events.publish([an_event("Q1", 1)])

        assert await events.is_whole()

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    async def test_reading_on_from_the_last_position_misses_nothing(self, events: Events, limit: int) -> None:
        """E5: a consumer resumes where it was."""
        await events.publish([an_event("Q1", number) for number in range(1, 8)])

        seen: list[Published] = []
        while page := await events.read(seen[-1].position if seen else START, limit):
            assert len(page) <= limit
            seen.extend(page)
            assert len(seen) <= 7

        assert [one.event.revision_id for one in seen] == list(range(1, 8))

    async def test_an_event_published_again_is_neither_lost_nor_out_of_order(self, events: Events) -> None:
        """E3: at least once. The relay repeats what it had no answer for."""
        await events.publish([an_event("Q1", 1), an_event("Q1", 2)])
        await events.publish([an_event("Q1", 1), an_event("Q1", 2), an_event("Q1", 3)])

        told = once(await events.read(START, EVERYTHING))

        assert [event.revision_id for event in told] == [1, 2, 3]

    async def test_events_keep_their_position_when_one_is_published_again(self, events: Events) -> None:
        await events.publish([an_event("Q1", 1), an_event("Q1", 2)])
        before = await events.read(START, EVERYTHING)

        await events.publish([an_event("Q1", 1)])

        assert list(await events.read(START, EVERYTHING))[:2] == list(before)

    async def test_two_changes_of_one_revision_are_two_events(self, events: Events) -> None:
        """E1: an event is identified by entity, revision and kind of change."""
        await events.publish([an_event("Q1", 2), replace(an_event("Q1", 2), change_type="lock")])

        assert {one.event.change_type for one in await events.read(START, EVERYTHING)} == {"edit", "lock"}

    async def test_racing_publishers_lose_nothing(self, peers: Sequence[Events]) -> None:
        """E3."""
        await asyncio.gather(
            *(
                peers[number % len(peers)].publish(
                    [an_event(f"Q{number}", revision) for revision in (1, 2, 3)]
                )
                for number in range(1, 21)
            )
        )

        told = once(await peers[0].read(START, EVERYTHING))
        for number in range(1, 21):
            assert [event.revision_id for event in told if event.entity_id == f"Q{number}"] == [1, 2, 3]

    async def test_who_reads_at_the_same_time_reads_from_a_place_of_his_own(self, events: Events) -> None:
        """E5: many subscriptions, each at its own place."""
        await events.publish([an_event("Q1", number) for number in range(1, 21)])
        everything = await events.read(START, EVERYTHING)

        pages = await asyncio.gather(*(events.read(one.position, 3) for one in everything))

        assert [[one.event.revision_id for one in page] for page in pages] == [
            [number for number in range(seen + 1, seen + 4) if number <= 20] for seen in range(1, 21)
        ]

    async def test_what_one_publishes_all_read(self, peers: Sequence[Events]) -> None:
        """E5: the subscriptions of every process."""
        await peers[0].publish([an_event("Q1", 1)])

        assert [len(await peer.read(START, EVERYTHING)) for peer in peers] == [1] * len(peers)
