"""Two edits at once, truly interleaved: one stands before its swap while the other is made; and how that may end.

The law: they end as if they were made one after the other, in the order in which they were committed. What a redirect
sees of its target is no part of its swap, so that there the other order will do as well. One who is told to come
again has done nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from storage.changes import (
    Change,
    EndRedirect,
    Protect,
    Protection,
    Restore,
    SetRevision,
    SoftDelete,
    Undelete,
)
from storage.commit import Outcome, commit
from storage.edits import Base, Edit
from storage.errors import HeadMoved, Reserved, StorageError, TooContended
from storage.ids import EntityId
from storage.ports import HistoryPage, Stores
from tests.builders import NOW
from tests.commit.making import BaseOf, eager, make
from tests.faults import Faults, When
from tests.states.moves import asked, begin, hard_delete, redirect_to, set_text

A, B, C = range(3)
"""Which of the three items of a pair an edit is of, or a redirect leads to."""
HEAD = 2
"""The revision of all items before a state is brought about."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way from one state to another: which item it is of, and what changes, given the names of all three."""

    name: str
    change: Callable[[Sequence[str]], Change]
    of: int = A
    states: str = "normal"


OPEN = "normal, semi_protected, mass_edit_protected"
"""The states that take an ordinary edit."""
STATES: dict[str, Callable[[Sequence[str]], Change] | None] = {
    "normal": None,
    **{one.name.lower(): lambda _, one=one: Protect(one) for one in Protection},  # type: ignore[misc]
    "redirect": lambda on: redirect_to(on[C]),
    "soft-deleted": lambda _: SoftDelete("a duplicate"),
    "hard-deleted": lambda _: hard_delete(),
}
"""The states of A, and what brings each about."""


def _protecting(one: Protection) -> Iterable[Way]:
    name = one.name.lower()
    # The lock stands for all of them where nothing else can be different.
    on = ", ".join({"normal", *(STATES if one is Protection.LOCKED else ())} - {"hard-deleted"})
    yield Way(f"protect: {name}", lambda _: Protect(one), states=on)
    yield Way(f"unprotect: {name}", lambda _: Protect(one, on=False), states=name)


WAYS = [
    Way("edit", lambda on: set_text(on[A], "three"), states=OPEN),
    Way("restore revision", lambda _: SetRevision(1), states=OPEN),
    *(way for one in Protection for way in _protecting(one)),
    Way("soft delete", lambda _: SoftDelete("a duplicate"), states=OPEN),
    Way("undelete", lambda _: Undelete(), states="soft-deleted"),
    Way("hard delete", lambda _: hard_delete(), states=f"{OPEN}, redirect, soft-deleted"),
    Way("restore", lambda _: Restore("an error"), states="hard-deleted"),
    Way("redirect A to B", lambda on: redirect_to(on[B]), states=OPEN),
    Way("redirect B to A", lambda on: redirect_to(on[A]), B, states=OPEN),
    Way("revert redirect", lambda _: EndRedirect(1, "an error"), states="redirect"),
]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two ways that both lead on from a state of A. `paused` stands before its swap while `other` is made."""

    state: str
    paused: Way
    other: Way
    named: bool
    """Whether both name their base."""

    def __str__(self) -> str:
        base = "named base" if self.named else "any base"
        return f"{self.state}, {base}: {self.other.name} while {self.paused.name}"


def _from(state: str) -> Sequence[Way]:
    return [way for way in WAYS if state in way.states.split(", ")]


PAIRS = [
    Pair(state, paused, other, named)
    for state in STATES
    for paused, other in product(_from(state), repeat=2)
    for named in (True, False)
]
FEW = [
    Pair(state, paused, other, named=bool(number % 2))
    for state in STATES
    for number, (paused, other) in enumerate(
        zip(_from(state), [*_from(state)[1:], *_from(state)[:1]], strict=True)
    )
]
"""Of each state as many as it has ways: each comes first once, and second once."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of two edits: their answers, and what became of the items, without names and numbers."""

    answers: tuple[str, str]
    items: tuple[tuple[object, ...], ...]

    def turned(self) -> Ending:
        """The same with the answers the other way round."""
        return Ending((self.answers[1], self.answers[0]), self.items)


CONTENDED = "contended"
"""The answer to one who is told to come again, and has done nothing."""


async def interleaved(stores: Stores, pair: Pair, on: Sequence[str]) -> Ending:
    """The two at once, the paused one's answer first."""
    base = await _prepare(stores, pair.state, [pair.paused, pair.other], on)
    paused, other = (_edit(way, on, base if pair.named else None) for way in (pair.paused, pair.other))
    faults = Faults()
    pause = faults.pause(When.BEFORE, verb="metadata.commit")
    slow = asyncio.create_task(_try(faults.wrap(stores), paused))
    await asyncio.wait_for(pause.reached.wait(), 60)
    answer = await _try(stores, other)
    pause.go.set()
    return await _ending(stores, [await slow, answer], on)


async def in_peace(stores: Stores, pair: Pair, order: Sequence[Way], on: Sequence[str]) -> Ending:
    """Edits from the pair's state, one after the other; the answers are in their order."""
    base = await _prepare(stores, pair.state, [pair.paused, pair.other], on)
    answers = [await _try(stores, _edit(way, on, base if pair.named else None)) for way in order]
    return await _ending(stores, [*answers, *[TooContended("nobody")] * (2 - len(order))], on)


def orders(pair: Pair, ending: Ending) -> Iterable[tuple[Sequence[Way], bool]]:
    """The orders in which the pair may seem to have been made, each with whether the paused one is the second."""
    paused, other = ending.answers
    if CONTENDED in ending.answers:
        if paused != CONTENDED:
            yield [pair.paused], False
        if other != CONTENDED:
            yield [pair.other], True
        return
    yield [pair.other, pair.paused], True
    if pair.paused.of != pair.other.of:
        yield [pair.paused, pair.other], False


async def _prepare(stores: Stores, state: str, ways: Sequence[Way], on: Sequence[str]) -> int:
    """Bring A into the state; answers its head. B and C are there as far as they are needed."""
    await begin(stores, on[A])
    if any("B" in way.name.split() for way in ways):
        await begin(stores, on[B])
    if state == "redirect":
        await begin(stores, on[C])
    change = STATES[state]
    if change is None:
        return HEAD
    return (await make(stores, asked(on[A], change(on)))).revision


def _edit(way: Way, on: Sequence[str], base: int | None) -> Edit:
    """The edit; `base` is the head of A."""
    named: BaseOf = Base.HEAD
    if base is not None:
        named = base if way.of == A else HEAD
    return asked(on[way.of], way.change(on), named)


async def _try(stores: Stores, edit: Edit) -> Outcome | StorageError:
    try:
        return await commit(edit, stores, clock=lambda: NOW, pauses=eager)
    except StorageError as error:
        return error


async def _ending(stores: Stores, answers: Sequence[Outcome | StorageError], on: Sequence[str]) -> Ending:
    numbers, items = {}, []
    heads = {one.head.entity: one.head for one in (await stores.metadata.heads(_ids(on))).values()}
    for entity in _ids(on):
        page = HistoryPage(entity, 100)
        rows = list(reversed((await stores.metadata.histories([page]))[page]))
        numbers[entity] = [row.revision for row in rows]
        digests = [row.content_digest for row in rows]
        target = heads[entity].redirects_to if entity in heads else None
        items.append(
            (
                [row.edit.edit_type for row in rows],
                [row.flags for row in rows],
                [digests.index(one) for one in digests],
                [numbers[entity].index(row.parent) if row.parent else None for row in rows],
                on.index(target) if target is not None else None,
            )
        )
    told = [_told(answer, on, numbers) for answer in answers]
    return Ending((told[0], told[1]), tuple(tuple(map(repr, item)) for item in items))


def _ids(on: Sequence[str]) -> list[EntityId]:
    return [EntityId(one) for one in on]


def _told(
    answer: Outcome | StorageError, on: Sequence[str], numbers: Mapping[EntityId, Sequence[int]]
) -> str:
    match answer:
        case Outcome():
            place = numbers[answer.entity].index(answer.revision)
            return f"{'unchanged' if answer.unchanged else 'landed'} as {place}"
        case Reserved() | TooContended():
            return CONTENDED
        case HeadMoved(entity=entity, found=found) if found is not None:
            return f"the head is {numbers[EntityId(entity)].index(found)}"
    words = " ".join(
        _LETTERS[on.index(word)] if word in on else word for word in str(answer).replace(":", " :").split()
    )
    return f"{type(answer).__name__}: {words}"


_LETTERS = "ABC"
