"""Edits as values: what is to change, on which base, and what is wrong with it. Pure.

What can be changed is in `changes`. Knows nothing of stores; the write flow is in `commit`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from storage.canonical import canonical, digest
from storage.changes import RESERVED_EDIT_TYPES, Change, SetContent, edit_type_of, needs_reason, reason_of
from storage.errors import Fault, Invalid
from storage.ids import EntityId
from storage.model import EditInfo, JsonObject
from storage.ports import EditKey
from storage.validation import faults


class Base(Enum):
    """What an edit is made on, where its caller names no revision."""

    NOTHING = "nothing"
    """The entity must not exist: a creation."""
    HEAD = "head"
    """Whatever is the head. An import lays its content over it, and also over nothing."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of one entity."""

    entity: EntityId
    base: int | Literal[Base.NOTHING, Base.HEAD]
    change: Change
    info: EditInfo
    key: EditKey | None = None
    autoconfirmed: bool = True
    """Whether its editor may edit what is semi-protected."""
    rebase: bool = False
    """Whether content made on an older revision may be laid over the head, where the two changed different parts."""
    revives: bool = False
    """Whether content may take the place of a redirect or of a soft-deleted entity, as in an import."""


def rebased_on(edit: Edit, parent: int | None) -> int | None:
    """The head that an edit landed on instead of the base that it named; None where it is that base."""
    return parent if isinstance(edit.base, int) and parent != edit.base else None


def faults_of(edit: Edit) -> Sequence[Fault]:
    """All that is wrong with the edit as such, before any store is asked."""
    found: list[Fault] = []
    if edit.info.edit_type in RESERVED_EDIT_TYPES and edit_type_of(edit.change) is None:
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
        found.extend(_text_faults(pointer, text, limit))
    found.extend(reason_faults(reason_of(edit.change) or "", needed=needs_reason(edit.change)))
    if isinstance(edit.change, SetContent):
        found.extend(faults(edit.change.entity, edit.change.level, parsed=edit.change.parsed))
        if not found:
            found.extend(_identity_faults(edit.entity, edit.change.entity))
    return found


def reason_faults(reason: str, *, needed: bool = True) -> list[Fault]:
    """What is wrong with the reason that is given for a deletion, an erasure or the like."""
    found = _text_faults("/reason", reason, 500)
    if needed and not reason.strip():
        found.append(Fault("/reason", "missing_field", "say why", {"field": "reason"}))
    return found


def _text_faults(pointer: str, text: str, limit: int) -> list[Fault]:
    found = []
    if len(text) > limit:
        found.append(Fault(pointer, "value_too_long", f"at most {limit} characters", {"limit": limit}))
    if not is_unicode(text):
        found.append(Fault(pointer, "invalid_unicode", "holds a lone surrogate"))
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


def new_faults(
    found: Sequence[Fault], entity: JsonObject, base: JsonObject, known: Sequence[Fault]
) -> list[Fault]:
    """Those faults that come of what the edit changes: an old oddity elsewhere stops no edit (W10).

    `known` are the faults of the base. A part that is as it was may be at fault only now, such as a description that
    the new label repeats.
    """
    old = [(fault.code, _part(fault.pointer, base)) for fault in known]
    remaining = [
        fault
        for fault in found
        if not _untouched(fault, entity, base) or (fault.code, _part(fault.pointer, entity)) not in old
    ]
    # Where old oddities are all there was, nobody has looked yet whose content this is.
    return remaining or list(_identity_faults(base["id"], entity))


def _untouched(fault: Fault, entity: Any, base: Any) -> bool:
    """Whether the part around the fault is as in the base."""
    path = _steps(fault.pointer)
    if not path or path[0] in ("id", "type"):
        return False
    part, was = _part(fault.pointer, entity), _member(base, path[0])
    if path[0] in _MAPS and len(path) > 1:
        was = _member(was, path[1])
    elif path[0] == "claims" and len(path) > 2:
        return part is not None and part in (_member(was, path[1]) or ())
    elif path[0] in ("forms", "senses") and len(path) > 1:
        its = _member(_at(_member(entity, path[0]), path[1]), "id")
        was = next((one for one in was or () if _member(one, "id") == its), None)
        if _is_of_statement(path):
            return part is not None and part in (_member(_member(was, "claims"), path[3]) or ())
    return part is not None and bool(part == was)


def _part(pointer: str, entity: Any) -> Any:
    """The smallest part that an edit can change, around a place."""
    path = _steps(pointer)
    part = _member(entity, path[0]) if path else entity
    if len(path) > 1 and path[0] in _MAPS:
        return _member(part, path[1])
    if len(path) > 2 and path[0] == "claims":
        return _at(_member(part, path[1]), path[2])
    if len(path) > 1 and path[0] in ("forms", "senses"):
        part = _at(part, path[1])
        return _at(_member(_member(part, "claims"), path[3]), path[4]) if _is_of_statement(path) else part
    return part


def _is_of_statement(path: Sequence[str]) -> bool:
    return len(path) > 4 and path[2] == "claims"


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


_MAPS = ("labels", "descriptions", "aliases", "sitelinks", "lemmas")


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
