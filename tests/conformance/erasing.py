"""The port `Erasing`: content that must be gone, and may not come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from storage.canonical import hash64
from storage.erased import mark_of
from storage.errors import EntityMissing, ErasedContent, IsHead, RevisionMissing
from storage.ids import EntityId
from storage.model import AuditKind
from storage.port_deletions import AuditPage
from storage.port_erasing import Erasure, ErasuresPage, Holdings
from storage.ports import BacklinksPage, Claim, Metadata
from tests.builders import NOW, a_link, a_swap, an_attempt
from tests.conformance import MetadataSuite
from tests.conformance.collecting import LATER, give_up
from tests.conformance.statements import (
    HASH_A,
    HASH_B,
    HASH_C,
    Q1,
    Q2,
    A,
    B,
    a_claim,
    hash16,
    two_that_collide,
)

KEY = b"a secret"
Q5 = EntityId("Q5")


def an_erasure(number: int, days: int = 0) -> Erasure:
    """Of a statement, begun on some day and due on the next."""
    at = NOW + timedelta(days=days)
    return Erasure(bytes([number]) * 16, "why", "Alice", at, at + timedelta(days=1), statement=HASH_A)


def keyed(claim: Claim) -> Claim:
    return replace(claim, erasure_key=KEY)


class ErasingSuite(MetadataSuite):
    """Subclasses give `metadata`, and may give more `peers`."""

    # Accounts

    async def test_an_erasure_comes_back_as_it_was_noted(self, metadata: Metadata) -> None:
        """W7: a statement or revisions; noted twice it is there once."""
        of_statement = an_erasure(1)
        of_revisions = replace(an_erasure(2), statement=None, entity=Q1, revisions=(1, 3))
        for one in (of_statement, of_revisions, of_statement):
            await metadata.begin_erasure(one)

        assert list(await metadata.erasures(ErasuresPage(10))) == [of_revisions, of_statement]

    @pytest.mark.parametrize("limit", [1, 2, 5])
    async def test_pages_of_erasures_are_by_time_and_give_each_once(
        self, metadata: Metadata, limit: int
    ) -> None:
        every = [an_erasure(number, number // 2) for number in range(1, 8)]
        for one in every:
            await metadata.begin_erasure(one)
        seen: list[Erasure] = []
        while page := await metadata.erasures(
            ErasuresPage(limit, before=(seen[-1].at, seen[-1].id) if seen else None)
        ):
            assert len(page) <= limit
            seen.extend(page)
            assert len(seen) <= 7

        assert seen == sorted(every, key=lambda one: (one.at, one.id), reverse=True)

    async def test_erasures_of_a_time_are_found_and_those_of_statements_alone(
        self, metadata: Metadata
    ) -> None:
        """W7: the end of a time is not in it."""
        for number in range(1, 6):
            await metadata.begin_erasure(an_erasure(number, number))
        of_revisions = replace(an_erasure(9, 3), statement=None, entity=Q1, revisions=(1,))
        await metadata.begin_erasure(of_revisions)

        async def found(**page: Any) -> list[int]:
            return [one.id[0] for one in await metadata.erasures(ErasuresPage(10, **page))]

        second, fourth = (NOW + timedelta(days=days) for days in (2, 4))
        assert await found(since=second, until=fourth) == [9, 3, 2]
        assert await found(since=second, until=fourth, of_statements=True) == [3, 2]
        assert await found(until=fourth, before=(second, bytes([2]) * 16)) == [1]

    async def test_those_of_late_are_those_begun_since(self, metadata: Metadata) -> None:
        for number in range(1, 4):
            await metadata.begin_erasure(an_erasure(number, number))

        found = await metadata.erasures_since(NOW + timedelta(days=2))

        assert {one.id for one in found} == {an_erasure(2).id, an_erasure(3).id}

    async def test_what_is_not_done_is_due_until_it_is_put_off_or_done(self, metadata: Metadata) -> None:
        """W7."""
        for number in (2, 1, 3):
            await metadata.begin_erasure(an_erasure(number, number))

        async def due() -> list[int]:
            return [one.id[0] for one in await metadata.unfinished(NOW + timedelta(days=3), 10)]

        assert await due() == [1, 2]
        await metadata.finish_erasure(an_erasure(2).id)
        assert await due() == [1]
        await metadata.put_off(an_erasure(1).id, NOW + timedelta(days=4))
        assert await due() == []
        assert [one.done for one in await metadata.erasures(ErasuresPage(10))] == [False, True, False]

    # Statements

    async def test_an_erased_statement_keeps_its_row_but_not_its_digest(self, metadata: Metadata) -> None:
        """W7: so that nobody can find out by trying what it said."""
        await metadata.claim(a_claim(A, B), hash64, NOW)
        for _ in range(2):
            assert await metadata.erase_statement(HASH_A, KEY)
        assert not await metadata.erase_statement(HASH_C, KEY)

        rows = await metadata.find([HASH_A, HASH_B])
        assert {one: (row.erased, row.digest) for one, row in rows.items()} == {
            HASH_A: (True, mark_of(KEY, A.digest)),
            HASH_B: (False, B.digest),
        }

    async def test_those_of_many_that_are_erased_are_known(self, metadata: Metadata) -> None:
        """W7: small hashes and large ones, and such as never were."""
        await metadata.claim(a_claim(A, B), hash64, NOW)
        assert await metadata.erased_among([HASH_A, HASH_B]) == set()
        assert min(HASH_A, HASH_B) < 2**63 < max(HASH_A, HASH_B)
        await metadata.erase_statement(HASH_A, KEY)
        assert await metadata.erased_among([HASH_A, HASH_B, HASH_C]) == {HASH_A}
        await metadata.erase_statement(HASH_B, KEY)
        assert await metadata.erased_among([HASH_A, HASH_B]) == {HASH_A, HASH_B}
        assert await metadata.erased_among([]) == set()

    async def test_a_claim_of_erased_content_is_refused_and_leaves_nothing(self, metadata: Metadata) -> None:
        """W7."""
        await metadata.claim(a_claim(A), hash64, NOW)
        await metadata.release(Q1, [HASH_A], an_attempt(1))
        await metadata.erase_statement(HASH_A, KEY)

        with pytest.raises(ErasedContent) as refused:
            await metadata.claim(keyed(a_claim(B, A, entity=Q2)), hash64, NOW)

        assert refused.value.digests == (A.digest,)
        assert HASH_A not in await metadata.pending([HASH_A])

    async def test_another_statement_of_the_same_hash_is_probed_past_an_erased_one(
        self, metadata: Metadata
    ) -> None:
        """T3: it is not the one that was erased."""
        one, other = two_that_collide()
        await metadata.claim(a_claim(one), hash16, NOW)
        await metadata.erase_statement(hash16(one.canonical, 0), KEY)

        claimed = await metadata.claim(keyed(a_claim(other)), hash16, NOW)

        assert claimed[other.digest].hash == hash16(other.canonical, 1)

    async def test_an_erased_statement_is_no_orphan(self, metadata: Metadata) -> None:
        await metadata.claim(a_claim(A), hash64, NOW)
        await metadata.release(Q1, [HASH_A], an_attempt(1))
        await metadata.erase_statement(HASH_A, KEY)

        assert await metadata.orphans(None, 10) == []
        assert await give_up(metadata, HASH_A) == set()

    async def test_who_holds_an_erased_statement_is_still_counted(self, metadata: Metadata) -> None:
        """T4: what was claimed before, too."""
        await metadata.claim(a_claim(A), hash64, NOW)
        await metadata.erase_statement(HASH_A, KEY)
        assert await metadata.still_claimed(HASH_A)
        await metadata.hold(Q1, [HASH_A], an_attempt(1))

        row = (await metadata.find([HASH_A]))[HASH_A]
        assert (row.ref_count, row.erased) == (1, True)
        assert not await metadata.still_claimed(HASH_A)

    async def test_its_backlinks_are_forgotten_and_no_others(self, metadata: Metadata) -> None:
        """W7."""
        for entity in (Q1, Q2):
            await metadata.relink(entity, 1, [a_link("Q5", 1), a_link("Q5", 2), a_link("Q6", 1)], [])

        await metadata.unlink(1, [Q5], [Q1])

        page = BacklinksPage(Q5, 10)
        left = (await metadata.backlinks([page]))[page]
        assert {(one.referencing, one.statement) for one in left} == {(Q1, 2), (Q2, 1), (Q2, 2)}
        page = BacklinksPage(EntityId("Q6"), 10)
        assert len((await metadata.backlinks([page]))[page]) == 2

    # Revisions

    @pytest.fixture
    async def three(self, metadata: Metadata) -> Metadata:
        """An entity of three revisions."""
        for revision, hashes in enumerate(([HASH_A, HASH_B], [HASH_B], [HASH_B, HASH_C]), 1):
            await metadata.commit(a_swap("Q1", revision, revision - 1 or None, hashes=hashes))
        return metadata

    async def test_an_erased_revision_says_so_and_nothing_else(self, three: Metadata) -> None:
        """W7: its place in the history stays."""
        await three.erase_revisions(Q1, [1], "why", "Alice", NOW)

        rows = await three.revisions([(Q1, number) for number in (1, 2, 3)])
        told = [(row.erased, row.index is None) for _, row in sorted(rows.items())]
        assert told == [(True, True), (False, False), (False, False)]
        assert (await three.heads([Q1]))[Q1].revision.erased is False

    async def test_each_erased_revision_has_an_audit_row(self, three: Metadata) -> None:
        """W7: one, however often it is done."""
        for _ in range(2):
            await three.erase_revisions(Q1, [1, 2], "why", "Alice", NOW)

        audits = await three.audits(AuditPage(10, entity=Q1, kind=AuditKind.ERASURE))
        assert [(one.entity, one.revision, one.head, one.reason, one.requested_by) for one in audits] == [
            (Q1, 2, 3, "why", "Alice"),
            (Q1, 1, 3, "why", "Alice"),
        ]

    @pytest.mark.parametrize(
        ("entity", "revisions", "error"),
        [("Q1", [1, 3], IsHead), ("Q1", [1, 7], RevisionMissing), ("Q2", [1], EntityMissing)],
    )
    async def test_a_refused_erasure_erases_nothing(
        self, three: Metadata, entity: str, revisions: Sequence[int], error: type[Exception]
    ) -> None:
        """W7."""
        with pytest.raises(error):
            await three.erase_revisions(EntityId(entity), revisions, "why", "Alice", NOW)

        assert not (await three.revisions([(Q1, 1)]))[(Q1, 1)].erased
        assert await three.audits(AuditPage(10, entity=Q1)) == []

    async def test_what_erased_revisions_held_is_known_until_it_is_wiped(self, three: Metadata) -> None:
        assert await three.erased_holdings(Q1) == Holdings(frozenset(), frozenset())
        await three.erase_revisions(Q1, [1], "why", "Alice", NOW)

        assert await three.erased_holdings(Q1) == Holdings(frozenset({HASH_A}), frozenset({HASH_B}))

        await three.wipe(Q1, [1, 2])
        assert await three.erased_holdings(Q1) == Holdings(frozenset(), frozenset())
        rows = await three.revisions([(Q1, 1), (Q1, 2)])
        assert rows[(Q1, 1)].content_digest is None
        assert rows[(Q1, 2)].content_digest is not None, "only what is erased is wiped"

    # Claims of one's own

    async def test_what_is_brought_back_is_claimed(self, metadata: Metadata) -> None:
        """I6."""
        await metadata.claim(a_claim(A, B), hash64, NOW)
        await metadata.release(Q1, [HASH_A, HASH_B], an_attempt(1))
        await metadata.condemn([HASH_A], LATER)

        assert await metadata.reclaim(Q1, an_attempt(2), 1, [HASH_A, HASH_B], NOW) == set()

        assert set(await metadata.pending([HASH_A, HASH_B])) == {HASH_A, HASH_B}
        assert await give_up(metadata, HASH_A, HASH_B) == set()

    async def test_what_was_given_up_can_not_be_brought_back(self, metadata: Metadata) -> None:
        """I6."""
        await metadata.claim(a_claim(A, B), hash64, NOW)
        await metadata.release(Q1, [HASH_A, HASH_B], an_attempt(1))
        await give_up(metadata, HASH_A)

        assert await metadata.reclaim(Q1, an_attempt(2), 1, [HASH_A, HASH_B], NOW) == {HASH_A}
