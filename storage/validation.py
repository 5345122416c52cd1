"""Whether entity JSON may be stored, and every reason why not (W10).

Knows the two levels, the JSON shapes of other serializations, and the order of the checks: what JSON in
UTF-8 can't hold (`validation_text`), then the JSON Schema (`validation_schema`), then Wikibase's rules
that a schema can't say (`validation_entity`, `validation_statement`). Pure; asks no store, so that a
referenced entity exists and that a sitelink is free are not checked here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final

from storage.errors import Fault
from storage.validation_entity import entity_faults
from storage.validation_schema import schema_faults
from storage.validation_statement import single_statement_faults
from storage.validation_text import Unwritable, text_faults

CODES: Final[Mapping[str, str]] = {
    "datatype_mismatch": "the value is not of the type that the snak's data type demands",
    "duplicate_part_id": "two forms or two senses of a lexeme have one id",
    "duplicate_statement_id": "two statements of an entity have one id",
    "empty_value": "a string, list or object is empty that must not be",
    "foreign_part_id": "the id of a form or sense is not of its lexeme",
    "foreign_statement_id": "a statement id does not begin with the id of its entity, form or sense",
    "invalid_key": "the key of an object is not an id, language or site that may stand there; context `key`",
    "invalid_unicode": "a string has a lone surrogate",
    "invalid_value": "the value breaks a format or is not one of those allowed",
    "label_description_same_value": "label and description of one language are the same",
    "label_like_property_id": "the label of a property could be taken for a property id",
    "language_mismatch": "the language inside a term is not the key that it stands under",
    "legacy_serialization": "the whole entity is in the storage format that Wikibase had until 2014",
    "missing_field": "a field is absent that must be there; context `field`",
    "nested_too_deeply": "objects and lists are nested deeper than JSON readers bear",
    "not_finite": "a number is infinite or not a number",
    "number_too_large": "an integer has more digits than JSON readers bear",
    "numeric_id_mismatch": "the numeric id of an entity value is not the number in its id",
    "order_mismatch": "an order does not list each property of its map exactly once",
    "out_of_range": "a number is below or above its bounds; context `limit`",
    "quantity_bounds": "not: lower bound <= amount <= upper bound",
    "rest_serialization": "the whole entity is in the format of the Wikibase REST API",
    "site_mismatch": "the site inside a sitelink is not the key that it stands under",
    "snak_group_property_mismatch": "a qualifier or part of a reference stands under another property than its own",
    "statement_group_property_mismatch": "a statement stands under another property than that of its main snak",
    "time_precision_mismatch": "the precision claims a month or day that the time does not have",
    "unexpected_field": "a field that is known but must be absent here",
    "unknown_field": "a field that nobody knows; context `field`",
    "unsupported_entity_type": "the entity is of a type that is not kept here, such as mediainfo",
    "value_too_long": "a string has too many characters; context `limit`",
    "wrong_type": "the value is of another JSON type",
}
"""Every code that a fault of this module may have, and what it means."""


class Level(Enum):
    """How much is asked for: of an edit what Wikibase asks, of an import that it can be kept and queried."""

    STRICT = "strict"
    LENIENT = "lenient"


def faults(entity: Any, level: Level, *, parsed: bool = False) -> tuple[Fault, ...]:
    """All that is wrong with an entity, a JSON value in Wikibase's classic shape; empty if valid.

    Never raises. An entity in the shape of another serialization gets the one fault that says so. `parsed` says
    that the value came from `canonical.parse`, so that it is not asked again whether JSON can hold it.
    """
    other = _other_serialization(entity)
    if other is not None:
        return (other,)
    unwritable = Unwritable() if parsed else text_faults(entity)
    if unwritable.fatal:
        return unwritable.faults
    return _once(
        unwritable.faults,
        schema_faults(entity, level.value, "entity", trusted=not unwritable.faults),
        entity_faults(entity, strict=level is Level.STRICT),
    )


def statement_faults(statement: Any, pointer: str, level: Level, *, subject: str | None) -> tuple[Fault, ...]:
    """All that is wrong with one statement. Never raises.

    `pointer` is where the statement stands and begins the pointer of each fault. `subject` is the id of the
    entity, form or sense it belongs to; None leaves the prefix of its id unchecked.
    """
    unwritable = text_faults(statement, pointer)
    if unwritable.fatal:
        return unwritable.faults
    return _once(
        unwritable.faults,
        schema_faults(statement, level.value, "statement", pointer, trusted=not unwritable.faults),
        single_statement_faults(statement, pointer, subject, strict=level is Level.STRICT),
    )


def _once(*parts: Iterable[Fault]) -> tuple[Fault, ...]:
    # A schema may come to one conclusion by two ways, such as by two `allOf` branches.
    found: dict[tuple[str, str, Any], Fault] = {}
    for part in parts:
        for fault in part:
            found.setdefault((fault.pointer, fault.code, fault.context.get("field")), fault)
    return tuple(found.values())


def _other_serialization(entity: Any) -> Fault | None:
    # Only shapes that the classic one can't be taken for; explaining them field by field would help nobody.
    if not isinstance(entity, dict):
        return None
    if "type" not in entity and "redirect" not in entity:
        old_fields = any(
            isinstance(entity.get(name), (dict, list)) for name in ("label", "description", "links")
        )
        if old_fields or isinstance(entity.get("entity"), (str, list)):
            return Fault("", "legacy_serialization", "is in the storage format that Wikibase had until 2014")
    if entity.get("type") != "mediainfo" and "statements" in entity and "claims" not in entity:
        return Fault("", "rest_serialization", "is in the format of the Wikibase REST API")
    return None
