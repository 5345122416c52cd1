"""The port `Heads`, as far as it reads revisions: single ones, histories, the newest of all entities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta

import pytest

from storage.ids import EntityId
from storage.model import EditInfo, Flags, Revision, RevisionFacts
from storage.ports import EVERY_REVISION, HistoryPage, Metadata, RevisionFilter, Swap
from tests.builders import NOW, a_swap
from tests.conformance import MetadataSuite

Q1, Q2, Q42, L1 = EntityId("Q1"), EntityId("Q2"), EntityId("Q42"), EntityId("L1")
EVERYTHING = 1000

REGULAR = "C7A20C6F-9E0B-4F5D-8E6A-0123456789AB"


async def committed(metadata: Metadata, *swaps: Swap) -> None:
    for swap in swaps:
        await metadata.commit(swap)


async def revision(metadata: Metadata, entity: EntityId, number: int) -> Revision | None:
    """One revision."""
    return (await metadata.revisions([(entity, number)])).get((entity, number))


async def history(
    metadata: Metadata,
    entity: EntityId,
    before: int | None = None,
    limit: int = EVERYTHING,
    wanted: RevisionFilter = EVERY_REVISION,
) -> Sequence[RevisionFacts]:
    """One page."""
    page = HistoryPage(entity, limit, before, wanted)
    return (await metadata.histories([page]))[page]


Place = tuple[datetime, EntityId, int]


def place_of(row: RevisionFacts) -> Place:
    """Where a page that ends with this revision is continued."""
    return row.created_at, row.entity, row.revision


async def newest(
    metadata: Metadata,
    before: Place | None = None,
    limit: int = EVERYTHING,
    wanted: RevisionFilter = EVERY_REVISION,
) -> list[tuple[str, int]]:
    """The newest revisions of all entities."""
    return [(row.entity, row.revision) for row in await metadata.recent(before, limit, wanted)]


class RevisionsSuite(MetadataSuite):
    """Subclasses give `metadata`."""

    # Single revisions

    async def test_many_revisions_come_in_one_call(self, metadata: Metadata) -> None:
        """Each is its own, and one that nobody committed is not in the answer, nor is any that was not asked for."""
        ids = [EntityId(f"Q{number}") for number in range(1, 121)]
        for entity in ids:
            await committed(metadata, a_swap(entity, 1, hashes=[1]), a_swap(entity, 2, 1, hashes=[2]))
        places = [(entity, position % 3 + 1) for position, entity in enumerate(ids)]

        found = await metadata.revisions(places)

        assert set(found) == {place for place in places if place[1] < 3}
        assert found == {(row.entity, row.revision): row for row in found.values()}
        assert {(place[1], tuple(row.index.hashes)) for place, row in found.items() if row.index} == {
            (1, (1,)),
            (2, (2,)),
        }
        assert await metadata.revisions([]) == {}

    # Histories

    @pytest.fixture
    async def five(self, metadata: Metadata) -> Metadata:
        """Five revisions of Q42: 2 and 4 mass edits, 3 and 4 by "Bot"; and one of Q1."""
        for number in range(1, 6):
            edit = EditInfo(
                "Alice",
                is_mass_edit=number in (2, 4),
                edit_type={3: "Bot", 4: "Bot", 5: "bot"}.get(number, ""),
            )
            await metadata.commit(a_swap("Q42", number, number - 1 or None, edit=edit))
        await metadata.commit(a_swap("Q1", 1))
        return metadata

    async def test_the_history_is_newest_first(self, five: Metadata) -> None:
        assert [row.revision for row in await history(five, Q42)] == [5, 4, 3, 2, 1]
        assert {row.entity for row in await history(five, Q42)} == {Q42}

    async def test_the_history_is_read_in_pages(self, five: Metadata) -> None:
        """Q10."""
        assert [row.revision for row in await history(five, Q42, None, 2)] == [5, 4]
        assert [row.revision for row in await history(five, Q42, 4, 2)] == [3, 2]
        assert [row.revision for row in await history(five, Q42, 2, 2)] == [1]
        assert await history(five, Q42, 1, 2) == []

    async def test_an_entity_that_is_not_there_has_no_history(self, five: Metadata) -> None:
        assert await history(five, Q2) == []

    async def test_a_row_of_the_history_is_the_revisions_row(self, five: Metadata) -> None:
        """All that it tells, that is: it does not tell which statements there are."""
        [told] = await history(five, Q42, None, 1)

        row = await revision(five, Q42, 5)
        assert [getattr(told, one.name) for one in fields(RevisionFacts)] == [
            getattr(row, one.name) for one in fields(RevisionFacts)
        ]

    @pytest.mark.parametrize(
        ("wanted", "revisions"),
        [
            (RevisionFilter(is_mass_edit=True), [4, 2]),
            (RevisionFilter(is_mass_edit=False), [5, 3, 1]),
            (RevisionFilter(edit_type="Bot"), [4, 3]),
            (RevisionFilter(edit_type="bot"), [5]),
            (RevisionFilter(edit_type=""), [2, 1]),
            (RevisionFilter(is_mass_edit=True, edit_type="Bot"), [4]),
            (RevisionFilter(edit_type="other"), []),
        ],
    )
    async def test_the_history_is_filtered(
        self, five: Metadata, wanted: RevisionFilter, revisions: list[int]
    ) -> None:
        """Q1: by kind of edit, letter by letter."""
        assert [row.revision for row in await history(five, Q42, wanted=wanted)] == revisions

    async def test_edit_types_are_told_apart_letter_by_letter(self, metadata: Metadata) -> None:
        """Q1: free text, as it was given."""
        types = ["a", "a ", "A", "\N{LATIN SMALL LETTER A WITH ACUTE}", "a\N{COMBINING ACUTE ACCENT}", ""]
        for number, name in enumerate(types, 1):
            await metadata.commit(
                a_swap("Q42", number, number - 1 or None, edit=EditInfo("Alice", edit_type=name))
            )

        for number, name in enumerate(types, 1):
            wanted = RevisionFilter(edit_type=name)
            assert [row.revision for row in await history(metadata, Q42, wanted=wanted)] == [number]
            assert await newest(metadata, wanted=wanted) == [("Q42", number)]

    async def test_a_filtered_history_is_read_in_pages(self, five: Metadata) -> None:
        """Q1: the limit counts what is wanted."""
        mass = RevisionFilter(is_mass_edit=True)

        assert [row.revision for row in await history(five, Q42, None, 1, mass)] == [4]
        assert [row.revision for row in await history(five, Q42, 4, 1, mass)] == [2]

    async def test_several_histories_come_in_one_call(self, five: Metadata) -> None:
        """Each page, with its own limit and filter, is what it is when asked for alone."""
        filters = [EVERY_REVISION, RevisionFilter(edit_type="Bot"), RevisionFilter(is_mass_edit=False)]
        pages = [
            HistoryPage(entity, limit, before, wanted)
            for entity in (Q42, Q1, Q2)
            for limit in (0, 1, 2, EVERYTHING)
            for before in (None, 5, 3, 1)
            for wanted in filters
        ]

        found = await five.histories(pages)

        assert found == {page: (await five.histories([page]))[page] for page in pages}
        assert [row.revision for row in found[HistoryPage(Q42, 2, 5, filters[0])]] == [4, 3]
        assert await five.histories([]) == {}

    # The newest of all entities

    async def test_the_newest_revisions_come_first_whose_ever_they_are(self, metadata: Metadata) -> None:
        """By time, which need not rise with the revisions."""
        hours = {("Q1", 1): 1, ("Q2", 1): 4, ("Q1", 2): 3, ("L1", 1): 2, ("Q1", 3): 0}
        for (entity, number), hour in hours.items():
            await metadata.commit(a_swap(entity, number, number - 1 or None, at=NOW + timedelta(hours=hour)))

        assert await newest(metadata) == sorted(hours, key=lambda place: -hours[place])

    async def test_a_row_of_the_newest_tells_what_the_history_tells(self, five: Metadata) -> None:
        [told] = await five.recent(None, 1, RevisionFilter(edit_type="bot"))

        assert [told] == await history(five, Q42, None, 1)

    @pytest.fixture
    async def feed(self, metadata: Metadata) -> Metadata:
        """Nineteen revisions at four times: several entities, and several revisions of one, at the same time."""
        for position, entity in enumerate(["Q2", "Q10", "Q9", "P3", "L1"]):
            for number in range(1, 5 if position else 4):
                at = NOW + timedelta(microseconds=(position + number) // 2 % 4)
                edit = EditInfo("Alice", edit_type="ab"[number % 2], is_mass_edit=number in (1, 4))
                await metadata.commit(a_swap(entity, number, number - 1 or None, at=at, edit=edit))
        return metadata

    async def test_at_one_time_the_order_is_by_entity_and_revision(self, feed: Metadata) -> None:
        """By the number of the revision, falling; entities in the order of all pages of them, from behind."""
        rank = {entity: position for position, entity in enumerate(await feed.entities(None, EVERYTHING))}

        rows = await feed.recent(None, EVERYTHING, EVERY_REVISION)

        keys = [(row.created_at, rank[row.entity], row.revision) for row in rows]
        assert keys == sorted(keys, reverse=True)
        assert len(keys) == 19

    FILTERS = (
        EVERY_REVISION,
        RevisionFilter(is_mass_edit=True),
        RevisionFilter(is_mass_edit=False),
        RevisionFilter(edit_type="a"),
        RevisionFilter(edit_type="b", is_mass_edit=True),
    )

    @pytest.mark.parametrize("wanted", FILTERS)
    @pytest.mark.parametrize("limit", [1, 2, 7])
    async def test_pages_of_the_newest_give_each_once(
        self, feed: Metadata, limit: int, wanted: RevisionFilter
    ) -> None:
        """Q10: those of one time included."""
        seen: list[RevisionFacts] = []
        while page := await feed.recent(place_of(seen[-1]) if seen else None, limit, wanted):
            assert len(page) <= limit
            seen.extend(page)
            assert len(seen) <= 19

        assert seen == list(await feed.recent(None, EVERYTHING, wanted))

    @pytest.mark.parametrize("wanted", FILTERS)
    async def test_the_newest_are_filtered(self, feed: Metadata, wanted: RevisionFilter) -> None:
        """Q1."""
        every = await feed.recent(None, EVERYTHING, EVERY_REVISION)

        assert list(await feed.recent(None, EVERYTHING, wanted)) == [
            row
            for row in every
            if wanted.is_mass_edit in (None, row.edit.is_mass_edit)
            and wanted.edit_type in (None, row.edit.edit_type)
        ]

    async def test_hard_deleted_entities_are_not_among_the_newest(self, metadata: Metadata) -> None:
        """W7: none of their revisions, nor do these count; soft-deleted ones can be read, so they are there."""
        later = NOW + timedelta(hours=1)
        await committed(
            metadata,
            a_swap("Q1", 1),
            a_swap("Q2", 1, at=later),
            a_swap("Q2", 2, 1, at=later, flags=Flags(is_deleted=True)),
            a_swap("Q42", 1, flags=Flags(is_soft_deleted=True)),
        )

        for wanted in (EVERY_REVISION, RevisionFilter(edit_type=""), RevisionFilter(is_mass_edit=False)):
            assert await newest(metadata, None, 2, wanted) == [("Q42", 1), ("Q1", 1)]

    # Statement ids

    @pytest.mark.parametrize(
        "statement_id",
        [
            f"Q42${REGULAR}",
            f"Q42${REGULAR.lower()}",
            f"q42${REGULAR}",
            f"q42${REGULAR.lower()}",
            f"Q42${REGULAR[:20]}{REGULAR[20:].lower()}",
            "Q42$11111111-1111-1111-1111-111111111111",
            f"Q42${{{REGULAR}}}",
            f"Q42${REGULAR.replace('-', '')}",
            f"Q42${REGULAR.replace('-', '')}----",
            "Q42$ZZZZZZZZ-9E0B-4F5D-8E6A-0123456789AB",
            f"Q1${REGULAR}",
            f"P42${REGULAR}",
            f"M42${REGULAR}",
            f"wikidata:Q42${REGULAR}",
            f"Q42-{REGULAR}",
            f"Q42$${REGULAR}",
            "Q42$",
            "$",
            "",
            "Ünïcödé 😀",
            None,
        ],
    )
    async def test_a_statement_id_comes_back_as_it_went_in(
        self, metadata: Metadata, statement_id: str | None
    ) -> None:
        """S9: and so do its neighbours."""
        ids = [f"Q42${REGULAR}", statement_id, f"q42${REGULAR.lower()}", statement_id, None]
        await metadata.commit(a_swap("Q42", hashes=range(5), ids=ids))

        assert await metadata.statement_ids([(Q42, 1)]) == {(Q42, 1): ids}

    @pytest.mark.parametrize("subject", ["L1-F1", "l1-f1", "L1", "L1-F2", "L1-S1"])
    async def test_statement_ids_of_forms_and_senses_come_back(
        self, metadata: Metadata, subject: str
    ) -> None:
        """S9: whatever subject they name."""
        ids = [f"{subject}${REGULAR}"] * 4
        swap = a_swap(
            "L1",
            hashes=range(4),
            ids=ids,
            property_counts={"P1": 1},
            parts={"L1-F1": {"P1": 1}, "L1-F2": {}, "L1-S1": {"P1": 1, "P2": 1}},
        )

        await metadata.commit(swap)

        assert await metadata.statement_ids([(L1, 1)]) == {(L1, 1): ids}

    async def test_statement_ids_of_several_revisions_come_in_one_call(self, metadata: Metadata) -> None:
        """A revision that is not there is not in the answer."""
        await committed(
            metadata,
            a_swap("Q1", hashes=[1], ids=["a"]),
            a_swap("Q1", 2, 1, hashes=[1, 2], ids=["a", "b"]),
            a_swap("Q2"),
        )

        found = await metadata.statement_ids([(Q1, 1), (Q1, 2), (Q1, 3), (Q2, 1), (Q42, 1)])

        assert found == {(Q1, 1): ["a"], (Q1, 2): ["a", "b"], (Q2, 1): []}
