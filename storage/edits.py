"""Edits as values: what is to change, on which base, and the content that comes of it. Pure.

Knows nothing of stores; the write flow is in `commit`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from storage.canonical import canonical, digest
from storage.content import Split, split
from storage.errors import Fault, Invalid
from storage.events import RESERVED_EDIT_TYPES
from storage.ids import EntityId, EntityType, type_of
from storage.model import EditInfo, JsonObject
from storage.ports import EditKey
from storage.validation import Level, faults


class Base(Enum):
    """What an edit is made on, where its caller names no revision."""

    NOTHING = "nothing"
    """The entity must not exist: a creation."""
    HEAD = "head"
    """Whatever is the head, or nothing: an import lays its content over it."""


@dataclass(frozen=True, slots=True)
class SetContent:
    """The entity shall say this and nothing else: classic entity JSON under the edit's id, every statement in it."""

    entity: JsonObject
    level: Level = Level.STRICT
    parsed: bool = False
    """Whether the JSON came from `canonical.parse` as it is."""


@dataclass(frozen=True, slots=True)
class SetRedirect:
    """The entity shall redirect to another: its content goes."""

    target: EntityId


Change = SetContent | SetRedirect


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of one entity."""

    entity: EntityId
    base: int | Literal[Base.NOTHING, Base.HEAD]
    change: Change
    info: EditInfo
    key: EditKey | None = None


def next_content(edit: Edit) -> Split:
    """The content that the edit asks for, taken apart."""
    if isinstance(edit.change, SetRedirect):
        return split(empty_entity(edit.entity))
    return split(edit.change.entity)


def target_of(edit: Edit) -> EntityId | None:
    """Where the entity redirects to after the edit."""
    return edit.change.target if isinstance(edit.change, SetRedirect) else None


def empty_entity(entity: EntityId) -> JsonObject:
    """What a redirect says of itself: nothing."""
    kind = type_of(entity)
    empty: JsonObject = {"id": str(entity), "type": str(kind), "claims": {}}
    if kind is EntityType.LEXEME:
        return empty | {"lemmas": {}, "forms": [], "senses": []}
    empty |= {"labels": {}, "descriptions": {}, "aliases": {}}
    return empty | {"sitelinks": {}} if kind is EntityType.ITEM else empty


def faults_of(edit: Edit) -> Sequence[Fault]:
    """All that is wrong with the edit as such, before any store is asked."""
    found: list[Fault] = []
    if edit.info.edit_type in RESERVED_EDIT_TYPES and isinstance(edit.change, SetContent):
        found.append(
            Fault(
                "/editType",
                "reserved_edit_type",
                f"the edit type {edit.info.edit_type!r} is set by the server alone",
            )
        )
    for pointer, text, limit in (
        ("/summary", edit.info.summary, 500),
        ("/editType", edit.info.edit_type, 100),
        ("/batchId", edit.info.batch_id or "", 100),
    ):
        if len(text) > limit:
            found.append(Fault(pointer, "value_too_long", f"at most {limit} characters", {"limit": limit}))
        if not is_unicode(text):
            found.append(Fault(pointer, "invalid_unicode", "holds a lone surrogate"))
    if isinstance(edit.change, SetContent):
        found.extend(faults(edit.change.entity, edit.change.level, parsed=edit.change.parsed))
        if not found:
            found.extend(_identity_faults(edit.entity, edit.change.entity))
    return found


def _identity_faults(entity: EntityId, content: JsonObject) -> Iterator[Fault]:
    """Whether the content is of the entity (S7), and its forms and senses have ids to be kept by."""
    if content.get("id") != entity:
        yield Fault("/id", "entity_id_mismatch", f"the entity's id is not {entity}", {"expected": entity})
    for field in ("forms", "senses"):
        for number, part in enumerate(content.get(field) or ()):
            if "id" not in part:
                yield Fault(f"/{field}/{number}/id", "missing_field", "has no id", {"field": "id"})


def is_unicode(text: str) -> bool:
    """Whether the text can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def new_faults(found: Sequence[Fault], entity: JsonObject, base: JsonObject) -> list[Fault]:
    """Those faults that lie in what the edit changes: an old oddity elsewhere stops no edit (W10)."""
    remaining = [fault for fault in found if _is_of_the_edit(fault) or not _untouched(fault, entity, base)]
    # Where old oddities are all there was, nobody has looked yet whose content this is.
    return remaining or list(_identity_faults(base["id"], entity))


def _is_of_the_edit(fault: Fault) -> bool:
    """Whether the fault is in what is told beside the content, where nothing is old."""
    return fault.pointer in ("/editType", "/summary", "/batchId") and fault.code != "unknown_field"


def _untouched(fault: Fault, entity: Any, base: Any) -> bool:
    """Whether the smallest part that an edit can change, around the fault, is as in the base."""
    path = fault.pointer.split("/")[1:]
    if not path or path[0] in ("id", "type"):
        return False
    name = path[0].replace("~1", "/").replace("~0", "~")
    part, was = _member(entity, name), _member(base, name)
    if name in ("labels", "descriptions", "aliases", "sitelinks", "lemmas") and len(path) > 1:
        part, was = _member(part, path[1]), _member(was, path[1])
    elif name == "claims" and len(path) > 2:
        return _statement_untouched(path, part, was)
    elif name in ("forms", "senses") and len(path) > 1:
        part = _at(part, path[1])
        was = next((one for one in was or () if _member(one, "id") == _member(part, "id")), None)
        if len(path) > 4 and path[2] == "claims":
            return _statement_untouched(path[2:], _member(part, "claims"), _member(was, "claims"))
    return part is not None and bool(part == was)


def _statement_untouched(path: Sequence[str], claims: Any, was: Any) -> bool:
    statement = _at(_member(claims, path[1]), path[2])
    return statement is not None and statement in (_member(was, path[1]) or ())


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _at(value: Any, position: str) -> Any:
    return (
        value[int(position)]
        if isinstance(value, list) and position.isdigit() and int(position) < len(value)
        else None
    )


def refuse(found: Sequence[Fault]) -> None:
    """Invalid if there is any fault."""
    if found:
        raise Invalid(found)


def request_digest(*parts: object) -> bytes:
    """The digest by which two requests under one idempotency key are told apart."""
    return digest(canonical(list(parts)))
