"""Which entities a statement refers to: by its main snak, its qualifiers and its references.

Pure. An entity id in a value may be spelled `id`, or only `numeric-id` with `entity-type` (older JSON); a form
or sense counts for its lexeme. Units and globes are concept URIs, not references inside this Wikibase.
"""

from __future__ import annotations

from collections.abc import Iterator

from storage.ids import LETTERS, EntityId, EntityType, owner
from storage.model import MAINSNAK, QUALIFIER, REFERENCE, JsonObject, Link, StatementBody, StatementHash


def links(statement_hash: StatementHash, body: StatementBody) -> list[Link]:
    """One link for each entity that the statement refers to, its roles summed."""
    if b'"wikibase-entityid"' not in body.canonical:
        return []
    roles: dict[EntityId, int] = {}
    for role, snak in _snaks(body.statement):
        target = referred(snak)
        if target is not None:
            roles[target] = roles.get(target, 0) | role
    rank = body.statement.get("rank", "normal")
    return [Link(target, statement_hash, body.property, rank, role) for target, role in roles.items()]


def referred(snak: JsonObject) -> EntityId | None:
    """The entity that a snak's value names, if it names one that has revisions here."""
    value = snak.get("datavalue")
    if not isinstance(value, dict) or value.get("type") != "wikibase-entityid":
        return None
    named = value.get("value")
    if not isinstance(named, dict):
        return None
    if isinstance(named.get("id"), str):
        return owner(named["id"])
    try:
        letter = LETTERS[EntityType(named["entity-type"])]
        return owner(f"{letter}{int(named['numeric-id'])}")
    except (KeyError, ValueError, TypeError):
        return None


def _snaks(statement: JsonObject) -> Iterator[tuple[int, JsonObject]]:
    yield MAINSNAK, statement["mainsnak"]
    for group in (statement.get("qualifiers") or {}).values():
        for snak in group:
            yield QUALIFIER, snak
    for reference in statement.get("references") or ():
        for group in (reference.get("snaks") or {}).values():
            for snak in group:
                yield REFERENCE, snak
