"""Whether what new statements refer to exists, and whether values fit their property's data type (W10).

Asks the stores, so it is a look and no promise: an entity may be deleted a moment later. Old statements are not
asked about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import Enum

from storage import reading
from storage.canonical import StatementHasher
from storage.content import Split, Written, WrittenClaims
from storage.errors import Damaged, Fault
from storage.ids import EntityId, EntityType, owner, type_of
from storage.links import links
from storage.model import JsonObject, StatementBody, StatementHash
from storage.ports import HeadRevision, Stores


class References(Enum):
    """What becomes of a reference to an entity that is not here: refused, told, or not looked for."""

    STRICT = "strict"
    WARN = "warn"
    OFF = "off"


VALUE_TYPES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "string",
            "external-id",
            "url",
            "commonsMedia",
            "geo-shape",
            "tabular-data",
            "math",
            "musical-notation",
        ),
        "string",
    ),
    **dict.fromkeys(("localMedia", "edtf"), "string"),
    **dict.fromkeys(
        (
            "wikibase-item",
            "wikibase-property",
            "wikibase-lexeme",
            "wikibase-form",
            "wikibase-sense",
            "entity-schema",
        ),
        "wikibase-entityid",
    ),
    "time": "time",
    "quantity": "quantity",
    "globe-coordinate": "globecoordinate",
    "monolingualtext": "monolingualtext",
}
"""Which type of value each data type takes (wikibase-data-types); a data type not listed takes any."""


async def check_references(
    taken_apart: Split, held: Collection[StatementHash], stores: Stores
) -> tuple[list[Fault], list[Fault]]:
    """What is wrong with new statements: values that don't fit their property, and references to nothing."""
    new = {pointer: body for pointer, body in _places(taken_apart) if not _is_old(body, held, stores.hasher)}
    if not new:
        return [], []
    wanted = {pointer: _referred(body) for pointer, body in new.items()}
    heads = await stores.metadata.heads(set().union(*wanted.values()))
    missing = [
        Fault(pointer, "referenced_entity_not_found", f"there is no entity {target}", {"entity": target})
        for pointer, targets in wanted.items()
        for target in sorted(targets)
        if target not in heads or heads[target].head.flags.is_deleted
    ]
    data_types = await _data_types(heads, stores)
    misfits = [
        fault for pointer, body in new.items() for fault in _misfits(pointer, body.statement, data_types)
    ]
    return misfits, missing


def _is_old(body: StatementBody, held: Collection[StatementHash], hasher: StatementHasher) -> bool:
    return bool(held) and hasher(body.canonical, 0) in held


def _referred(body: StatementBody) -> set[EntityId]:
    targets = {link.target for link in links(0, body)}
    for _, snak in _snaks("", body.statement):
        property_id = owner(snak["property"])
        if property_id is not None:
            targets.add(property_id)
    return targets


async def _data_types(heads: Mapping[EntityId, HeadRevision], stores: Stores) -> dict[str, str]:
    rows = [
        head.revision
        for entity, head in heads.items()
        if type_of(entity) is EntityType.PROPERTY and not head.head.flags.is_deleted
    ]
    found = {}
    for (entity, _), stored in (await reading.snapshots(stores, rows)).items():
        if not isinstance(stored, Damaged):
            found[str(entity)] = str(stored.snapshot.content.entity.get("datatype", ""))
    return found


def _misfits(pointer: str, statement: JsonObject, data_types: Mapping[str, str]) -> Iterator[Fault]:
    for place, snak in _snaks(pointer, statement):
        data_type = data_types.get(snak["property"])
        if not data_type:
            continue
        told = snak.get("datatype", data_type)
        value = snak.get("datavalue")
        takes = VALUE_TYPES.get(data_type)
        if told != data_type:
            message = f"{snak['property']} has data type {data_type}"
            yield Fault(f"{place}/datatype", "datatype_mismatch", message, {"datatype": data_type})
        elif isinstance(value, dict) and takes is not None and value.get("type") != takes:
            message = f"{snak['property']} has data type {data_type}, which takes values of type {takes}"
            yield Fault(f"{place}/datavalue/type", "datatype_mismatch", message, {"datatype": data_type})


def _snaks(pointer: str, statement: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    yield f"{pointer}/mainsnak", statement["mainsnak"]
    yield from _grouped(f"{pointer}/qualifiers", statement.get("qualifiers"))
    for number, reference in enumerate(statement.get("references") or ()):
        yield from _grouped(f"{pointer}/references/{number}/snaks", reference.get("snaks"))


def _grouped(pointer: str, snaks: JsonObject | None) -> Iterator[tuple[str, JsonObject]]:
    for property_id, group in (snaks or {}).items():
        for number, snak in enumerate(group):
            yield f"{pointer}/{property_id}/{number}", snak


def _places(taken_apart: Split) -> Iterator[tuple[str, StatementBody]]:
    """Each newly written statement with its pointer into the entity."""
    yield from _claim_places("/claims", taken_apart.claims, taken_apart.bodies)
    for field in ("forms", "senses"):
        for number, part in enumerate(taken_apart.entity.get(field) or ()):
            claims = taken_apart.parts.get(part["id"], ())
            yield from _claim_places(f"/{field}/{number}/claims", claims, taken_apart.bodies)


def _claim_places(
    pointer: str, claims: WrittenClaims, bodies: Mapping[bytes, StatementBody]
) -> Iterator[tuple[str, StatementBody]]:
    for property_id, written in claims:
        for number, item in enumerate(written):
            if isinstance(item, Written):
                yield f"{pointer}/{property_id}/{number}", bodies[item.digest]
