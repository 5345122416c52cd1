"""One random life of a few entities, as it is played: each move on the stores and in the model, and what came of it.

Knows no Hypothesis: which moves are made is drawn in `machine`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from storage.changes import HardDelete, SetContent, SetRedirect
from storage.commit import Outcome, commit
from storage.derive import derive
from storage.edits import Edit
from storage.errors import OutcomeUnknown, RequestMissing, RetentionEnded, StorageError, Unavailable
from storage.ids import EntityId, entity_id
from storage.model import EditInfo
from storage.ports import Stores
from tests.builders import NOW
from tests.commit.making import eager
from tests.faults import Faults, When
from tests.states.comparing import MAINTAINED_BY, assert_alike, content
from tests.states.model import Life, Move, Told, foresee

ITEMS = 4
STEP = timedelta(seconds=10)
"""Between two moves: longer than a reservation is waited for."""


@dataclass(frozen=True, slots=True)
class How:
    """In which circumstances something is asked for. `silence`: at which call the stores fall silent, and which side."""

    base: str = "fresh"
    mass: bool = False
    autoconfirmed: bool = True
    silence: tuple[int, When] | None = None
    derives: bool = True
    sensible: bool = True


class Playing:
    """The entities of one run and their lives, as far as they were played: the items, and last a property."""

    def __init__(self, stores: Stores, run: int, met: Counter[tuple[str, str, str]]) -> None:
        self.stores, self.run, self.met = stores, run, met
        first = 1000 + 10 * run
        names = [*(f"Q{first + number}" for number in range(ITEMS)), f"P{first}"]
        self.entities = [entity_id(name) for name in names]
        self.lives = {entity: Life() for entity in self.entities}
        self.now = NOW
        self._has_debris: set[EntityId] = set()
        self._crashed_redirects = False
        self._agrees = False

    def clock(self) -> datetime:
        """The time of the run."""
        return self.now

    async def play(self, move: Move, how: How) -> None:
        """Make the move, and see that it ends as the model says."""
        if isinstance(move.change, SetContent):
            move = replace(move, change=SetContent(content(self.run, move.entity, move.says or 0)))
        self.now += STEP
        self._agrees = False
        self.lives[move.entity] = await self._make(move, how)
        self._agrees = True

    async def assert_alike(self) -> None:
        """At the end all that can be read is as the model has it, unless it was seen before that it is not."""
        if not self._agrees:
            return
        await assert_alike(self.stores, self.run, self.lives)
        # Who was not broken off has let go of what he reserved.
        for entity in () if self._crashed_redirects else self.entities:
            assert await self.stores.metadata.reservations(entity) == []

    async def _make(self, move: Move, how: How) -> Life:
        """The life of the entity after the move."""
        life, foreseen = self.lives[move.entity], foresee(self.lives, move)
        self.met[type(move.change).__name__, life.state.value, _name(foreseen)] += 1
        faults = Faults()
        if how.silence is not None:
            number, when = how.silence
            faults.silence(when, number=number)
        info = EditInfo("Bob", edit_type=f"version {move.says}" if move.says is not None else "")
        asked = Edit(
            move.entity,
            move.base,
            move.change,
            replace(info, is_mass_edit=move.mass),
            autoconfirmed=move.autoconfirmed,
        )
        ending: Outcome | StorageError
        try:
            ending = await commit(
                asked, faults.wrap(self.stores), clock=self.clock, pauses=eager, maintained_by=MAINTAINED_BY
            )
        except StorageError as error:
            ending = error
        crashed = how.silence is not None and len(faults.calls) >= how.silence[0]
        if crashed:
            self._has_debris.add(move.entity)
            self._crashed_redirects |= isinstance(move.change, SetRedirect)
        if isinstance(ending, Outcome):
            if how.derives and not crashed and ending.owed is not None:
                await derive(ending.owed, self.stores)
            return self._landed(life, move, foreseen, ending.revision)
        if crashed and isinstance(ending, (Unavailable, OutcomeUnknown)):
            head = (await self.stores.metadata.heads([move.entity])).get(move.entity)
            found = head.head.revision if head is not None else None
            if found == (life.head.revision if life.history else None):
                return life
            assert isinstance(ending, OutcomeUnknown), f"{ending!r} was told, yet {move} landed"
            assert found is not None
            return self._landed(life, move, foreseen, found)
        assert isinstance(foreseen, StorageError), f"{foreseen} was foreseen, and came to {ending!r}"
        assert (type(ending), str(ending)) == (type(foreseen), str(foreseen))
        if isinstance(ending, (RequestMissing, RetentionEnded)):
            self._has_debris.add(move.entity)  # refused by the swap, after the snapshot was put
        return life

    def _landed(self, life: Life, move: Move, foreseen: Told | StorageError | None, revision: int) -> Life:
        """The life after a move that the model took for possible."""
        assert not isinstance(foreseen, StorageError), f"{foreseen!r} was foreseen, yet {move} landed"
        if foreseen is None:
            assert revision == life.head.revision
            return life
        before = life.head.revision if life.history else 0
        assert revision > before
        # Who is hindered by what a crashed one had reserved has put a snapshot in vain.
        hindered = self._crashed_redirects and isinstance(move.change, SetRedirect)
        assert revision == before + 1 or hindered or move.entity in self._has_debris
        used = isinstance(move.change, HardDelete)
        return replace(
            life,
            history=(*life.history, replace(foreseen, revision=revision)),
            requested=life.requested and not used,
        )


def _name(foreseen: Told | StorageError | None) -> str:
    if foreseen is None:
        return "unchanged"
    return "landed" if isinstance(foreseen, Told) else type(foreseen).__name__
