"""Wikibase's rules for whole entities that a JSON Schema can't say: terms, sitelinks, and the parts of a lexeme.

Each rule looks only at what has the right shape, since the schema speaks of the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import schemas
from storage.errors import Fault
from storage.ids import LETTERS, EntityType, owner
from storage.validation_statement import claims_faults, text_languages
from storage.validation_text import printable, step

_TYPES = tuple(str(kind) for kind in EntityType)
_PARTS = (("forms", "F", "representations"), ("senses", "S", "glosses"))
_PRIVATE_LANGUAGE = re.compile(r"([a-z-]+)-x-Q[1-9][0-9]*")


def entity_faults(entity: Any, *, strict: bool) -> Iterator[Fault]:
    """The faults of an entity beyond its schema. Not strict: only what storage relies on."""
    if not isinstance(entity, dict):
        return
    subject = _subject(entity)
    statement_ids: set[str] = set()
    lexeme = entity.get("type") == "lexeme"
    if strict:
        if lexeme:
            yield from _terms(entity.get("lemmas"), "/lemmas", word_language)
        else:
            yield from _fingerprint(entity)
        yield from _sitelinks(entity.get("sitelinks"))
    yield from claims_faults(entity.get("claims"), "/claims", subject, statement_ids, strict=strict)
    if lexeme:
        for field, letter, words in _PARTS:
            yield from _parts(entity.get(field), field, letter, words, subject, statement_ids, strict)


def _subject(entity: dict[str, Any]) -> str | None:
    # An id that is not one of this type is a fault already; to compare others with it would add noise.
    entity_id, kind = entity.get("id"), entity.get("type")
    if not isinstance(entity_id, str) or kind not in _TYPES or entity_id[:1] != LETTERS[EntityType(kind)]:
        return None
    return entity_id if owner(entity_id) == entity_id else None


def _fingerprint(entity: dict[str, Any]) -> Iterator[Fault]:
    labels, descriptions, aliases = (entity.get(name) for name in ("labels", "descriptions", "aliases"))
    yield from _terms(labels, "/labels", term_languages().__contains__)
    yield from _terms(descriptions, "/descriptions", description_languages().__contains__)
    yield from _terms(aliases, "/aliases", term_languages().__contains__)
    if isinstance(labels, dict) and isinstance(descriptions, dict):
        for language, label in labels.items():
            description = descriptions.get(language)
            if isinstance(label, dict) and isinstance(description, dict):
                text = label.get("value")
                if isinstance(text, str) and text == description.get("value"):
                    pointer = f"{step('/descriptions', language)}/value"
                    yield Fault(pointer, "label_description_same_value", "must differ from the label")


def _terms(terms: Any, pointer: str, is_language: Any) -> Iterator[Fault]:
    for language, held in terms.items() if isinstance(terms, dict) else ():
        if not is_language(language):
            message = "is not a language that may stand here"
            yield Fault(step(pointer, language), "invalid_key", message, {"key": printable(language)})
        if isinstance(held, list):
            for index, term in enumerate(held):
                if _is_of_other("language", term, language):
                    yield _language_mismatch(f"{step(pointer, language)}/{index}", language)
        elif _is_of_other("language", held, language):
            yield _language_mismatch(step(pointer, language), language)


def _is_of_other(field: str, holder: Any, key: str) -> bool:
    if not isinstance(holder, dict):
        return False
    value = holder.get(field)
    return value != key and isinstance(value, str)


def _language_mismatch(pointer: str, language: str) -> Fault:
    message = "must be the language that the term stands under"
    return Fault(f"{pointer}/language", "language_mismatch", message, {"key": printable(language)})


def _sitelinks(sitelinks: Any) -> Iterator[Fault]:
    for site, sitelink in sitelinks.items() if isinstance(sitelinks, dict) else ():
        if _is_of_other("site", sitelink, site):
            pointer = f"{step('/sitelinks', site)}/site"
            yield Fault(
                pointer,
                "site_mismatch",
                "must be the site that the sitelink stands under",
                {"key": printable(site)},
            )


def _parts(
    parts: Any, field: str, letter: str, words: str, lexeme: str | None, statement_ids: set[str], strict: bool
) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, part in enumerate(parts if isinstance(parts, list) else ()):
        if not isinstance(part, dict):
            continue
        pointer = f"/{field}/{index}"
        part_id = part.get("id")
        if not isinstance(part_id, str) or f"-{letter}" not in part_id or owner(part_id) is None:
            part_id = None
        else:
            if part_id in seen:
                yield Fault(f"{pointer}/id", "duplicate_part_id", f"is the id of another of the {field}, too")
            seen.add(part_id)
            if lexeme is not None and owner(part_id) not in (lexeme, None):
                yield Fault(f"{pointer}/id", "foreign_part_id", "must begin with the id of its lexeme")
        if strict:
            yield from _terms(part.get(words), f"{pointer}/{words}", word_language)
        yield from claims_faults(
            part.get("claims"), f"{pointer}/claims", part_id, statement_ids, strict=strict
        )


@cache
def term_languages() -> frozenset[str]:
    """The languages of labels and aliases."""
    return frozenset(schemas.load("languages.json")["terms"])


@cache
def description_languages() -> frozenset[str]:
    """The languages of descriptions: not `mul`, for a description is always in some language."""
    return term_languages() - {"mul"}


def word_language(code: str) -> bool:
    """Whether lemmas, representations and glosses may be in this language, such as `en` or `mis-x-Q36846`."""
    private = _PRIVATE_LANGUAGE.fullmatch(code)
    base = private[1] if private else code
    return base in term_languages() or base in text_languages()
