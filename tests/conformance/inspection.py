"""The port `Inspection`: walks over everything, and what is noted of entities that a check has in hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import pytest

from storage.canonical import hash64
from storage.ids import EntityId
from storage.ports import Backlink, Metadata
from storage.statuses import Status
from tests.builders import NOW, a_body, a_link, a_swap, an_attempt
from tests.conformance import MetadataSuite
from tests.conformance.statements import HASH_A, HASH_B, HASH_C, A, B, a_claim

T = TypeVar("T")
C = TypeVar("C")
EVERYTHING = 1000
Q1, Q2, Q5, P4, L1 = (EntityId(one) for one in ("Q1", "Q2", "Q5", "P4", "L1"))
limits = pytest.mark.parametrize("limit", [1, 2, 3, EVERYTHING])


async def walked(
    read: Callable[[C | None, int], Awaitable[Sequence[T]]], place: Callable[[T], C], limit: int
) -> list[T]:
    """Page by page to the end."""
    seen: list[T] = []
    while page := await read(place(seen[-1]) if seen else None, limit):
        assert len(page) <= limit
        seen.extend(page)
        assert len(seen) <= EVERYTHING
    return seen


class InspectionSuite(MetadataSuite):
    """Subclasses give `metadata`."""

    async def test_where_nothing_is_there_is_nothing_to_walk_over(self, metadata: Metadata) -> None:
        assert await metadata.statement_rows(None, 1) == []
        assert await metadata.all_backlinks(None, 1) == []
        assert await metadata.all_redirects(None, 1) == []
        assert await metadata.on_lists(None, 1) == []
        assert await metadata.lists_of([Q1]) == {}
        assert await metadata.redirects_of([Q1]) == {}
        assert await metadata.links_of(Q1, [Q5]) == set()
        assert await metadata.facts([1]) == {}

    @limits
    async def test_each_statement_comes_once_by_its_hash(self, metadata: Metadata, limit: int) -> None:
        bodies = [a_body("P31", string=f"value {number}") for number in range(7)]
        await metadata.claim(a_claim(*bodies), hash64, NOW)

        seen = await walked(metadata.statement_rows, lambda row: row.hash, limit)

        assert [row.hash for row in seen] == sorted(hash64(body.canonical) for body in bodies)

    async def test_the_facts_of_a_statement_are_its_holders(self, metadata: Metadata) -> None:
        """I7."""
        await metadata.claim(a_claim(A, B), hash64, NOW)
        await metadata.hold(Q1, [HASH_A, HASH_B], None)
        await metadata.hold(Q2, [HASH_A], None)

        assert await metadata.facts([HASH_A, HASH_B, HASH_C]) == {HASH_A: {Q1, Q2}, HASH_B: {Q1}}

    # Links

    @pytest.fixture
    async def linked(self, metadata: Metadata) -> Metadata:
        """Links of two entities to others, one of which was taken back."""
        for entity, statement in ((Q1, 1), (Q2, 2**64 - 1)):
            links = [a_link(target, statement + more) for target in ("Q5", "P4") for more in (0, -1)]
            await metadata.relink(entity, 1, links, [])
        await metadata.relink(Q2, 2, [], [a_link("Q5", 2**64 - 1)])
        return metadata

    @limits
    async def test_each_link_that_stands_comes_once(self, linked: Metadata, limit: int) -> None:
        """I11."""
        seen = await walked(
            linked.all_backlinks, lambda link: (link.referenced, link.referencing, link.statement), limit
        )

        found = [(link.referenced, link.referencing, link.statement) for link in seen]
        assert len(found) == len(set(found)) == 7
        assert set(found) == {
            (target, entity, statement)
            for target in (Q5, P4)
            for entity, statement in ((Q1, 0), (Q1, 1), (Q2, 2**64 - 2), (Q2, 2**64 - 1))
        } - {(Q5, Q2, 2**64 - 1)}
        assert seen == list(await linked.all_backlinks(None, EVERYTHING))

    async def test_the_links_of_an_entity_are_those_that_stand(self, linked: Metadata) -> None:
        """I11: to those that are named."""
        assert await linked.links_of(Q2, [Q5, Q1]) == {Backlink(Q5, Q2, 2**64 - 2, "P31", "normal", 1)}
        assert len(await linked.links_of(Q1, [Q5, P4])) == 4

    # Redirects

    @pytest.fixture
    async def redirected(self, metadata: Metadata) -> Metadata:
        """Redirects of three, and one that was reverted."""
        for source in (Q1, Q2, P4, L1):
            await metadata.redirect(source, Q5, 2, "Alice", NOW)
        await metadata.redirect(Q2, None, 3, "Alice", NOW)
        return metadata

    @limits
    async def test_each_redirect_that_stands_comes_once(self, redirected: Metadata, limit: int) -> None:
        """I11."""
        seen = await walked(redirected.all_redirects, lambda pair: pair[0], limit)

        assert sorted(seen) == [(L1, Q5), (P4, Q5), (Q1, Q5)]
        assert seen == list(await redirected.all_redirects(None, EVERYTHING))

    async def test_the_redirects_of_some_are_those_that_stand(self, redirected: Metadata) -> None:
        """I11."""
        assert await redirected.redirects_of([Q1, Q2, L1, Q5]) == {Q1: Q5, L1: Q5}

    # Lists

    @pytest.fixture
    async def listed(self, metadata: Metadata) -> Metadata:
        """Entities on one list, on two, on none, and on one no more."""
        joined = {
            Q1: {Status.LOCKED.value},
            Q2: {Status.LOCKED.value, "type:lock"},
            P4: set[str](),
            L1: {"type:edit"},
        }
        for entity, names in joined.items():
            await metadata.commit(replace(a_swap(entity), joined=names))
        left = replace(a_swap("L1", 2, 1, attempt=an_attempt(2)), left={"type:edit"})
        await metadata.commit(left)
        await metadata.commit(replace(a_swap("Q5"), joined={"type:edit"}))
        return metadata

    @limits
    async def test_each_entity_that_is_on_any_list_comes_once(self, listed: Metadata, limit: int) -> None:
        """Q6."""
        seen = await walked(listed.on_lists, lambda entity: entity, limit)

        assert sorted(seen) == [Q1, Q2, Q5]
        assert seen == list(await listed.on_lists(None, EVERYTHING))

    async def test_the_lists_of_some_are_those_on_which_they_are(self, listed: Metadata) -> None:
        """Q6."""
        assert await listed.lists_of([Q1, Q2, P4, L1]) == {
            Q1: {"is_locked"},
            Q2: {"is_locked", "type:lock"},
        }
