"""Writers against one who ends their writing: what is acknowledged, and when (I14)."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storage.changes import Change, Protect, Protection, SoftDelete
from storage.commit import commit
from storage.edits import Base
from storage.errors import EntityGone, HeadMoved, Protected, SoftDeleted, StorageError, TooContended
from storage.ports import Stores
from tests.builders import NOW
from tests.commit.making import eager, history
from tests.states.moves import asked, begin, hard_delete, set_text

WRITERS = 8
End = tuple[Change, type[StorageError]]
"""What ends all writing, and what a writer is told from then on."""
ENDS: Mapping[str, End] = {
    "lock": (Protect(Protection.LOCKED), Protected),
    "archive": (Protect(Protection.ARCHIVED), Protected),
    "soft delete": (SoftDelete("a duplicate"), SoftDeleted),
    "hard delete": (hard_delete(), EntityGone),
}


@dataclass(frozen=True, slots=True)
class Race:
    """The revision that ended it, and those that writers were told of: before that answer was given, and after.

    `told` is how often writers were told what.
    """

    ended: int
    before: Sequence[int]
    after: Sequence[int]
    told: Counter[str]


async def fair_race(stores: Stores, entity: str, end: End) -> Counter[str]:
    """A race on a new item, which must end as I14 says; answers how often writers were told what."""
    race = await _race(stores, entity, end)
    assert list(race.after) == [], (
        f"{entity}: {race.after} landed after the end was known, which is {race.ended}"
    )
    assert race.before, f"{entity}: nobody wrote"
    found = await history(stores, entity)
    assert found == [1, 2, *sorted(race.before), race.ended], f"{entity}: {race}, but the history is {found}"
    return race.told


async def _race(stores: Stores, entity: str, end: End) -> Race:
    """Half of the writers name the head that they see, half take any; each goes on until it is refused for good."""
    change, refusal = end
    await begin(stores, entity)
    ended: list[int] = []
    before: list[int] = []
    after: list[int] = []
    met: Counter[str] = Counter()
    written, enough = asyncio.Event(), random.randint(1, WRITERS)

    async def write(writer: int) -> None:
        number = 2
        while not after:
            # Begun when the end was known already: such a one must never land.
            told = after if ended else before
            text = f"{writer} {len(before) + len(after)}"
            # Else the one who ends it, who has more to read, might never be the first.
            await asyncio.sleep(random.uniform(0, 0.02))
            base = number if writer % 2 else Base.HEAD
            try:
                outcome = await commit(
                    asked(entity, set_text(entity, text), base), stores, clock=lambda: NOW, pauses=eager
                )
            except HeadMoved as moved:
                met[moved.code] += 1
                number = moved.found or 0
            except TooContended as tired:
                met[tired.code] += 1
            except StorageError as error:
                assert type(error) is refusal, f"{entity}: {error!r}"  # noqa: PT017  # it is no other
                met[error.code] += 1
                return
            else:
                met["landed"] += 1
                number = outcome.revision
                told.append(number)
                if len(before) >= enough:
                    written.set()

    async def end_it() -> None:
        await written.wait()
        while not ended:
            try:
                outcome = await commit(asked(entity, change), stores, clock=lambda: NOW, pauses=eager)
            except TooContended:
                continue
            ended.append(outcome.revision)

    await asyncio.gather(end_it(), *(write(writer) for writer in range(WRITERS)))
    return Race(ended[0], before, after, met)
