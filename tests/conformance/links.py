"""The port `Links`: derived rows, right in whatever order revisions are drawn."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.ids import EntityId, PropertyId
from storage.model import MAINSNAK, QUALIFIER, REFERENCE, Link
from storage.ports import Backlink, BacklinksPage, Metadata, Redirect, RedirectsPage
from tests.builders import NOW, a_link
from tests.conformance import MetadataSuite, insisting

Q1, Q2, Q3, Q5 = EntityId("Q1"), EntityId("Q2"), EntityId("Q3"), EntityId("Q5")
EVERYTHING = 10_000

# Two statements with two targets each: enough for one revision's word to touch and to miss another's.
LINKS = [a_link(target, statement) for target in ("Q5", "Q6") for statement in (1, 2)]

_numbers = count(1)


@st.composite
def revisions(draw: st.DrawFn) -> list[tuple[list[Link], list[Link]]]:
    """What each revision in turn adds and removes."""
    word = st.sampled_from(["", "added", "removed"])
    drawn = draw(st.lists(st.lists(word, min_size=4, max_size=4), min_size=1, max_size=5))
    return [
        (
            [link for link, said in zip(LINKS, words, strict=True) if said == "added"],
            [link for link, said in zip(LINKS, words, strict=True) if said == "removed"],
        )
        for words in drawn
    ]


async def backlinks(
    metadata: Metadata,
    referenced: EntityId,
    after: tuple[EntityId, int] | None = None,
    limit: int = EVERYTHING,
    property: PropertyId | None = None,
) -> list[Backlink]:
    """One page."""
    page = BacklinksPage(referenced, limit, after, property)
    return list((await metadata.backlinks([page]))[page])


async def redirects_to(
    metadata: Metadata, target: EntityId, limit: int = EVERYTHING, after: EntityId | None = None
) -> list[EntityId]:
    """The sources of one page."""
    page = RedirectsPage(target, limit, after)
    return [one.source for one in (await metadata.redirects_to([page]))[page]]


class LinksSuite(MetadataSuite):
    """Subclasses give `metadata`, and may give more `peers`."""

    # Backlinks

    async def test_an_entity_that_nobody_refers_to_has_no_backlinks(self, metadata: Metadata) -> None:
        await metadata.relink(Q1, 1, [a_link("Q5")], [])

        assert await backlinks(metadata, Q1) == []

    async def test_a_link_is_seen_from_its_target(self, metadata: Metadata) -> None:
        """Q4: with property, rank, statement and place."""
        link = replace(a_link("Q5", 2**64 - 1, "P31", MAINSNAK | QUALIFIER | REFERENCE), rank="deprecated")

        await metadata.relink(Q1, 1, [link], [])

        assert await backlinks(metadata, Q5) == [
            Backlink(Q5, Q1, 2**64 - 1, "P31", "deprecated", MAINSNAK | QUALIFIER | REFERENCE)
        ]

    async def test_a_removed_link_is_not_seen(self, metadata: Metadata) -> None:
        await metadata.relink(Q1, 1, [a_link("Q5", 1), a_link("Q5", 2)], [])

        await metadata.relink(Q1, 2, [], [a_link("Q5", 1)])

        assert [link.statement for link in await backlinks(metadata, Q5)] == [2]

    async def test_a_link_that_comes_back_is_seen_again(self, metadata: Metadata) -> None:
        await metadata.relink(Q1, 1, [a_link("Q5")], [])
        await metadata.relink(Q1, 2, [], [a_link("Q5")])

        await metadata.relink(Q1, 3, [a_link("Q5")], [])

        assert len(await backlinks(metadata, Q5)) == 1

    async def test_the_same_statement_of_two_entities_is_two_links(self, metadata: Metadata) -> None:
        """And what one removes, the other keeps."""
        await metadata.relink(Q1, 1, [a_link("Q5")], [])
        await metadata.relink(Q2, 1, [a_link("Q5")], [])

        await metadata.relink(Q1, 2, [], [a_link("Q5")])

        assert [link.referencing for link in await backlinks(metadata, Q5)] == [Q2]

    async def test_a_statement_with_two_targets_is_two_links(self, metadata: Metadata) -> None:
        await metadata.relink(Q1, 1, [a_link("Q5", 1), a_link("Q2", 1)], [])

        assert len(await backlinks(metadata, Q5)) == 1
        assert len(await backlinks(metadata, Q2)) == 1

    async def test_drawing_a_revision_again_changes_nothing(self, metadata: Metadata) -> None:
        """I11."""
        for _ in range(3):
            await metadata.relink(Q1, 1, [a_link("Q5")], [a_link("Q2")])

        assert len(await backlinks(metadata, Q5)) == 1
        assert await backlinks(metadata, Q2) == []

    async def test_an_older_revision_that_comes_late_does_not_bring_a_link_back(
        self, metadata: Metadata
    ) -> None:
        """I11: though the store hears of the link for the first time by its removal."""
        await metadata.relink(Q1, 2, [], [a_link("Q5")])

        await metadata.relink(Q1, 1, [a_link("Q5")], [])

        assert await backlinks(metadata, Q5) == []

    async def test_an_older_revision_that_comes_late_takes_no_link_away(self, metadata: Metadata) -> None:
        """I11."""
        await metadata.relink(Q1, 3, [a_link("Q5")], [])

        await metadata.relink(Q1, 2, [], [a_link("Q5")])

        assert len(await backlinks(metadata, Q5)) == 1

    @settings(max_examples=30)
    @given(said=revisions(), shuffle=st.randoms(use_true_random=False), repeated=st.integers(0, 4))
    async def test_drawn_in_any_order_with_repetitions_the_newest_word_stands(
        self,
        metadata: Metadata,
        said: list[tuple[list[Link], list[Link]]],
        shuffle: random.Random,
        repeated: int,
    ) -> None:
        """I11."""
        entity = EntityId(f"Q{next(_numbers) + 1000}")  # one store serves all examples
        turns = list(enumerate(said, 1))
        turns += [shuffle.choice(turns) for _ in range(repeated)]
        shuffle.shuffle(turns)

        for revision, (added, removed) in turns:
            await metadata.relink(entity, revision, added, removed)

        standing: dict[tuple[str, int], bool] = {}
        for added, removed in said:
            standing |= {(link.target, link.statement): False for link in removed}
            standing |= {(link.target, link.statement): True for link in added}
        seen = {
            (link.referenced, link.statement)
            for target in ("Q5", "Q6")
            for link in await backlinks(metadata, EntityId(target))
            if link.referencing == entity
        }
        assert seen == {place for place, stands in standing.items() if stands}

    async def test_racing_revisions_leave_the_newest_word(self, peers: Sequence[Metadata]) -> None:
        """I11: each is drawn by whoever committed it and by the relay, at the same time."""
        links = [a_link(target, statement) for target in ("Q5", "Q6", "Q7") for statement in (1, 2)]
        turns = [
            (revision, links[revision % 3 :], links[: revision % 3])
            for revision in range(1, 12)
            for _ in "ab"
        ]

        await asyncio.gather(
            *(
                insisting(partial(peers[number % len(peers)].relink, Q1, revision, added, removed))
                for number, (revision, added, removed) in enumerate(turns)
            )
        )

        seen = [
            (link.referenced, link.statement)
            for target in ("Q5", "Q6", "Q7")
            for link in await backlinks(peers[0], EntityId(target))
        ]
        assert seen == [(link.target, link.statement) for link in links[11 % 3 :]]

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    async def test_pages_of_backlinks_give_each_once_in_one_order(
        self, metadata: Metadata, limit: int
    ) -> None:
        """Q10: hashes beyond 63 bits included."""
        statements = [0, 1, 2**63 - 1, 2**63, 2**64 - 1]
        for entity in (Q2, EntityId("Q10"), EntityId("P3")):
            await metadata.relink(entity, 1, [a_link("Q5", statement) for statement in statements], [])
        await metadata.relink(Q2, 2, [], [a_link("Q5", 1)])

        seen: list[Backlink] = []
        while page := await backlinks(
            metadata, Q5, (seen[-1].referencing, seen[-1].statement) if seen else None, limit
        ):
            assert len(page) <= limit
            seen.extend(page)
            assert len(seen) <= 14

        assert len({(link.referencing, link.statement) for link in seen}) == len(seen) == 14
        assert seen == list(await backlinks(metadata, Q5))
        for entity in {link.referencing for link in seen}:
            of_entity = [link.statement for link in seen if link.referencing == entity]
            assert of_entity == sorted(of_entity)

    async def test_a_page_may_begin_at_a_link_that_is_gone(self, metadata: Metadata) -> None:
        """Q10: a cursor stays good."""
        await metadata.relink(Q1, 1, [a_link("Q5", number) for number in (1, 2, 3)], [])
        await metadata.relink(Q1, 2, [], [a_link("Q5", 2)])

        assert [link.statement for link in await backlinks(metadata, Q5, (Q1, 2))] == [3]

    @pytest.mark.parametrize("limit", [1, 2, 100])
    async def test_pages_of_the_backlinks_of_a_property_give_each_once(
        self, metadata: Metadata, limit: int
    ) -> None:
        """Q4: in the order of all, those of other properties and removed ones left out."""
        properties = {1: "P31", 2: "P3", 3: "P31", 4: "P310", 5: "P31"}
        added = [a_link("Q5", statement, name) for statement, name in properties.items()]
        for entity in (Q2, EntityId("Q10"), EntityId("P3")):
            await metadata.relink(entity, 1, added, [])
        await metadata.relink(Q2, 2, [], [a_link("Q5", 3, "P31")])
        p31 = PropertyId("P31")

        seen: list[Backlink] = []
        while page := await backlinks(
            metadata, Q5, (seen[-1].referencing, seen[-1].statement) if seen else None, limit, p31
        ):
            assert len(page) <= limit
            seen.extend(page)
            assert len(seen) <= 8

        assert seen == [link for link in await backlinks(metadata, Q5) if link.property == "P31"]
        assert len(seen) == 8

    async def test_several_pages_of_backlinks_come_in_one_call(self, metadata: Metadata) -> None:
        """Each, with its own limit and property, is what it is when asked for alone."""
        for entity in (Q1, Q2, Q3):
            links = [a_link(target, n, f"P{n % 2}") for target in ("Q5", "Q6") for n in range(5)]
            await metadata.relink(entity, 1, links, [])
        pages = [
            BacklinksPage(EntityId(target), limit, after, name)
            for target in ("Q5", "Q6", "Q7")
            for limit in (0, 1, 3, EVERYTHING)
            for after in (None, (Q1, 4), (Q2, 2), (Q3, 4))
            for name in (None, PropertyId("P0"), PropertyId("P1"), PropertyId("P2"))
        ]

        found = await metadata.backlinks(pages)

        assert found == {page: (await metadata.backlinks([page]))[page] for page in pages}
        assert [link.statement for link in found[BacklinksPage(Q5, 3, (Q2, 2), None)]] == [3, 4, 0]
        assert await metadata.backlinks([]) == {}

    async def test_many_links_are_drawn_in_one_call(self, metadata: Metadata) -> None:
        links = [a_link("Q5", number) for number in range(1201)]
        await metadata.relink(Q1, 1, links, [])

        await metadata.relink(Q1, 2, [], links[:1200])

        assert [link.statement for link in await backlinks(metadata, Q5)] == [1200]

    async def test_a_revision_without_links_changes_nothing(self, metadata: Metadata) -> None:
        await metadata.relink(Q1, 1, [a_link("Q5")], [])

        await metadata.relink(Q1, 2, [], [])

        assert len(await backlinks(metadata, Q5)) == 1

    # Redirects

    async def test_a_redirect_is_seen_from_its_target(self, metadata: Metadata) -> None:
        """Q5: with who made it and when."""
        later = NOW + timedelta(microseconds=1)
        await metadata.redirect(Q2, Q5, 2, "Bob", later)
        await metadata.redirect(Q1, Q5, 2, "Alice", NOW)
        pages = [RedirectsPage(Q5, EVERYTHING), RedirectsPage(Q1, EVERYTHING)]

        assert await metadata.redirects_to(pages) == {
            pages[0]: [Redirect(Q1, Q5, NOW, "Alice"), Redirect(Q2, Q5, later, "Bob")],
            pages[1]: [],
        }

    async def test_a_reverted_redirect_is_not_seen(self, metadata: Metadata) -> None:
        """W8."""
        await metadata.redirect(Q1, Q5, 2, "Alice", NOW)

        await metadata.redirect(Q1, None, 3, "Alice", NOW)

        assert await redirects_to(metadata, Q5) == []

    async def test_a_source_has_one_target(self, metadata: Metadata) -> None:
        """I11."""
        await metadata.redirect(Q1, Q5, 2, "Alice", NOW)

        await metadata.redirect(Q1, Q3, 4, "Alice", NOW)

        assert await redirects_to(metadata, Q5) == []
        assert await redirects_to(metadata, Q3) == [Q1]

    async def test_racing_redirects_leave_the_newest_target(self, peers: Sequence[Metadata]) -> None:
        """I11."""
        await asyncio.gather(
            *(
                insisting(
                    partial(
                        peers[revision % len(peers)].redirect,
                        Q1,
                        Q5 if revision == 20 else Q3,
                        revision,
                        "Alice",
                        NOW,
                    )
                )
                for revision in range(1, 21)
            )
        )

        assert await redirects_to(peers[0], Q5) == [Q1]
        assert await redirects_to(peers[0], Q3) == []

    @pytest.fixture
    async def redirected(self, metadata: Metadata) -> Metadata:
        """Seven redirects to Q5 and two to Q6; one of each was taken back."""
        sources = ["Q1", "Q2", "Q10", "Q9", "P4", "L1", "E1", "Q20"]
        for source in sources:
            await metadata.redirect(EntityId(source), Q5, 2, "Alice", NOW)
        for source in ("Q11", "Q12", "Q13"):
            await metadata.redirect(EntityId(source), EntityId("Q6"), 2, "Alice", NOW)
        for source in ("Q20", "Q13"):
            await metadata.redirect(EntityId(source), None, 3, "Alice", NOW)
        return metadata

    @pytest.mark.parametrize("limit", [1, 2, 100])
    async def test_pages_of_redirects_give_each_once_in_one_order(
        self, redirected: Metadata, limit: int
    ) -> None:
        """Q5, Q10."""
        seen: list[EntityId] = []
        while page := await redirects_to(redirected, Q5, limit, seen[-1] if seen else None):
            assert len(page) <= limit
            seen.extend(page)
            assert len(seen) <= 7

        assert sorted(seen) == ["E1", "L1", "P4", "Q1", "Q10", "Q2", "Q9"]
        assert seen == await redirects_to(redirected, Q5)

    async def test_several_pages_of_redirects_come_in_one_call(self, redirected: Metadata) -> None:
        """Each is what it is when asked for alone."""
        pages = [
            RedirectsPage(EntityId(f"Q{number}"), limit, after)
            for number in range(1, 20)
            for limit in (0, 1, EVERYTHING)
            for after in (None, EntityId("Q2"), EntityId("Q11"))
        ]

        found = await redirected.redirects_to(pages)

        assert found == {page: (await redirected.redirects_to([page]))[page] for page in pages}
        assert await redirected.redirects_to([]) == {}

    async def test_redirects_are_counted(self, redirected: Metadata) -> None:
        """Q5: those that stand; an entity without any is not in the answer."""
        q6, q13 = EntityId("Q6"), EntityId("Q13")

        assert await redirected.redirect_counts([Q5, q6, q13, Q1]) == {Q5: 7, q6: 2}
        assert await redirected.redirect_counts([EntityId("Q7")]) == {}
        assert await redirected.redirect_counts([]) == {}

    @settings(max_examples=30)
    @given(
        targets=st.lists(st.sampled_from(["Q5", "Q6", None]), min_size=1, max_size=5),
        shuffle=st.randoms(use_true_random=False),
        repeated=st.integers(0, 4),
    )
    async def test_noted_in_any_order_with_repetitions_the_newest_target_stands(
        self, metadata: Metadata, targets: list[str | None], shuffle: random.Random, repeated: int
    ) -> None:
        """I11."""
        source = EntityId(f"Q{next(_numbers) + 1000}")  # one store serves all examples
        turns = list(enumerate(targets, 1))
        turns += [shuffle.choice(turns) for _ in range(repeated)]
        shuffle.shuffle(turns)

        for revision, target in turns:
            await metadata.redirect(
                source, EntityId(target) if target is not None else None, revision, "Alice", NOW
            )

        found = [
            target for target in ("Q5", "Q6") if source in await redirects_to(metadata, EntityId(target))
        ]
        assert found == [target for target in targets[-1:] if target is not None]
