"""What a JSON value is to an import: an entity, a redirect, or something else that it names.

Tells by shape alone: an object with a string `id` and a string `type` is an entity document, and whether
its content is good is for validation to say. Knows nothing of files and of how values are found in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from storage.canonical import parse


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the input: a path as given ("-" for standard input) and a position in it.

    The position is "line 12", "entity 3" (the third value, on a line with others), "entities/Q42"
    (in a wrapper), both with a comma between, or "" for all of it.
    """

    source: str
    position: str = ""

    def __str__(self) -> str:
        return f"{self.source}:{self.position}" if self.position else self.source


@dataclass(frozen=True, slots=True)
class Document:
    """An entity as it was in the input, wrapper removed and otherwise untouched."""

    place: Place
    entity: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Redirect:
    """`source` redirects to `target`, both ids as in the input."""

    place: Place
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A part of the input that cannot be imported: why, as a code and in words."""

    place: Place
    code: str
    reason: str


Intake = Document | Redirect | Refused

_TERMS_OR_STATEMENTS = ("labels", "descriptions", "aliases", "claims", "statements", "sitelinks", "lemmas")

# Only what comes first in the input counts, after white space.
_FOREIGN: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (
        re.compile(rb"<.*<?mediawiki[\s>]", re.DOTALL),
        "mediawiki_xml",
        "a MediaWiki XML dump, not entity JSON; page history is imported by another command",
    ),
    (re.compile(rb"(?i:@prefix|@base|prefix|base)\s"), "not_json", "RDF (Turtle), not entity JSON"),
    (re.compile(rb"<[a-zA-Z]+:[^\s<>]*>\s+<"), "not_json", "RDF (N-Triples), not entity JSON"),
    (re.compile(rb"<.*<?rdf:RDF[\s>]", re.DOTALL), "not_json", "RDF (XML), not entity JSON"),
    (re.compile(rb"<!doctype html|<html[\s>]", re.IGNORECASE), "not_json", "an HTML page, not entity JSON"),
    (re.compile(rb"<"), "not_json", "XML or the like, not entity JSON"),
    (re.compile(rb"\xff\xfe|\xfe\xff"), "not_json", "UTF-16; JSON is in UTF-8"),
    (re.compile(rb"PK\x03\x04"), "not_json", "a zip archive; unpack it first"),
    (
        re.compile(rb"\xfd7zXZ\x00"),
        "not_json",
        "compressed by xz; use gzip, bzip2 or zstd, or unpack it first",
    ),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "not_json", "a 7z archive; unpack it first"),
)


def foreign(head: bytes) -> tuple[str, str] | None:
    """Code and reason if input that begins with `head` is of another format as a whole."""
    for pattern, code, reason in _FOREIGN:
        if pattern.match(head):
            return code, reason
    return None


def stands_alone(line: bytes) -> bool:
    """Whether a line is an entity by itself, which no part of an entity is."""
    text = line.rstrip(b" \t\r,")
    if not text.endswith(b"}") or b'"id"' not in text:
        return False
    try:
        value = parse(text)
    except ValueError:
        return False
    # Of the parts of an entity, statements alone have both an id and a type.
    return isinstance(value, dict) and _is_entity(value) and "mainsnak" not in value


def recognised(place: Place, value: Any) -> Iterator[Intake]:
    """What `value` holds for an import; more than one thing if it is a wrapper, and maybe nothing."""
    if not isinstance(value, dict):
        yield Refused(place, "no_entity", f"JSON, but no entity: {_kind(value)}")
    elif "entities" in value and isinstance(value["entities"], (dict, list)):
        wrapped = value["entities"]
        for name, entity in wrapped.items() if isinstance(wrapped, dict) else enumerate(wrapped):
            within = "" if place.position == "line 1" else f"{place.position}, "
            yield _single(Place(place.source, f"{within}entities/{name}"), entity)
    else:
        yield _single(place, value)


def _single(place: Place, value: Any) -> Intake:
    if not isinstance(value, dict):
        return Refused(place, "no_entity", f"JSON, but no entity: {_kind(value)}")
    if _is_entity(value):
        return Document(place, value)
    if isinstance(value.get("entity"), str) and isinstance(value.get("redirect"), str):
        return Redirect(place, value["entity"], value["redirect"])
    return Refused(place, *_why_not(value))


def _is_entity(value: dict[str, Any]) -> bool:
    return isinstance(value.get("id"), str) and isinstance(value.get("type"), str)


def _why_not(value: dict[str, Any]) -> tuple[str, str]:
    """Code and reason why an object is neither an entity nor a redirect."""
    if "missing" in value:
        named = value.get("id") or value.get("title") or "of this name"
        return "missing_entity", f"the wiki that was asked has no entity {named}"
    if "error" in value:
        error = value["error"]
        code, info = (error.get("code"), error.get("info")) if isinstance(error, dict) else (None, error)
        said = ": ".join(str(part) for part in (code, info) if part)[:200]
        return "api_error", f"the answer of an API that failed ({said}); fetch the entity again"
    if "label" in value or "links" in value:
        reason = (
            "the internal storage format of Wikibase before 2014 (label, links, entity), not entity JSON; "
            "fetch the entity from the wiki's API or take it from a JSON dump"
        )
        return "legacy_serialization", reason
    if any(part in value for part in _TERMS_OR_STATEMENTS):
        if not isinstance(value.get("id"), str):
            return "no_entity_id", "terms or statements without the `id` of the entity that they belong to"
        return "no_entity_type", "an entity without its `type`"
    return "no_entity", f"JSON, but no entity: {_kind(value)}"


def _kind(value: Any) -> str:
    """In a few words, what a value is that is no entity."""
    if not isinstance(value, dict):
        return "an array in the place of an entity" if isinstance(value, list) else f"{str(value)[:40]!r}"
    if "page_change_kind" in value or "changelog_kind" in value:
        return "a page-change event, which says that an entity changed but not what it is"
    if "search" in value or "searchinfo" in value:
        return "a search result"
    if "mainsnak" in value:
        return "a statement"
    if "success" in value:
        return "the API's answer to an edit, which need not hold the whole entity"
    keys = ", ".join(list(value)[:5])[:100]
    return f"an object with the keys {keys}" if keys else "an empty object"
