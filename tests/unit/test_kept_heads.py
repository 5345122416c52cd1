"""Heads that are kept beside their rows: each is read anew, and made anew only if its row says something else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from storage.ids import EntityId
from storage.model import StatementIndex
from storage.ports import HeadRevision, Metadata, Stores
from storage.sql.heads import KEPT_BYTES
from tests.builders import a_swap

Q42 = EntityId("Q42")
MOST = KEPT_BYTES // 8


@pytest.fixture
async def metadata(stores: Stores) -> Metadata:
    return stores.metadata


async def head(metadata: Metadata) -> HeadRevision:
    return (await metadata.heads([Q42]))[Q42]


def held(found: HeadRevision) -> list[int]:
    assert found.revision.index is not None
    return list(found.revision.index.hashes)


async def test_a_row_that_says_the_same_is_the_same_head(metadata: Metadata) -> None:
    await metadata.commit(a_swap("Q42", hashes=[7, 8]))
    assert await head(metadata) is await head(metadata)


@pytest.mark.parametrize("hashes", [[7, 8], [9], []])
async def test_a_head_that_moved_is_another(metadata: Metadata, hashes: Sequence[int]) -> None:
    """I4: whatever the new revision holds, even what the one before held."""
    await metadata.commit(a_swap("Q42", hashes=[7, 8]))
    before = await head(metadata)
    await metadata.commit(a_swap("Q42", 2, 1, hashes=hashes))
    after = await head(metadata)
    assert (before.head.revision, after.head.revision) == (1, 2)
    assert [held(before), held(after)] == [[7, 8], hashes]


async def test_a_long_index_is_not_kept(metadata: Metadata) -> None:
    """So that what is kept has a bound."""
    await metadata.commit(a_swap("Q42", hashes=range(MOST + 1)))
    one, other = await head(metadata), await head(metadata)
    assert one is not other
    assert one == other


def test_who_comes_while_another_unpacks_finds_what_that_one_unpacked() -> None:
    """Threads may: the field was not there when the second one looked for it, and then it was."""
    index = StatementIndex.packed(lambda: ((7,), {}, {}), None)
    assert index.hashes == (7,)
    assert index.__getattr__("hashes") == (7,)
