"""The port `Leases`: one process at a time, by clocks that may jump."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from storage.ports import Metadata
from storage.sql.migrate import HEAD
from tests.builders import NOW
from tests.conformance import MetadataSuite, insisting

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


class LeasesSuite(MetadataSuite):
    """Subclasses give `metadata`, and may give more `peers`."""

    async def test_a_free_lease_is_given(self, metadata: Metadata) -> None:
        assert await metadata.hold_lease("relay", "one", 15, NOW)

    async def test_a_lease_that_runs_is_not_given_to_another(self, metadata: Metadata) -> None:
        await metadata.hold_lease("relay", "one", 15, NOW)

        assert not await metadata.hold_lease("relay", "two", 15, NOW + 14 * SECOND)

    async def test_a_refused_lease_stays_with_its_owner(self, metadata: Metadata) -> None:
        await metadata.hold_lease("relay", "one", 15, NOW)
        await metadata.hold_lease("relay", "two", 15, NOW + SECOND)

        assert await metadata.hold_lease("relay", "one", 15, NOW + 2 * SECOND)

    async def test_a_lease_that_ran_out_is_given_to_another(self, metadata: Metadata) -> None:
        await metadata.hold_lease("relay", "one", 15, NOW)

        assert await metadata.hold_lease("relay", "two", 15, NOW + 15 * SECOND)
        assert not await metadata.hold_lease("relay", "one", 15, NOW + 16 * SECOND)

    async def test_an_owner_prolongs_its_lease(self, metadata: Metadata) -> None:
        await metadata.hold_lease("relay", "one", 15, NOW)
        assert await metadata.hold_lease("relay", "one", 15, NOW + 10 * SECOND)

        assert not await metadata.hold_lease("relay", "two", 15, NOW + 24 * SECOND)
        assert await metadata.hold_lease("relay", "two", 15, NOW + 25 * SECOND)

    async def test_leases_of_different_names_are_independent(self, metadata: Metadata) -> None:
        await metadata.hold_lease("relay", "one", 15, NOW)

        assert await metadata.hold_lease("collector", "two", 15, NOW)

    async def test_the_tables_tell_this_programs_version(self, metadata: Metadata) -> None:
        """O2: what readiness looks at."""
        assert await metadata.schema_version() == HEAD

    async def test_of_racing_owners_one_gets_the_lease(self, peers: Sequence[Metadata]) -> None:
        answers = await asyncio.gather(
            *(
                insisting(partial(peers[number % len(peers)].hold_lease, "relay", f"owner {number}", 15, NOW))
                for number in range(20)
            )
        )

        assert sorted(answers) == [False] * 19 + [True]

    async def test_of_racing_owners_one_gets_a_lease_that_ran_out(self, peers: Sequence[Metadata]) -> None:
        await peers[0].hold_lease("relay", "one", 15, NOW)

        answers = await asyncio.gather(
            *(
                insisting(
                    partial(peers[number % len(peers)].hold_lease, "relay", f"owner {number}", 15, NOW + HOUR)
                )
                for number in range(20)
            )
        )

        assert sorted(answers) == [False] * 19 + [True]

    async def test_a_lease_from_a_clock_far_ahead_is_not_believed(self, metadata: Metadata) -> None:
        """I15: else a clock that jumped an hour ahead and back would stop the relay for an hour."""
        await metadata.hold_lease("relay", "one", 15, NOW + HOUR)

        assert await metadata.hold_lease("relay", "two", 15, NOW)

    async def test_an_owner_whose_clock_jumps_back_keeps_its_lease_alive(self, metadata: Metadata) -> None:
        """I15."""
        await metadata.hold_lease("relay", "one", 15, NOW + HOUR)
        assert await metadata.hold_lease("relay", "one", 15, NOW)

        assert not await metadata.hold_lease("relay", "two", 15, NOW + SECOND)
        assert await metadata.hold_lease("relay", "two", 15, NOW + 15 * SECOND)

    async def test_a_clock_that_jumps_ahead_takes_the_lease_early_but_it_stays_one(
        self, metadata: Metadata
    ) -> None:
        """I15: an economy, never a guarantee; one owner is told yes."""
        await metadata.hold_lease("relay", "one", 15, NOW)
        assert await metadata.hold_lease("relay", "two", 15, NOW + HOUR)

        assert not await metadata.hold_lease("relay", "three", 15, NOW + HOUR)

    async def test_a_lease_slightly_ahead_of_this_clock_is_believed(self, metadata: Metadata) -> None:
        """Clocks of two machines differ by seconds."""
        await metadata.hold_lease("relay", "one", 15, NOW + 10 * SECOND)

        assert not await metadata.hold_lease("relay", "two", 15, NOW)
