"""A random life of a few entities, on the stores and in the model at once: they must agree at each step.

The machine draws what somebody asks for, of whom, on which base, and at which call all stores fall silent. It runs in
a thread of its own, since Hypothesis knows no event loop; the stores stay in theirs.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from storage import relay, retention
from storage.changes import (
    Change,
    EndRedirect,
    HardDelete,
    Protect,
    Protection,
    Restore,
    SetContent,
    SetRedirect,
    SetRevision,
    SoftDelete,
    Undelete,
)
from storage.edits import Base
from storage.ids import EntityId
from storage.model import AuditKind
from storage.port_deletions import AuditPage, DeletionRequest
from storage.ports import Stores
from tests.faults import When
from tests.states.model import Move, State, Told, foresee
from tests.states.playing import ITEMS, How, Playing

T = TypeVar("T")

WHICH = st.integers(0, ITEMS)
"""An entity of the run: the items, and last the property."""
KINDS, CHOICES = st.integers(0, 11), st.integers(0, 999)
VERSIONS = st.integers(0, 3)


HOWS = st.builds(
    How,
    base=st.sampled_from(["fresh", "fresh", "fresh", "head", "head", "head", "stale", "nothing"]),
    mass=st.booleans(),
    autoconfirmed=st.booleans(),
    silence=st.none() | st.none() | st.tuples(st.integers(1, 8), st.sampled_from(When)),
    derives=st.booleans(),
    sensible=st.sampled_from([True, True, False]),
)


class Lives(RuleBasedStateMachine):
    """The moves. What is set by `live` is for all runs."""

    stores: Stores
    loop: asyncio.AbstractEventLoop
    runs: int
    met: Counter[tuple[str, str, str]]

    def __init__(self) -> None:
        super().__init__()
        type(self).runs += 1
        self.playing = Playing(self.stores, type(self).runs, self.met)

    def wait(self, work: Awaitable[T]) -> T:
        """Do something where the stores are."""

        async def do() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(do(), self.loop).result()

    @initialize(versions=st.tuples(*[VERSIONS] * ITEMS))
    def begin(self, versions: tuple[int, ...]) -> None:
        """All are there but one item."""
        for entity, says in zip(self.playing.entities[1:], versions, strict=True):
            self.ask(Move(entity, SetContent({}), Base.NOTHING, says=says), How())

    @rule(kind=KINDS, choice=CHOICES, says=VERSIONS, how=HOWS)
    def say(self, kind: int, choice: int, says: int, how: How) -> None:
        gone_back = [(one, SetRevision(number)) for one, number in self.revisions()]
        self.ask_one_of([self.of_each(SetContent({})), gone_back], kind, choice, how, says)

    @rule(kind=KINDS, choice=CHOICES, how=HOWS)
    def protect(self, kind: int, choice: int, how: How) -> None:
        changes: list[list[Change]] = [
            [Protect(protection, on) for protection in Protection] for on in (True, False)
        ]
        self.ask_one_of([self.of_each(*some) for some in changes], kind, choice, how)

    @rule(kind=KINDS, choice=CHOICES, approves=st.booleans(), how=HOWS)
    def delete(self, kind: int, choice: int, approves: bool, how: How) -> None:
        hard = HardDelete("a demand", self.playing.now + timedelta(days=180), "Carol" if approves else None)
        changes: list[Change] = [
            SoftDelete("a duplicate"),
            Undelete("no duplicate"),
            hard,
            Restore("an error"),
        ]
        self.ask_one_of([self.of_each(one) for one in changes], kind, choice, how)

    @rule(kind=KINDS, choice=CHOICES, how=HOWS)
    def redirect(self, kind: int, choice: int, how: How) -> None:
        made = self.of_each(*(SetRedirect(target) for target in self.playing.entities))
        ended = [(one, EndRedirect(number, "an error")) for one, number in self.revisions()]
        self.ask_one_of([made, ended], kind, choice, how)

    @rule(which=WHICH, on=st.booleans())
    def request_deletion(self, which: int, on: bool) -> None:
        entity = self.playing.entities[which]
        if on:
            self.wait(
                self.stores.metadata.request_deletion(
                    DeletionRequest(entity, "a demand", "Carol", self.playing.now, 180)
                )
            )
        else:
            withdrawn = self.wait(self.stores.metadata.withdraw_request(entity))
            assert withdrawn == self.playing.lives[entity].requested
        self.playing.lives[entity] = replace(self.playing.lives[entity], requested=on)

    @rule(which=WHICH, releases=st.booleans())
    def end_retention(self, which: int, releases: bool) -> None:
        entity = self.playing.entities[which]
        life = self.playing.lives[entity]
        number = life.head.revision if life.history else 1
        if releases and life.state in (State.HARD_DELETED, State.RELEASED):
            self.settle()
            page = AuditPage(1, entity, AuditKind.HARD_DELETE)
            (audit,) = self.wait(self.stores.metadata.audits(page))
            assert self.wait(retention.release(audit, self.stores, self.playing.clock)) is not None
        else:
            ended = self.wait(self.stores.metadata.end_retention(entity, number))
            assert ended == (life.state is State.HARD_DELETED)
        if life.state is State.HARD_DELETED:
            self.playing.lives[entity] = replace(life, ended=True)

    @rule()
    def settle(self) -> None:
        """What whoever died left over is done by the relay."""
        self.wait(relay.settle(self.stores, clock=self.playing.clock))

    def of_each(self, *changes: Change) -> list[tuple[EntityId, Change]]:
        """The changes for each of the entities."""
        return [(entity, change) for entity in self.playing.entities for change in changes]

    def revisions(self) -> list[tuple[EntityId, int]]:
        """All revisions, and for each entity one that it has not."""
        return [
            (entity, number)
            for entity, life in self.playing.lives.items()
            for number in (*(told.revision for told in life.history), 1_000_000)
        ]

    def ask_one_of(
        self,
        kinds: Sequence[Sequence[tuple[EntityId, Change]]],
        kind: int,
        choice: int,
        how: How,
        says: int = 0,
    ) -> None:
        """Ask for one of the changes of a kind.

        A sensible one lands, if any would: drawn blindly, most are refused for the same few reasons.
        """
        offered = [[self.move(*one, how, says) for one in some] for some in kinds]
        if how.sensible:
            landing = [
                [one for one in some if isinstance(foresee(self.playing.lives, one), Told)]
                for some in offered
            ]
            offered = [some for some in landing if some] or offered
        # Each state has its turn, though few entities are in it.
        by_state: dict[object, list[Move]] = defaultdict(list)
        for move in offered[kind % len(offered)]:
            life = self.playing.lives[move.entity]
            by_state[life.state, life.head.protections if life.history else None].append(move)
        moves = list(by_state.values())[choice % len(by_state)]
        self.ask(moves[choice // len(by_state) % len(moves)], how)

    def ask(self, move: Move, how: How) -> None:
        """Ask for it."""
        self.wait(self.playing.play(move, how))

    def move(self, entity: EntityId, change: Change, how: How, says: int) -> Move:
        """The change as somebody asks for it."""
        life = self.playing.lives[entity]
        base: int | Base = life.head.revision if life.history else 1
        if how.base == "head":
            base = Base.HEAD
        elif how.base == "nothing" and not isinstance(change, Restore):
            base = Base.NOTHING
        elif how.base == "stale" and len(life.history) > 1:
            base = life.history[-2].revision
        if not life.history and isinstance(change, SetContent) and how.sensible:
            base = Base.NOTHING
        told = says if isinstance(change, SetContent) else None
        return Move(entity, change, base, how.mass, how.autoconfirmed, told)

    def teardown(self) -> None:
        """What was played is looked at."""
        self.wait(self.playing.assert_alike())


async def live(
    stores: Stores, *, examples: int, steps: int, shrinks: bool = False
) -> Counter[tuple[str, str, str]]:
    """Let the machine run. Answers how often which change of an entity in which state was foreseen to end how.

    Few examples for one place: at the end of each everything that is there is looked at. For the same reason to
    shrink a failing one takes minutes.
    """
    met: Counter[tuple[str, str, str]] = Counter()
    told = {"stores": stores, "loop": asyncio.get_running_loop(), "runs": 0, "met": met}
    machine: type[Lives] = type("Lives", (Lives,), told)
    phases = [Phase.generate, Phase.shrink] if shrinks else [Phase.generate]
    with_limits = settings(
        max_examples=examples, stateful_step_count=steps, phases=phases, report_multiple_bugs=False
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=with_limits)
    return met
