"""The written form of a revision and of a statement: bytes in the object store, to and fro.

Written as snapshot schema 1.3.0; read as 1.0.0 (statements inline), 1.1.0 (hash list, not grouped), 1.2.0
(hash list grouped by property) and 1.3.0 (with statement ids, forms and senses) (S8, S9). Knows no store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from itertools import islice
from typing import Any

from storage import times
from storage.canonical import StatementHasher, canonical, canonical_with, hash64, parse
from storage.content import body_of, claims_json, content_bytes, parts_json, split
from storage.errors import Damaged
from storage.ids import EntityId, EntityType, PropertyId, entity_id
from storage.keys import Key
from storage.model import (
    Claims,
    Content,
    Flags,
    Group,
    JsonObject,
    Snapshot,
    Statement,
    StatementBody,
    StatementHash,
    StoredSnapshot,
)

SCHEMA_VERSION = "1.3.0"
_FLAGS = tuple(flag.name for flag in fields(Flags) if flag.name != "is_soft_deleted")


def snapshot_bytes(snapshot: Snapshot, entity: bytes | None = None) -> bytes:
    """The snapshot as an object of the store, schema 1.3.0. `entity`: its entity in canonical bytes, if at hand."""
    flags = snapshot.flags
    return canonical_with(
        {
            "schema_version": SCHEMA_VERSION,
            "revision_id": snapshot.revision,
            "created_at": times.written(snapshot.created_at),
            "created_by": snapshot.created_by,
            "entity_type": str(snapshot.entity_type),
            "content_hash": snapshot.content_hash,
            "is_mass_edit": snapshot.is_mass_edit,
            "edit_type": snapshot.edit_type,
            **{name: getattr(flags, name) for name in _FLAGS},
            "is_deleted": flags.is_deleted or flags.is_soft_deleted,
            "is_hard_deleted": flags.is_deleted,
            "redirects_to": snapshot.redirects_to,
            "deletion_reason": snapshot.deletion_reason,
            "deleted_at": times.written(snapshot.deleted_at) if snapshot.deleted_at else None,
            "deleted_by": snapshot.deleted_by,
            **claims_json(snapshot.content.claims),
            "parts": parts_json(snapshot.content),
        },
        "entity",
        canonical(snapshot.content.entity) if entity is None else entity,
    )


def read_snapshot(
    data: bytes, entity: EntityId, revision: int, key: Key, hasher: StatementHasher
) -> StoredSnapshot:
    """The snapshot in `data`. Damaged if it is not one of this entity and revision (S7)."""
    try:
        stored = parse(data)
        if stored["entity"]["id"] != entity or stored["revision_id"] != revision:
            raise Damaged(str(key), "is a snapshot of another revision")
        return _read(stored, entity, revision, hasher)
    except Damaged:
        raise
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise Damaged(str(key), f"is not a snapshot: {error!r}") from error


def _read(stored: JsonObject, entity: EntityId, revision: int, hasher: StatementHasher) -> StoredSnapshot:
    version = str(stored["schema_version"])
    minor = tuple(int(number) for number in version.split(".")[:2])
    if minor < (1, 0) or minor[0] > 1:
        raise ValueError(f"schema version {version} is not known")
    inline: dict[StatementHash, StatementBody] = {}
    ungrouped: tuple[StatementHash, ...] = ()
    content_hash = stored.get("content_hash")
    if minor >= (1, 3):
        content = _content(stored)
        if content_hash is not None and hash64(content_bytes(content)) != content_hash:
            raise ValueError("its content is not what its hash says")
    elif "statements" not in stored:
        content, inline = _inline_content(stored["entity"], hasher)
    elif minor >= (1, 2):
        content = _content({**stored, "entity": _with_claims(stored["entity"])})
    else:
        content = Content(_with_claims(stored["entity"]))
        ungrouped = tuple(_hashes(stored["statements"]))
    deleted_at = stored.get("deleted_at")
    redirects_to = stored.get("redirects_to")
    snapshot = Snapshot(
        entity=entity,
        entity_type=EntityType(stored["entity_type"]),
        revision=revision,
        created_at=times.read(stored["created_at"]),
        created_by=stored.get("created_by") or "entity-api",
        content=content,
        content_hash=content_hash if isinstance(content_hash, int) else None,
        flags=_flags(stored, redirects_to),
        is_mass_edit=bool(stored.get("is_mass_edit", False)),
        edit_type=stored.get("edit_type") or "",
        redirects_to=entity_id(redirects_to) if redirects_to else None,
        deletion_reason=stored.get("deletion_reason"),
        deleted_at=times.read(deleted_at) if deleted_at else None,
        deleted_by=stored.get("deleted_by"),
        schema_version=version,
    )
    return StoredSnapshot(snapshot, inline, ungrouped)


def regrouped(
    hashes: tuple[StatementHash, ...], statements: Mapping[StatementHash, JsonObject], content: Content
) -> Content:
    """The content of a 1.1.0 snapshot, its statements grouped by the property that each of them names."""
    groups: dict[PropertyId, list[Statement]] = {}
    for statement_hash in hashes:
        statement = statements[statement_hash]
        group = groups.setdefault(PropertyId(statement["mainsnak"]["property"]), [])
        group.append(Statement(statement_hash, statement.get("id")))
    claims = Claims(tuple(Group(property_id, tuple(held)) for property_id, held in groups.items()))
    return Content(content.entity, claims)


def statement_bytes(statement_hash: StatementHash, body: StatementBody, created_at: datetime) -> bytes:
    """A statement as an object of the store: `{content_hash, statement, created_at}` (S2)."""
    return b'{"content_hash":%d,"created_at":"%s","statement":%s}' % (
        statement_hash,
        times.written(created_at).encode(),
        body.canonical,
    )


MAX_PROBES = 256
"""More collisions in a row than any store will see; readers stop looking there."""


def read_statement(
    data: bytes, statement_hash: StatementHash, key: Key, hasher: StatementHasher
) -> StatementBody:
    """The statement in `data`. Damaged if its content does not hash to its name."""
    try:
        stored = parse(data)
        body = body_of(stored["statement"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(str(key), f"is not a statement: {error!r}") from error
    if not any(hasher(body.canonical, probe) == statement_hash for probe in range(MAX_PROBES)):
        raise Damaged(str(key), "holds another statement than its hash says")
    return body


def _content(stored: JsonObject) -> Content:
    parts = {part["id"]: _claims(part) for part in stored.get("parts", ())}
    return Content(stored["entity"], _claims(stored), parts)


def _claims(told: JsonObject) -> Claims:
    hashes = _hashes(told["statements"])
    ids: Any = told.get("statement_ids") or [None] * len(hashes)
    names: list[str] = told["properties"]
    counts: Mapping[str, int] = told["property_counts"]
    if not isinstance(ids, list) or not set(map(type, ids)) <= {str, type(None)}:
        raise ValueError("a statement id is no string")
    if len(names) != len(counts) or set(names) != set(counts):
        raise ValueError("properties and their counts differ")
    if any(type(count) is not int or count < 0 for count in counts.values()):
        raise ValueError("a count of statements is no natural number")
    if len(ids) != len(hashes) or sum(counts.values()) != len(hashes):
        raise ValueError("hashes, ids and counts of statements differ in number")
    held = zip(hashes, ids, strict=True)
    return Claims(
        tuple(
            Group(PropertyId(name), tuple(Statement(*one) for one in islice(held, counts[name])))
            for name in names
        )
    )


def _hashes(told: Any) -> list[StatementHash]:
    if not isinstance(told, list) or not set(map(type, told)) <= {int}:
        raise ValueError("a hash is no integer")
    if told and not 0 <= min(told) <= max(told) < 2**64:
        raise ValueError("a hash is beyond 64 bits")
    return told


def _inline_content(
    entity: JsonObject, hasher: StatementHasher
) -> tuple[Content, dict[StatementHash, StatementBody]]:
    """A 1.0.0 entity. Its hashes locate inside this snapshot only; nothing of it is in the statement store."""
    taken = split(entity)
    inline: dict[StatementHash, StatementBody] = {}
    hashes: dict[bytes, StatementHash] = {}
    for body in taken.bodies.values():
        probe = 0
        while (statement_hash := hasher(body.canonical, probe)) in inline:
            probe += 1
        inline[statement_hash] = body
        hashes[body.digest] = statement_hash
    return taken.located(hashes), inline


def _with_claims(entity: JsonObject) -> JsonObject:
    # Before 1.3.0 nothing said whether an entity without statements had an empty `claims`.
    return {**entity, "claims": {}}


def _flags(stored: JsonObject, redirects_to: str | None) -> Flags:
    held = {name: bool(stored.get(name, False)) for name in _FLAGS}
    hard = bool(stored.get("is_hard_deleted", False))
    deleted = bool(stored.get("is_deleted", stored.get("deleted", False)))
    held["is_redirect"] = bool(stored.get("is_redirect", redirects_to is not None))
    held["is_deleted"] = hard
    return Flags(**held, is_soft_deleted=deleted and not hard)
