"""Entity JSON to content and back: what is kept, what is derived, and when two entities are equal.

Pure. Knows the shape of Wikibase's classic JSON; whether it is valid is asked elsewhere. Splitting takes the
statements out of an entity, each as shared content (without its id) with the id beside it; joining puts them
back. What goes in comes out equal (S9) as `equal` says: but for key order, `[]` for an empty object, and
what is derived.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.canonical import canonical, canonical_with, digest
from storage.ids import PropertyId
from storage.model import Claims, Content, Group, Json, JsonObject, Statement, StatementBody, StatementHash

DERIVED = ("lastrevid", "modified", "pageid", "ns", "title")
"""Fields of an entity that tell of its page and revision, not of its content."""

_MAPS = ("labels", "descriptions", "aliases", "sitelinks", "claims", "lemmas")
_PARTS = {"forms": ("representations", "claims"), "senses": ("glosses", "claims")}


@dataclass(frozen=True, slots=True)
class Written:
    """A statement as an entity spells it out: its content by digest, under its id."""

    digest: bytes
    id: str | None


WrittenClaims = Sequence[tuple[PropertyId, Sequence[Written | Statement]]]
"""By property, in order; a Statement is one kept from the base, whose hash is known."""


@dataclass(frozen=True, slots=True)
class Split:
    """An entity taken apart: `entity` without statements, `claims` and `parts` by digest, each body once."""

    entity: JsonObject
    claims: WrittenClaims
    parts: Mapping[str, WrittenClaims]
    bodies: Mapping[bytes, StatementBody]

    def located(self, hashes: Mapping[bytes, StatementHash]) -> Content:
        """The content, once each digest has its hash."""
        return Content(
            self.entity,
            _located(self.claims, hashes),
            {part: _located(claims, hashes) for part, claims in self.parts.items()},
        )


def split(entity: JsonObject) -> Split:
    """Take the statements out of an entity that is valid at least by the lenient rules.

    The input is not changed. NotCanonical for a statement that JSON in UTF-8 can't hold.
    """
    rest = normal_entity(entity)
    bodies: dict[bytes, StatementBody] = {}
    claims = _take_claims(rest, bodies)
    parts: dict[str, WrittenClaims] = {}
    for field in _PARTS:
        if isinstance(rest.get(field), list):
            rest[field] = [dict(part) for part in rest[field]]
            for part in rest[field]:
                taken = _take_claims(part, bodies)
                if taken:
                    parts[part["id"]] = taken
    return Split(rest, claims, parts, bodies)


def join(content: Content, statements: Mapping[StatementHash, JsonObject]) -> JsonObject:
    """The entity JSON again. `statements` must hold every hash of the content."""
    entity = dict(content.entity)
    if "claims" in entity:
        entity["claims"] = join_claims(content.claims, statements)
    for field in _PARTS:
        if isinstance(entity.get(field), list):
            entity[field] = [_join_part(part, content.parts, statements) for part in entity[field]]
    return entity


def join_claims(claims: Claims, statements: Mapping[StatementHash, JsonObject]) -> JsonObject:
    """The `claims` object of one subject."""
    return {
        group.property: [with_id(statements[statement.hash], statement.id) for statement in group.statements]
        for group in claims.groups
    }


def with_id(statement: JsonObject, statement_id: str | None) -> JsonObject:
    """A statement block under an id, in Wikibase's usual order of keys."""
    block = {key: statement[key] for key in _STATEMENT_KEYS if key in statement}
    if statement_id is not None:
        block["id"] = statement_id
    block.update(statement)
    return block


_STATEMENT_KEYS = ("mainsnak", "type", "qualifiers", "qualifiers-order")


def equal(one: JsonObject, other: JsonObject) -> bool:
    """Whether two entities say the same, by the exceptions of S9 and no others."""
    return canonical(normal_full(one)) == canonical(normal_full(other))


def normal_full(entity: JsonObject) -> JsonObject:
    """The entity with all that is derived left out, its statements included. For comparison."""
    rest = normal_entity(entity)
    _normal_claims(rest)
    for field in _PARTS:
        if isinstance(rest.get(field), list):
            rest[field] = [dict(part) for part in rest[field]]
            for part in rest[field]:
                _normal_claims(part)
    return rest


def normal_entity(entity: JsonObject) -> JsonObject:
    """A copy without derived fields, `{}` where older JSON has `[]` for an empty object. Claims untouched."""
    normal = {key: value for key, value in entity.items() if key not in DERIVED}
    _mend_maps(normal, _MAPS)
    for field, maps in _PARTS.items():
        if isinstance(normal.get(field), list):
            normal[field] = [
                _mended(part, maps) if isinstance(part, dict) else part for part in normal[field]
            ]
    return normal


def normal_statement(statement: JsonObject) -> JsonObject:
    """A statement block without derived hashes, `{}` for `[]`; its id, if any, is kept."""
    normal = dict(statement)
    normal["mainsnak"] = _without_hash(normal["mainsnak"])
    if "qualifiers" in normal:
        normal["qualifiers"] = _normal_snaks(normal["qualifiers"])
    if isinstance(normal.get("references"), list):
        normal["references"] = [_normal_reference(reference) for reference in normal["references"]]
    return normal


def body_of(statement: JsonObject) -> StatementBody:
    """The shared content of a statement block: without id and derived hashes, with its bytes and digest (T1)."""
    block = normal_statement(statement)
    block.pop("id", None)
    data = canonical(block)
    return StatementBody(PropertyId(block["mainsnak"]["property"]), block, data, digest(data))


def content_bytes(content: Content, entity: bytes | None = None) -> bytes:
    """What the hash and digest of a revision's content are taken of.

    The canonical JSON of the entity without statements (`entity`, where that is at hand), and of the statements by
    hash and id. Inside one store a hash stands for exactly one content (T3), so this needs no statement's content.
    """
    written = canonical(content.entity) if entity is None else entity
    return canonical_with({**claims_json(content.claims), "parts": parts_json(content)}, "entity", written)


def claims_json(claims: Claims) -> JsonObject:
    """The four fields by which a snapshot tells the statements of one subject."""
    counts = claims.property_counts()
    return {
        "statements": claims.hashes(),
        "statement_ids": [statement.id for statement in claims],
        "properties": list(counts),
        "property_counts": counts,
    }


def parts_json(content: Content) -> list[JsonObject]:
    """The same for forms and senses, in their order."""
    return [{"id": part, **claims_json(claims)} for part, claims in content.parts.items()]


def with_statement_ids(entity: JsonObject, new_id: Iterator[str]) -> JsonObject:
    """A copy in which every statement has an id: `<subject>$<UUID>`, the UUIDs taken from `new_id`.

    Takes any JSON object: what is not as it should be stays, for validation to name.
    """
    full = dict(entity)
    _give_ids(full, full.get("id"), new_id)
    for field in _PARTS:
        if isinstance(full.get(field), list):
            full[field] = [dict(part) if isinstance(part, dict) else part for part in full[field]]
            for part in full[field]:
                if isinstance(part, dict):
                    _give_ids(part, part.get("id"), new_id)
    return full


def with_part_ids(entity: JsonObject) -> JsonObject:
    """A copy of a new lexeme whose forms and senses without id have one: `<lexeme>-F1`, `<lexeme>-S1`, and on."""
    full = dict(entity)
    for field, letter in (("forms", "F"), ("senses", "S")):
        if isinstance(full.get(field), list):
            full[field] = [
                part
                if not isinstance(part, dict) or "id" in part
                else {**part, "id": f"{full['id']}-{letter}{number}"}
                for number, part in enumerate(full[field], start=1)
            ]
    return full


def _give_ids(subject: JsonObject, prefix: str | None, new_id: Iterator[str]) -> None:
    claims = subject.get("claims")
    if prefix is None or not isinstance(claims, dict):
        return
    subject["claims"] = {
        property_id: [
            {**statement, "id": f"{prefix}${next(new_id)}"} if _lacks_id(statement) else statement
            for statement in statements
        ]
        if isinstance(statements, list)
        else statements
        for property_id, statements in claims.items()
    }


def _lacks_id(statement: Any) -> bool:
    return isinstance(statement, dict) and statement.get("id") is None


def _take_claims(subject: JsonObject, bodies: dict[bytes, StatementBody]) -> WrittenClaims:
    if "claims" not in subject:
        return []
    claims = subject["claims"]
    subject["claims"] = {}
    taken: list[tuple[PropertyId, list[Written | Statement]]] = []
    for property_id, statements in claims.items():
        written: list[Written | Statement] = []
        for statement in statements:
            body = body_of(statement)
            bodies.setdefault(body.digest, body)
            written.append(Written(body.digest, statement.get("id")))
        taken.append((PropertyId(property_id), written))
    return taken


def _located(claims: WrittenClaims, hashes: Mapping[bytes, StatementHash]) -> Claims:
    return Claims(
        tuple(
            Group(
                property_id,
                tuple(
                    item if isinstance(item, Statement) else Statement(hashes[item.digest], item.id)
                    for item in written
                ),
            )
            for property_id, written in claims
        )
    )


def _join_part(
    part: JsonObject, parts: Mapping[str, Claims], statements: Mapping[StatementHash, JsonObject]
) -> JsonObject:
    if "claims" not in part:
        return part
    return {**part, "claims": join_claims(parts.get(part["id"], Claims()), statements)}


def _normal_claims(subject: JsonObject) -> None:
    if "claims" in subject:
        subject["claims"] = {
            property_id: [normal_statement(statement) for statement in statements]
            for property_id, statements in subject["claims"].items()
        }


def _mend_maps(subject: JsonObject, maps: Sequence[str]) -> None:
    for field in maps:
        if subject.get(field) == []:
            subject[field] = {}


def _mended(part: JsonObject, maps: Sequence[str]) -> JsonObject:
    mended = dict(part)
    _mend_maps(mended, maps)
    return mended


def _without_hash(snak: JsonObject) -> JsonObject:
    return {key: value for key, value in snak.items() if key != "hash"} if "hash" in snak else snak


def _normal_snaks(snaks: Json) -> Json:
    if snaks == []:
        return {}
    if not isinstance(snaks, dict):
        return snaks
    return {property_id: [_without_hash(snak) for snak in group] for property_id, group in snaks.items()}


def _normal_reference(reference: JsonObject) -> JsonObject:
    normal = _without_hash(reference)
    if "snaks" in normal:
        normal = {**normal, "snaks": _normal_snaks(normal["snaks"])}
    return normal
