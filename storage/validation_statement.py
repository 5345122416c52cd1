"""Wikibase's rules for statements that a JSON Schema can't say: between parts of one statement, and between
statement and subject.

Each rule looks only at what has the right shape, since the schema speaks of the rest. Rules yield faults with
pointers; a pointer is put together only where something is wrong, for these run on every snak of an entity.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import schemas
from storage.errors import Fault
from storage.validation_text import printable, step


def single_statement_faults(
    statement: Any, pointer: str, subject: str | None, *, strict: bool
) -> Iterator[Fault]:
    """The faults of one statement by itself, at `pointer`."""
    if strict and isinstance(statement, dict):
        yield from _statement(statement, pointer, subject, set())


def claims_faults(
    claims: Any, pointer: str, subject: str | None, seen: set[str], *, strict: bool
) -> Iterator[Fault]:
    """The faults of all statements of one subject. `seen` collects the statement ids of the whole entity."""
    if not isinstance(claims, dict):
        return
    for key, group in claims.items():
        at = step(pointer, key)
        for index, statement in enumerate(group if isinstance(group, list) else ()):
            if not isinstance(statement, dict):
                continue
            snak = statement.get("mainsnak")
            if _is_of_other_property(snak, key):
                yield Fault(
                    f"{at}/{index}/mainsnak/property",
                    "statement_group_property_mismatch",
                    "must be the property that the statement stands under",
                    {"key": printable(key)},
                )
            if strict:
                yield from _statement(statement, f"{at}/{index}", subject, seen)


def _statement(
    statement: dict[str, Any], pointer: str, subject: str | None, seen: set[str]
) -> Iterator[Fault]:
    yield from _id(statement.get("id"), pointer, subject, seen)
    snak = statement.get("mainsnak")
    if isinstance(snak, dict) and (finding := _finding(snak.get("datavalue"))):
        yield _placed(finding, f"{pointer}/mainsnak")
    yield from _snaks(statement, "qualifiers", "qualifiers-order", pointer)
    references = statement.get("references")
    for index, reference in enumerate(references if isinstance(references, list) else ()):
        if isinstance(reference, dict):
            yield from _snaks(reference, "snaks", "snaks-order", f"{pointer}/references/{index}")


def _id(statement_id: Any, pointer: str, subject: str | None, seen: set[str]) -> Iterator[Fault]:
    if not isinstance(statement_id, str):
        return
    # Compared without case: old entities hold both q60$… and Q60$….
    normal = statement_id.upper()
    if normal in seen:
        yield Fault(f"{pointer}/id", "duplicate_statement_id", "is the id of another statement, too")
    seen.add(normal)
    prefix, dollar, _ = normal.partition("$")
    if dollar and subject is not None and prefix != subject.upper():
        yield Fault(
            f"{pointer}/id", "foreign_statement_id", "must begin with the id of what it belongs to, and $"
        )


def _snaks(holder: dict[str, Any], field: str, order_field: str, pointer: str) -> Iterator[Fault]:
    snaks = holder.get(field)
    for key, group in snaks.items() if isinstance(snaks, dict) else ():
        for index, snak in enumerate(group if isinstance(group, list) else ()):
            if not isinstance(snak, dict):
                continue
            if _is_of_other_property(snak, key):
                yield Fault(
                    f"{step(f'{pointer}/{field}', key)}/{index}/property",
                    "snak_group_property_mismatch",
                    "must be the property that the snak stands under",
                    {"key": printable(key)},
                )
            if finding := _finding(snak.get("datavalue")):
                yield _placed(finding, f"{step(f'{pointer}/{field}', key)}/{index}")
    order = holder.get(order_field)
    if isinstance(order, list) and all(isinstance(property_id, str) for property_id in order):
        held = list(snaks) if isinstance(snaks, dict) else []
        if len(order) != len(held) or (order != held and set(order) != set(held)):
            message = f"must list each property of {field} exactly once"
            yield Fault(f"{pointer}/{order_field}", "order_mismatch", message)


def _is_of_other_property(snak: Any, key: str) -> bool:
    if not isinstance(snak, dict):
        return False
    property_id = snak.get("property")
    return property_id != key and isinstance(property_id, str)


_Finding = tuple[str, str, str]
"""A fault in a value: pointer inside the value, code, message."""


def _finding(datavalue: Any) -> _Finding | None:
    if not isinstance(datavalue, dict):
        return None
    kind, value = datavalue.get("type"), datavalue.get("value")
    if not isinstance(kind, str) or not isinstance(value, dict) or kind not in _RULES:
        return None
    return _RULES[kind](value)


def _placed(finding: _Finding, snak_pointer: str) -> Fault:
    field, code, message = finding
    return Fault(f"{snak_pointer}/datavalue/value{field}", code, message)


def _quantity(value: dict[str, Any]) -> _Finding | None:
    if "lowerBound" not in value and "upperBound" not in value:
        return None
    texts = [value.get(name) for name in ("lowerBound", "amount", "upperBound")]
    try:
        # Exact, whatever the number of digits. Anything but decimal text is the schema's concern.
        lower, amount, upper = (Decimal(text) for text in texts if isinstance(text, str) and len(text) <= 127)
        ordered = lower <= amount <= upper
    except (ArithmeticError, ValueError):
        return None
    return None if ordered else ("", "quantity_bounds", "must have lowerBound <= amount <= upperBound")


def _entity_id(value: dict[str, Any]) -> _Finding | None:
    number, entity_id = value.get("numeric-id"), value.get("id")
    if not isinstance(number, int) or not isinstance(entity_id, str) or entity_id[1:] == str(number):
        return None
    return "/numeric-id", "numeric_id_mismatch", "must be the number in the id"


def _monolingual_text(value: dict[str, Any]) -> _Finding | None:
    language = value.get("language")
    if not isinstance(language, str) or language in text_languages():
        return None
    return "/language", "invalid_value", "must be a language of monolingual text"


_RULES = {"quantity": _quantity, "wikibase-entityid": _entity_id, "monolingualtext": _monolingual_text}


@cache
def text_languages() -> frozenset[str]:
    """The languages of monolingual text: those of terms but for a few, and some besides."""
    languages = schemas.load("languages.json")
    known = {*languages["terms"], *languages["monolingualtext_besides"]}
    return frozenset(known.difference(languages["monolingualtext_except"]))
