"""Hard deletion of an entity that others edit at the same time (I10)."""

from __future__ import annotations

from itertools import pairwise

import pytest

from storage.ids import EntityId
from storage.model import StatementHash
from storage.ports import Stores
from tests.commit.making import findings, history, make
from tests.faults import Call, Faults, When
from tests.states.moves import asked, begin, hard_delete, set_text

Q1 = EntityId("Q1")
COMMIT, HISTORIES, REVISIONS, DOUBT = (
    f"metadata.{verb}" for verb in ("commit", "histories", "revisions", "doubt")
)


async def held_by(stores: Stores, numbers: list[int]) -> set[StatementHash]:
    """What these revisions of Q1 hold."""
    rows = await stores.metadata.revisions([(Q1, number) for number in numbers])
    return {one for row in rows.values() if row.index for one in row.index.hashes}


@pytest.mark.parametrize("page", [3, 200])
async def test_each_try_reads_only_what_is_new_since_the_last_one(
    stores: Stores, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I10: the first try reads the whole history, and in the end all that was ever held is in doubt."""
    monkeypatch.setattr("storage.doubt.PAGE", page)
    await begin(stores, Q1)
    await make(stores, *(asked(Q1, set_text(Q1, f"before {number}")) for number in range(8)))
    heads = [0, (await history(stores, Q1))[-1]]
    faults = Faults()

    async def be_busy(_: Call) -> None:
        """First one edit comes in between, then two, then five."""
        count = (1, 2, 5)[len(heads) - 2]
        texts = [f"between {len(heads)} {number}" for number in range(count)]
        await make(stores, *(asked(Q1, set_text(Q1, text)) for text in texts))
        heads.append((await history(stores, Q1))[-1])

    faults.do(be_busy, When.BEFORE, verb=COMMIT, times=3)
    await make(faults.wrap(stores), asked(Q1, hard_delete()))

    *numbers, _ = await history(stores, Q1)
    assert numbers[-1] == heads[-1]
    tries: list[list[Call]] = [[]]
    for call in faults.calls:
        tries[-1].append(call)
        if str(call) == COMMIT:
            tries.append([])
    assert tries.pop() == []
    known: set[StatementHash] = set()
    for calls, (last, head) in zip(tries, pairwise(heads), strict=True):
        new = [number for number in numbers if last < number <= head]
        read = [place for call in calls if str(call) == REVISIONS for place in call.arguments[0]]
        assert sorted(read) == [(Q1, number) for number in new[:-1]], "the head is at hand"
        asked_for = [one for call in calls if str(call) == HISTORIES for one in call.arguments[0]]
        assert sum(one.limit for one in asked_for) < head - last + page
        assert bool(asked_for) == (head - last > 1)
        doubted = {one for call in calls if str(call) == DOUBT for one in call.arguments[0]}
        held = await held_by(stores, new)
        assert doubted == held - known
        known |= held
    rows = await stores.metadata.find(known)
    assert all(row.doubtful for row in rows.values())
    assert len(rows) == len(known) > len(heads)
    assert await findings(stores) == []
