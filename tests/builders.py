"""Entities, statements and swaps for tests, in few words: `an_item("Q42").with_label("en", "x").json()`.

Builders are frozen: each `with_` gives a new one. What a test does not name gets a fixed, valid value, statement
ids included, so that two builds of the same words are equal. Knows no store.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from storage.canonical import digest, hash64
from storage.content import body_of, content_bytes
from storage.ids import EntityId, PropertyId, entity_id, type_of
from storage.model import (
    Attempt,
    Claims,
    Content,
    EditInfo,
    Event,
    Flags,
    Group,
    JsonObject,
    Link,
    Snapshot,
    Statement,
    StatementBody,
    StatementIndex,
)
from storage.ports import EditKey, Swap
from storage.snapshot import SCHEMA_VERSION

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
"""When everything in tests happens, unless they say otherwise."""

_AUTOMATIC = "automatic"
_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


def a_statement_id(subject: str, number: int) -> str:
    """The id that the builders give to the statement of this number: always the same, in Wikibase's form."""
    return f"{subject}${str(uuid.uuid5(_NAMESPACE, f'{subject}/{number}')).upper()}"


def a_snak(
    property_id: str,
    *,
    item: str | None = None,
    to_property: str | None = None,
    lexeme: str | None = None,
    form: str | None = None,
    sense: str | None = None,
    string: str | None = None,
    external_id: str | None = None,
    url: str | None = None,
    monolingual: tuple[str, str] | None = None,
    quantity: str | None = None,
    time: str | None = None,
    value: JsonObject | None = None,
    snaktype: str = "value",
    datatype: str | None = _AUTOMATIC,
) -> JsonObject:
    """One snak of one value, the string "x" where none is given; `value` is a whole `datavalue`.

    `datatype=None` leaves it out. With another `snaktype` than `value` there is no value.
    """
    kinds: list[tuple[Any, str, str, Any]] = [
        (item, "wikibase-item", "wikibase-entityid", _entity_value("item", item)),
        (to_property, "wikibase-property", "wikibase-entityid", _entity_value("property", to_property)),
        (lexeme, "wikibase-lexeme", "wikibase-entityid", _entity_value("lexeme", lexeme)),
        (form, "wikibase-form", "wikibase-entityid", {"entity-type": "form", "id": form}),
        (sense, "wikibase-sense", "wikibase-entityid", {"entity-type": "sense", "id": sense}),
        (external_id, "external-id", "string", external_id),
        (url, "url", "string", url),
        (monolingual, "monolingualtext", "monolingualtext", _monolingual(monolingual)),
        (quantity, "quantity", "quantity", {"amount": quantity, "unit": "1"}),
        (time, "time", "time", _time(time)),
    ]
    kind, told = "string", {"type": "string", "value": string if string is not None else "x"}
    for given, named, value_type, content in kinds:
        if given is not None:
            kind, told = named, {"type": value_type, "value": content}
    snak: JsonObject = {"snaktype": snaktype, "property": property_id}
    if snaktype == "value":
        snak["datavalue"] = value if value is not None else told
    if datatype is not None:
        snak["datatype"] = kind if datatype == _AUTOMATIC else datatype
    return snak


def a_statement(
    property_id: str = "P31",
    *,
    id: str | None = None,
    rank: str = "normal",
    qualifiers: Sequence[JsonObject] = (),
    references: Sequence[Sequence[JsonObject]] = (),
    **value: Any,
) -> JsonObject:
    """One statement block. `qualifiers` are snaks, each reference is a list of snaks; `value` as for `a_snak`."""
    block: JsonObject = {"mainsnak": a_snak(property_id, **value), "type": "statement", "rank": rank}
    if qualifiers:
        block["qualifiers"], block["qualifiers-order"] = _grouped(qualifiers)
    if id is not None:
        block["id"] = id
    if references:
        block["references"] = []
        for snaks in references:
            grouped, order = _grouped(snaks)
            block["references"].append({"snaks": grouped, "snaks-order": order})
    return block


def a_body(property_id: str = "P31", **statement: Any) -> StatementBody:
    """A statement's shared content, by the words of `a_statement`."""
    return body_of(a_statement(property_id, **statement))


@dataclass(frozen=True, slots=True)
class EntityBuilder:
    """An entity under construction. `json()` gives it as classic entity JSON, new at every call."""

    id: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    def json(self) -> JsonObject:
        """The entity."""
        return copy.deepcopy(dict(self.fields))

    def with_field(self, name: str, value: Any) -> EntityBuilder:
        """Any field, whatever it is."""
        return replace(self, fields={**self.fields, name: value})

    def without(self, name: str) -> EntityBuilder:
        """Leave a field out."""
        return replace(self, fields={key: value for key, value in self.fields.items() if key != name})

    def with_label(self, language: str, text: str) -> EntityBuilder:
        """A label."""
        return self._with_term("labels", language, text)

    def with_description(self, language: str, text: str) -> EntityBuilder:
        """A description."""
        return self._with_term("descriptions", language, text)

    def with_lemma(self, language: str, text: str) -> EntityBuilder:
        """A lemma of a lexeme."""
        return self._with_term("lemmas", language, text)

    def with_aliases(self, language: str, *texts: str) -> EntityBuilder:
        """All aliases of a language, in order."""
        aliases = [{"language": language, "value": text} for text in texts]
        return self.with_field("aliases", {**self.fields["aliases"], language: aliases})

    def with_sitelink(self, site: str, title: str, *badges: str) -> EntityBuilder:
        """A sitelink."""
        link = {"site": site, "title": title, "badges": list(badges)}
        return self.with_field("sitelinks", {**self.fields["sitelinks"], site: link})

    def with_statement(
        self, property_id: str = "P31", *, id: str | None = _AUTOMATIC, **statement: Any
    ) -> EntityBuilder:
        """One more statement, after those of its property; `id=None` leaves its id out."""
        return self.with_field("claims", _added(self.fields["claims"], self.id, property_id, id, statement))

    def with_form(self, number: int, *, language: str = "en", text: str = "x") -> EntityBuilder:
        """A form of a lexeme, without statements."""
        form = {
            "id": f"{self.id}-F{number}",
            "representations": {language: {"language": language, "value": text}},
            "grammaticalFeatures": [],
            "claims": {},
        }
        return self.with_field("forms", [*self.fields["forms"], form])

    def with_sense(self, number: int, *, language: str = "en", text: str = "x") -> EntityBuilder:
        """A sense of a lexeme, without statements."""
        sense = {
            "id": f"{self.id}-S{number}",
            "glosses": {language: {"language": language, "value": text}},
            "claims": {},
        }
        return self.with_field("senses", [*self.fields["senses"], sense])

    def with_part_statement(
        self, part: str, property_id: str = "P31", *, id: str | None = _AUTOMATIC, **statement: Any
    ) -> EntityBuilder:
        """One more statement of a form or sense, named by its id."""
        name = "forms" if "-F" in part else "senses"
        parts = [
            {**one, "claims": _added(one["claims"], part, property_id, id, statement)}
            if one["id"] == part
            else one
            for one in self.fields[name]
        ]
        return self.with_field(name, parts)

    def _with_term(self, name: str, language: str, text: str) -> EntityBuilder:
        term = {"language": language, "value": text}
        return self.with_field(name, {**self.fields[name], language: term})


def an_item(id: str = "Q42") -> EntityBuilder:
    """An empty item."""
    terms: JsonObject = {"labels": {}, "descriptions": {}, "aliases": {}}
    return EntityBuilder(id, {"type": "item", "id": id, **terms, "claims": {}, "sitelinks": {}})


def a_property(id: str = "P31", datatype: str = "wikibase-item") -> EntityBuilder:
    """An empty property."""
    terms: JsonObject = {"labels": {}, "descriptions": {}, "aliases": {}}
    return EntityBuilder(id, {"type": "property", "datatype": datatype, "id": id, **terms, "claims": {}})


def a_lexeme(id: str = "L1", *, language: str = "Q1860", category: str = "Q1084") -> EntityBuilder:
    """A lexeme with the lemma "x" in English, without forms and senses."""
    empty = EntityBuilder(
        id,
        {
            "type": "lexeme",
            "id": id,
            "lemmas": {},
            "lexicalCategory": category,
            "language": language,
            "claims": {},
            "forms": [],
            "senses": [],
        },
    )
    return empty.with_lemma("en", "x")


def an_attempt(number: int = 1) -> Attempt:
    """The attempt of this number."""
    return Attempt(number.to_bytes(16, "big"))


def a_key(number: int = 1, *, request: int = 1, shared: bool = True) -> EditKey:
    """An idempotency key with a request."""
    return EditKey(digest(b"key %d" % number), digest(b"request %d" % request), shared)


def an_event(
    entity: str = "Q42", revision: int = 1, *, change_type: str | None = None, at: datetime = NOW
) -> Event:
    """The event of a revision."""
    return Event(
        entity_id=entity_id(entity),
        revision_id=revision,
        change_type=change_type or ("creation" if revision == 1 else "edit"),
        from_revision_id=revision - 1 or None,
        changed_at=at,
        editor="Alice",
        edit_summary="",
        bot=False,
    )


def a_link(target: str = "Q5", statement: int = 1, property_id: str = "P31", role: int = 1) -> Link:
    """A reference to an entity."""
    return Link(entity_id(target), statement, PropertyId(property_id), "normal", role)


def a_content(
    entity: JsonObject,
    claims: Sequence[tuple[str, Sequence[tuple[int, str | None]]]] = (),
    parts: Mapping[str, Sequence[tuple[str, Sequence[tuple[int, str | None]]]]] | None = None,
) -> Content:
    """Content with made-up hashes: `claims` are properties with their statements, each a hash and an id."""
    return Content(
        entity,
        _claims(claims),
        {part: _claims(held) for part, held in (parts or {}).items()},
    )


def a_snapshot(
    content: Content | None = None, *, revision: int = 1, at: datetime = NOW, **others: Any
) -> Snapshot:
    """A snapshot with the hash of its content; `others` are further fields of Snapshot."""
    content = content if content is not None else Content(an_item().json())
    entity = entity_id(content.entity["id"])
    given: JsonObject = {
        "entity_type": type_of(entity),
        "created_by": "Alice",
        "content_hash": hash64(content_bytes(content)),
        "flags": Flags(is_redirect=others.get("redirects_to") is not None),
        "schema_version": SCHEMA_VERSION,
        **others,
    }
    return Snapshot(entity=entity, revision=revision, created_at=at, content=content, **given)


def a_swap(
    entity: str = "Q42",
    revision: int = 1,
    expected: int | None = None,
    *,
    hashes: Sequence[int] = (),
    ids: Sequence[str | None] | None = None,
    property_counts: Mapping[str, int] | None = None,
    parts: Mapping[str, Mapping[str, int]] | None = None,
    added: Sequence[int] | None = None,
    removed: Sequence[int] = (),
    attempt: Attempt | None = None,
    edit: EditInfo | None = None,
    flags: Flags | None = None,
    redirects_to: str | None = None,
    redirect_changed: bool = False,
    at: datetime = NOW,
    key: EditKey | None = None,
) -> Swap:
    """One commit. Its statements are given by hash; all are of P31 unless `property_counts` says otherwise."""
    counts = property_counts if property_counts is not None else ({"P31": len(hashes)} if hashes else {})
    content = Content({"id": entity, "type": str(type_of(entity_id(entity)))})
    info = edit if edit is not None else EditInfo("Alice")
    target: EntityId | None = entity_id(redirects_to) if redirects_to is not None else None
    snapshot = a_snapshot(
        content,
        revision=revision,
        at=at,
        created_by=info.editor,
        flags=flags if flags is not None else Flags(is_redirect=target is not None),
        is_mass_edit=info.is_mass_edit,
        edit_type=info.edit_type,
        redirects_to=target,
    )
    by_part = {
        part: {PropertyId(name): count for name, count in told.items()}
        for part, told in (parts or {}).items()
    }
    return Swap(
        snapshot=snapshot,
        expected=expected,
        attempt=attempt if attempt is not None else an_attempt(revision),
        edit=info,
        content_digest=digest(content_bytes(content)),
        index=StatementIndex(
            list(hashes), {PropertyId(name): count for name, count in counts.items()}, by_part
        ),
        ids=list(ids) if ids is not None else [None] * len(hashes),
        added=list(added) if added is not None else sorted(set(hashes)),
        removed=list(removed),
        redirect_changed=redirect_changed,
        size_bytes=1234,
        event=replace(an_event(entity, revision, at=at), from_revision_id=expected, editor=info.editor),
        key=key,
    )


def _claims(told: Sequence[tuple[str, Sequence[tuple[int, str | None]]]]) -> Claims:
    return Claims(
        tuple(
            Group(PropertyId(name), tuple(Statement(hash_, id_) for hash_, id_ in held))
            for name, held in told
        )
    )


def _added(
    claims: JsonObject, subject: str, property_id: str, id: str | None, statement: JsonObject
) -> JsonObject:
    count = sum(len(group) for group in claims.values())
    told = a_statement_id(subject, count + 1) if id == _AUTOMATIC else id
    block = a_statement(property_id, id=told, **statement)
    return {**claims, property_id: [*claims.get(property_id, ()), block]}


def _entity_value(kind: str, id: str | None) -> JsonObject:
    return {} if id is None else {"entity-type": kind, "numeric-id": int(id[1:]), "id": id}


def _monolingual(told: tuple[str, str] | None) -> JsonObject:
    return {} if told is None else {"language": told[0], "text": told[1]}


def _time(text: str | None) -> JsonObject:
    return {
        "time": text,
        "timezone": 0,
        "before": 0,
        "after": 0,
        "precision": 11,
        "calendarmodel": "http://www.wikidata.org/entity/Q1985727",
    }


def _grouped(snaks: Sequence[JsonObject]) -> tuple[dict[str, list[JsonObject]], list[str]]:
    groups: dict[str, list[JsonObject]] = {}
    for snak in snaks:
        groups.setdefault(snak["property"], []).append(snak)
    return groups, list(groups)
