"""The port `Links`: derived rows, right in whatever order revisions are drawn."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.ids import EntityId
from storage.model import MAINSNAK, QUALIFIER, REFERENCE, Link
from storage.ports import Backlink, Metadata
from tests.builders import NOW, a_link
from tests.conformance import MetadataSuite

Q1, Q2, Q3, Q5 = EntityId("Q1"), EntityId("Q2"), EntityId("Q3"), EntityId("Q5")
EVERYTHING = 1000

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


class LinksSuite(MetadataSuite):
    """Subclasses give `metadata`."""

    # Backlinks

    async def test_an_entity_that_nobody_refers_to_has_no_backlinks(self, metadata: Metadata) -> None:
        await metadata.relink(Q1, 1, [a_link("Q5")], [])

        assert await metadata.backlinks(Q1, None, EVERYTHING) == []

    async def test_a_link_is_seen_from_its_target(self, metadata: Metadata) -> None:
        """Q4: with property, rank, statement and place."""
        link = replace(a_link("Q5", 2**64 - 1, "P31", MAINSNAK | QUALIFIER | REFERENCE), rank="deprecated")

        await metadata.relink(Q1, 1, [link], [])

        assert await metadata.backlinks(Q5, None, EVERYTHING) == [
            Backlink(Q5, Q1, 2**64 - 1, "P31", "deprecated", MAINSNAK | QUALIFIER | REFERENCE)
        ]

    async def test_a_removed_link_is_not_seen(self, metadata: Metadata) -> None:
        await metadata.relink(Q1, 1, [a_link("Q5", 1), a_link("Q5", 2)], [])

        await metadata.relink(Q1, 2, [], [a_link("Q5", 1)])

        assert [link.statement for link in await metadata.backlinks(Q5, None, EVERYTHING)] == [2]

    async def test_a_link_that_comes_back_is_seen_again(self, metadata: Metadata) -> None:
        await metadata.relink(Q1, 1, [a_link("Q5")], [])
        await metadata.relink(Q1, 2, [], [a_link("Q5")])

        await metadata.relink(Q1, 3, [a_link("Q5")], [])

        assert len(await metadata.backlinks(Q5, None, EVERYTHING)) == 1

    async def test_the_same_statement_of_two_entities_is_two_links(self, metadata: Metadata) -> None:
        """And what one removes, the other keeps."""
        await metadata.relink(Q1, 1, [a_link("Q5")], [])
        await metadata.relink(Q2, 1, [a_link("Q5")], [])

        await metadata.relink(Q1, 2, [], [a_link("Q5")])

        assert [link.referencing for link in await metadata.backlinks(Q5, None, EVERYTHING)] == [Q2]

    async def test_a_statement_with_two_targets_is_two_links(self, metadata: Metadata) -> None:
        await metadata.relink(Q1, 1, [a_link("Q5", 1), a_link("Q2", 1)], [])

        assert len(await metadata.backlinks(Q5, None, EVERYTHING)) == 1
        assert len(await metadata.backlinks(Q2, None, EVERYTHING)) == 1

    async def test_drawing_a_revision_again_changes_nothing(self, metadata: Metadata) -> None:
        """I11."""
        for _ in range(3):
            await metadata.relink(Q1, 1, [a_link("Q5")], [a_link("Q2")])

        assert len(await metadata.backlinks(Q5, None, EVERYTHING)) == 1
        assert await metadata.backlinks(Q2, None, EVERYTHING) == []

    async def test_an_older_revision_that_comes_late_does_not_bring_a_link_back(
        self, metadata: Metadata
    ) -> None:
        """I11: though the store hears of the link for the first time by its removal."""
        await metadata.relink(Q1, 2, [], [a_link("Q5")])

        await metadata.relink(Q1, 1, [a_link("Q5")], [])

        assert await metadata.backlinks(Q5, None, EVERYTHING) == []

    async def test_an_older_revision_that_comes_late_takes_no_link_away(self, metadata: Metadata) -> None:
        """I11."""
        await metadata.relink(Q1, 3, [a_link("Q5")], [])

        await metadata.relink(Q1, 2, [], [a_link("Q5")])

        assert len(await metadata.backlinks(Q5, None, EVERYTHING)) == 1

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
            for link in await metadata.backlinks(EntityId(target), None, 10_000)
            if link.referencing == entity
        }
        assert seen == {place for place, stands in standing.items() if stands}

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
        while page := await metadata.backlinks(
            Q5, (seen[-1].referencing, seen[-1].statement) if seen else None, limit
        ):
            assert len(page) <= limit
            seen.extend(page)
            assert len(seen) <= 14

        assert len({(link.referencing, link.statement) for link in seen}) == len(seen) == 14
        assert seen == list(await metadata.backlinks(Q5, None, EVERYTHING))
        for entity in {link.referencing for link in seen}:
            of_entity = [link.statement for link in seen if link.referencing == entity]
            assert of_entity == sorted(of_entity)

    async def test_a_page_may_begin_at_a_link_that_is_gone(self, metadata: Metadata) -> None:
        """Q10: a cursor stays good."""
        await metadata.relink(Q1, 1, [a_link("Q5", number) for number in (1, 2, 3)], [])
        await metadata.relink(Q1, 2, [], [a_link("Q5", 2)])

        assert [link.statement for link in await metadata.backlinks(Q5, (Q1, 2), EVERYTHING)] == [3]

    async def test_many_links_are_drawn_in_one_call(self, metadata: Metadata) -> None:
        links = [a_link("Q5", number) for number in range(1201)]
        await metadata.relink(Q1, 1, links, [])

        await metadata.relink(Q1, 2, [], links[:1200])

        assert [link.statement for link in await metadata.backlinks(Q5, None, EVERYTHING)] == [1200]

    async def test_a_revision_without_links_changes_nothing(self, metadata: Metadata) -> None:
        await metadata.relink(Q1, 1, [a_link("Q5")], [])

        await metadata.relink(Q1, 2, [], [])

        assert len(await metadata.backlinks(Q5, None, EVERYTHING)) == 1

    # Redirects

    async def redirects(self, metadata: Metadata, *targets: EntityId) -> Sequence[Sequence[EntityId]]:
        """What redirects to each."""
        found = await metadata.redirects_to(targets, EVERYTHING)
        return [list(found.get(target, ())) for target in targets]

    async def test_a_redirect_is_seen_from_its_target(self, metadata: Metadata) -> None:
        """Q5."""
        await metadata.redirect(Q1, Q5, 2, "Alice", NOW)
        await metadata.redirect(Q2, Q5, 2, "Alice", NOW)

        assert await self.redirects(metadata, Q5, Q1) == [[Q1, Q2], []]

    async def test_a_reverted_redirect_is_not_seen(self, metadata: Metadata) -> None:
        """W8."""
        await metadata.redirect(Q1, Q5, 2, "Alice", NOW)

        await metadata.redirect(Q1, None, 3, "Alice", NOW)

        assert await self.redirects(metadata, Q5) == [[]]

    async def test_a_source_has_one_target(self, metadata: Metadata) -> None:
        """I11."""
        await metadata.redirect(Q1, Q5, 2, "Alice", NOW)

        await metadata.redirect(Q1, Q3, 4, "Alice", NOW)

        assert await self.redirects(metadata, Q5, Q3) == [[], [Q1]]

    async def test_no_more_sources_are_given_than_asked_for(self, metadata: Metadata) -> None:
        """Of each target."""
        for number in (1, 2, 3):
            await metadata.redirect(EntityId(f"Q{number}"), Q5, 2, "Alice", NOW)
        await metadata.redirect(EntityId("Q4"), EntityId("Q6"), 2, "Alice", NOW)

        found = await metadata.redirects_to([Q5, EntityId("Q6")], 2)

        assert {target: len(sources) for target, sources in found.items()} == {Q5: 2, EntityId("Q6"): 1}

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

        found = await metadata.redirects_to([EntityId("Q5"), EntityId("Q6")], 10_000)
        assert [target for target, sources in found.items() if source in sources] == [
            target for target in targets[-1:] if target is not None
        ]
