"""An entity as its parts: the smallest pieces that two edits may change beside each other. Pure.

A part has a path: ("labels", "en"), ("sitelinks", "enwiki"), ("claims", "P31", statement id), ("forms", "L1-F1",
"representations", "en"). What holds parts has a path as well and is there as an empty object or list, since an absent
field is another content than an empty one (S9). A statement without id is known by its content, a further one under
the same name by its number. Knows nothing of what became of a part; that is in `difference`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.canonical import canonical, digest
from storage.content import normal_full
from storage.model import Json, JsonObject

Path = tuple[str, ...]

_MAPS = ("labels", "descriptions", "aliases", "sitelinks", "lemmas", "representations", "glosses")
_OWNERS = ("forms", "senses")


@dataclass(frozen=True, slots=True)
class Parts:
    """An entity taken apart. `orders` tells of claims, groups of statements, forms and senses what stands in them, in
    order; what stands in other objects has none.
    """

    values: Mapping[Path, Json]
    orders: Mapping[Path, Sequence[Path]]


def take_apart(entity: JsonObject, whole: Collection[Path] = ()) -> Parts:
    """The parts of an entity that is valid at least by the lenient rules, without what is derived.

    Forms and senses in `whole` stay in one piece. A field of an unknown kind is one part.
    """
    values: dict[Path, Json] = {}
    orders: dict[Path, Sequence[Path]] = {}
    _take(normal_full(entity), (), values, orders, whole)
    return Parts(values, orders)


def put_together(parts: Parts) -> JsonObject:
    """The entity again: equal to the one that was taken apart."""
    held: dict[Path, list[Path]] = {}
    for path in parts.values:
        held.setdefault(path[:-1], []).append(path)

    def built(path: Path) -> Json:
        inside = parts.orders.get(path) or held.get(path)
        if not inside:
            return parts.values[path]
        if isinstance(parts.values[path], list):
            return [built(one) for one in inside]
        return {one[-1]: built(one) for one in inside}

    return {path[0]: built(path) for path in held[()]}


def owner_of(path: Path) -> Path | None:
    """The form or sense that a path leads into, or that it is."""
    return path[:2] if len(path) > 1 and path[0] in _OWNERS else None


def owners(entity: JsonObject) -> set[Path]:
    """All forms and senses of an entity."""
    return {
        (field, part["id"]) for field in _OWNERS if _are_parts(entity.get(field)) for part in entity[field]
    }


def empty_holder(path: Path) -> Json:
    """What a path that leads to other parts is there as."""
    return [] if path[-1] in _OWNERS or path[-2:-1] == ("claims",) else {}


def pointer(path: Path) -> str:
    """A path as JSON pointer. Statements, forms and senses are named by id: their places differ by revision."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)


def _take(
    subject: JsonObject,
    at: Path,
    values: dict[Path, Json],
    orders: dict[Path, Sequence[Path]],
    whole: Collection[Path],
) -> None:
    for name, value in subject.items():
        path = (*at, name)
        if name == "claims" and _are_claims(value):
            values[path] = {}
            orders[path] = [(*path, property_id) for property_id in value]
            for property_id, group in value.items():
                inside = [(*path, property_id, key) for key in _keys(group)]
                values[(*path, property_id)] = []
                orders[(*path, property_id)] = inside
                values.update(zip(inside, group, strict=True))
        elif name in _MAPS and isinstance(value, dict):
            values[path] = {}
            values.update({(*path, key): one for key, one in value.items()})
        elif not at and name in _OWNERS and _are_parts(value):
            values[path] = []
            orders[path] = [(*path, part["id"]) for part in value]
            for part in value:
                owner = (*path, part["id"])
                values[owner] = part if owner in whole else {}
                if owner not in whole:
                    _take(part, owner, values, orders, whole)
        else:
            values[path] = value


def _are_claims(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(group, list) for group in value.values())


def _are_parts(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    ids = {part["id"] for part in value if isinstance(part, dict) and isinstance(part.get("id"), str)}
    return len(ids) == len(value)


def _keys(statements: Sequence[JsonObject]) -> Iterator[str]:
    """A name for each statement of a group, no two alike."""
    taken: set[str] = set()
    for statement in statements:
        name = statement.get("id") or digest(canonical(statement)).hex()
        key, number = name, 1
        while key in taken:
            number += 1
            key = f"{name} {number}"
        taken.add(key)
        yield key
