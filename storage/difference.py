"""The difference of two entities, and how it is laid over a third. Pure.

A part is changed, added or removed; a form or sense that comes or goes does so in one piece. Where the third entity
has a part neither as it was nor as it became, somebody else changed it, too: that is a conflict.

Order is never a conflict, or else two edits could not add a statement to one property. A difference puts what it knows
into its own order only if it moved something; what it adds comes behind what stood before it, and at the end where
nothing stood after it. So of two differences that touch one order the later has its way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from storage.canonical import canonical
from storage.model import Json, JsonObject
from storage.parts import Parts, Path, empty_holder, owner_of, owners, put_together, take_apart


class Absence(Enum):
    """Where nothing is: null is a value."""

    ABSENT = "absent"


ABSENT: Final = Absence.ABSENT


@dataclass(frozen=True, slots=True)
class Changed:
    """A part before and after, ABSENT where it was not there."""

    old: Json | Absence
    new: Json | Absence


@dataclass(frozen=True, slots=True)
class Moved:
    """What stood in a place where order counts, before and after."""

    old: Sequence[Path]
    new: Sequence[Path]


@dataclass(frozen=True, slots=True)
class Difference:
    """What leads from one entity to another; false if nothing."""

    parts: Mapping[Path, Changed]
    orders: Mapping[Path, Moved]

    def __bool__(self) -> bool:
        return bool(self.parts or self.orders)

    def told(self) -> Mapping[Path, Changed]:
        """The parts without the objects and lists that came or went with what is in them."""
        within = {path[:length] for path in self.parts for length in range(1, len(path))}
        return {path: one for path, one in self.parts.items() if path not in within}


def difference(old: JsonObject, new: JsonObject) -> Difference:
    """What has to be done to an entity to get the other."""
    whole = owners(old) ^ owners(new)
    before, after = take_apart(old, whole), take_apart(new, whole)
    parts = {
        path: Changed(before.values.get(path, ABSENT), after.values.get(path, ABSENT))
        for path in {**before.values, **after.values}
        if not _same(before.values.get(path, ABSENT), after.values.get(path, ABSENT))
    }
    orders = {
        path: Moved(was, now)
        for path in {**before.orders, **after.orders}
        if (was := before.orders.get(path, [])) != (now := after.orders.get(path, []))
    }
    return Difference(parts, orders)


def laid_over(change: Difference, entity: JsonObject) -> tuple[JsonObject, Sequence[Path]]:
    """The entity with the difference, and the conflicts: parts of the difference that were left as they were."""
    there = take_apart(entity, change.parts)
    values = dict(there.values)
    conflicts: list[Path] = []
    for path, one in change.parts.items():
        now = values.get(path, ABSENT)
        if _same(now, one.new):
            continue
        owner = owner_of(path)
        if not _same(now, one.old) or (owner not in (None, path) and owner not in there.values):
            conflicts.append(path)
        elif one.new is ABSENT:
            del values[path]
        else:
            values[path] = one.new
    values = _with_holders(values)
    return put_together(Parts(values, _ordered(values, there.orders, change.orders))), sorted(conflicts)


def _same(one: Json | Absence, other: Json | Absence) -> bool:
    if one is ABSENT or other is ABSENT:
        return one is other
    # Equal in Python are also 1, 1.0 and True.
    return bool(one == other) and canonical(one) == canonical(other)


def _with_holders(values: Mapping[Path, Json]) -> dict[Path, Json]:
    """With each object or list that something is in, though a difference may have taken it away as empty."""
    full: dict[Path, Json] = {}
    for path, value in values.items():
        for length in range(1, len(path)):
            full.setdefault(path[:length], empty_holder(path[:length]))
        full[path] = value
    return full


def _ordered(
    values: Collection[Path], orders: Mapping[Path, Sequence[Path]], moves: Mapping[Path, Moved]
) -> dict[Path, Sequence[Path]]:
    found = {
        path: dict.fromkeys(_merged(orders.get(path, []), moves.get(path), values))
        for path in {**orders, **moves}
    }
    for path in values:
        if path[:-1] in found:
            # It may be a group that is there again, in an order that knows it no more.
            found[path[:-1]].setdefault(path)
    return {path: list(inside) for path, inside in found.items()}


def _merged(now: Sequence[Path], move: Moved | None, values: Collection[Path]) -> Iterator[Path]:
    kept = [one for one in now if one in values]
    if move is None:
        yield from kept
        return
    there, new = set(kept), set(move.new)
    rank = {path: number for number, path in enumerate(move.new)}
    if [one for one in move.old if one in new] != sorted(new.intersection(move.old), key=rank.__getitem__):
        known = iter([one for one in move.new if one in there])
        kept = [next(known) if one in new else one for one in kept]
    # What is added, by what stood before it; None for the very beginning.
    following: dict[Path | None, list[Path]] = {}
    last = max((rank[one] for one in there & new), default=-1)
    before: Path | None = None
    for one in move.new:
        if one in there:
            before = one
        elif one in values and rank[one] < last:
            following.setdefault(before, []).append(one)
    yield from following.get(None, ())
    for one in kept:
        yield one
        yield from following.get(one, ())
    yield from (one for one in move.new if rank[one] > last and one in values)
