"""An entity against its JSON Schema: a quick yes, or a no with every fault.

Two libraries read the same schema. `jsonschema-rs` decides, `jsonschema` explains (1 ms against 100 ms and more
on a large item), looking only into what the first refuses; a differential test holds them to one verdict. Knows no rule of Wikibase: those are in the schema,
where `x-fault` names the code of a keyword that deserves its own, and `description` says in words what
is expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

import schemas
from storage.errors import Fault
from storage.validation_text import printable, step

SCHEMA_VERSION = "1.0.0"
"""The version of the entity schemas that new input is held to."""


def schema_faults(
    value: Any, level: str, definition: str, pointer: str = "", *, trusted: bool = True
) -> tuple[Fault, ...]:
    """All that the schema `level` has against `value` (an "entity" or a "statement"), which stands at `pointer`.

    `trusted` says that the value can be written as UTF-8 JSON; the quick library can't read any other.
    """
    schema = _schemas(level)
    if trusted and schema.accepts(definition, value):
        return ()
    errors = schema.errors(definition, value, skip_accepted=trusted)
    found = [fault for error in errors for fault in _explained(error, pointer)]
    # What has the wrong type also fails any list of values; one fault says it.
    mistyped = {fault.pointer for fault in found if fault.code == "wrong_type"}
    found = [fault for fault in found if fault.code not in _OF_VALUES or fault.pointer not in mistyped]
    if trusted and not found:
        # Should the libraries ever differ, an edit must fail closed and still be answered.
        found = [Fault(pointer, "invalid_value", "is not valid by the schema")]
    return tuple(found)


class EntitySchema:
    """One JSON Schema, compiled for both libraries: whole (the definition "entity") and by its `$defs`."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        # Without its $id, which would make `$defs` another document's.
        whole = {key: schema[key] for key in schema if key not in ("$id", "$defs")}
        self._definitions = {**schema["$defs"], "entity": whole}
        self._quick: dict[str, Callable[[Any], bool]] = {}
        self._skipping = _explaining(self._definitions, self.accepts)
        self._full = _explaining(self._definitions, lambda name, value: False)

    def accepts(self, definition: str, value: Any) -> bool:
        """The quick verdict. UnicodeEncodeError and the like for a value that has no JSON text."""
        if definition not in self._quick:
            schema = {"$ref": f"#/$defs/{definition}", "$defs": self._definitions}
            self._quick[definition] = jsonschema_rs.Draft202012Validator(schema).is_valid
        return self._quick[definition](value)

    def errors(self, definition: str, value: Any, *, skip_accepted: bool = True) -> Iterator[ValidationError]:
        """Every error, slowly. Parts that the quick library accepts are skipped, or looked through, too."""
        draft = self._skipping if skip_accepted else self._full
        errors: Iterator[ValidationError] = draft(self._definitions[definition]).iter_errors(value)
        return errors


@cache
def _schemas(level: str) -> EntitySchema:
    return EntitySchema(schemas.load(f"entity/{SCHEMA_VERSION}/{level}.json"))


def _explaining(definitions: Mapping[str, Any], accepts: Callable[[str, Any], bool]) -> Any:
    def reference(validator: Any, target: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
        name = target.removeprefix("#/$defs/")
        if not accepts(name, instance):
            yield from validator.descend(instance, definitions[name])

    changed = {"pattern": _pattern, "$ref": reference}
    return extend(Draft202012Validator, changed)  # type: ignore[no-untyped-call]  # so its stubs


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Python's $ also matches before a final line break, that of ECMA-262 (and so of JSON Schema) does not.
    return re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern)


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and _compiled(pattern).search(instance) is None:
        yield ValidationError("does not match")


_OF_VALUES = ("invalid_value", "unsupported_entity_type", "datatype_mismatch")

_CODES = {
    "additionalProperties": "unknown_field",
    "dependentRequired": "missing_field",
    "maxLength": "value_too_long",
    "maximum": "out_of_range",
    "minItems": "empty_value",
    "minLength": "empty_value",
    "minProperties": "empty_value",
    "minimum": "out_of_range",
    "required": "missing_field",
    "type": "wrong_type",
}


def _explained(error: ValidationError, start: str) -> Iterator[Fault]:
    pointer = start
    for key in error.absolute_path:
        pointer = step(pointer, key)
    keyword = str(error.validator)
    instance: Any = error.instance
    rule = error.schema if isinstance(error.schema, dict) else {}
    expected = rule.get("description")
    if "propertyNames" in error.absolute_schema_path:
        message = f"must be {expected}" if expected else "may not stand here"
        yield Fault(step(pointer, instance), "invalid_key", message, {"key": printable(instance)})
        return
    code = rule.get("x-fault", {}).get(keyword) or _CODES.get(keyword, "invalid_value")
    argument: Any = error.validator_value
    if keyword == "required":
        for name in argument:
            if name not in instance:
                yield Fault(pointer, code, f"lacks the field {name}", {"field": name})
    elif keyword == "dependentRequired":
        for present, needed in argument.items():
            for name in needed:
                if present in instance and name not in instance:
                    yield Fault(
                        pointer, code, f"lacks the field {name}, needed with {present}", {"field": name}
                    )
    elif keyword == "additionalProperties":
        for name in instance:
            if name not in rule["properties"]:
                yield Fault(
                    step(pointer, name), code, "is not a field of this object", {"field": printable(name)}
                )
    elif keyword == "type":
        names = argument if isinstance(argument, str) else " or ".join(argument)
        yield Fault(pointer, code, f"must be of type {names}")
    elif keyword == "maxLength":
        yield Fault(pointer, code, f"has more than {argument} characters", {"limit": argument})
    elif keyword in ("minimum", "maximum"):
        word = "below" if keyword == "minimum" else "above"
        yield Fault(pointer, code, f"is {word} {argument}", {"limit": argument})
    elif code == "empty_value":
        yield Fault(pointer, code, "must not be empty")
    elif keyword in ("enum", "const") and expected is None:
        allowed = argument if keyword == "enum" else [argument]
        yield Fault(pointer, code, "must be one of " + ", ".join(str(item) for item in allowed))
    else:
        yield Fault(pointer, code, f"must be {expected or 'otherwise'}")
