"""What is bound to a revision: which queries are, that the table of it is whole, and that it is true (S1, Q1)."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_abstract_type, is_required_argument

from app.settings import read_settings
from graph.documents import Rules, prepare
from graph.fixed import FIXED, is_fixed
from graph.limits.maxima import Maxima
from graph.schema import schema
from storage.changes import Protect, Protection
from storage.edits import Base
from storage.ports import Stores
from tests.builders import a_lexeme, a_property, an_item
from tests.commit.making import edit, make, redirect
from tests.graph.over import served_over, settle
from tests.lives import changed

pytestmark = pytest.mark.asked_once

_LINKS = {"entity", "status"}
_TERMS = {"label", "labels", "description", "descriptions"}
_ENTITY = {"history", "backlinks", "redirects", "redirectCount"}
VARYING: dict[str, set[str]] = {
    **dict.fromkeys(("Item", "Property", "EntitySchema", "Lexeme"), _ENTITY | {"erasedStatementHashes"}),
    "Revision": {"isErased", "erasedStatementHashes"},
    "Form": {"erasedStatementHashes"},
    "Sense": {"erasedStatementHashes"},
    "StoredSnapshot": {"readMilliseconds"},
    "Statement": {"refCount", "holders"},
    "PredicateProperty": _TERMS | {"dataType", "entity"},
    "ItemValue": _LINKS | _TERMS | {"item"},
    "PropertyValue": _LINKS | _TERMS | {"property"},
    "EntitySchemaValue": _LINKS | _TERMS | {"entitySchema"},
    "LexemeValue": _LINKS | {"lexeme"},
    "FormValue": _LINKS | {"form"},
    "SenseValue": _LINKS | {"sense"},
    "EntityValue": _LINKS,
}
"""What of these types may change though the revision does not. A new field belongs here or in `FIXED`."""

TYPES = schema._schema.type_map
UNBOUNDED = Rules(Maxima(**dict.fromkeys((one.name for one in dataclasses.fields(Maxima)), 0)))

UNLIMITED = read_settings({f"MAX_{one.name.upper()}": "0" for one in dataclasses.fields(Maxima)})


def fields(name: str) -> dict[str, Any]:
    found = TYPES[name]
    assert isinstance(found, GraphQLObjectType)
    named: dict[str, Any] = found.fields
    return named


def objects(name: str) -> list[str]:
    found = TYPES[name]
    if is_abstract_type(found):
        return [one.name for one in schema._schema.get_possible_types(found)]
    return [name] if isinstance(found, GraphQLObjectType) else []


def test_every_field_of_what_a_revision_leads_to_is_decided() -> None:
    for name, fixed in FIXED.items():
        assert fixed | VARYING.get(name, set()) == set(fields(name)), name
        assert not fixed & VARYING.get(name, set()), name


def test_what_is_fixed_leads_only_to_what_is_decided() -> None:
    for name, fixed in FIXED.items():
        for field in fixed:
            assert set(objects(get_named_type(fields(name)[field].type).name)) <= set(FIXED), (name, field)


def fixed(query: str, **variables: Any) -> bool:
    return is_fixed(prepare(query, None, UNBOUNDED), variables)


@pytest.mark.parametrize(
    "query",
    [
        '{entity(id: "Q42", revisionId: 3) {id ... on LabelProvider {label(languageCode: "en")}}}',
        '{a: item(id: "Q42", revisionId: 3) {sitelinks {badges {id}}} b: item(id: "Q42", revisionId: 2) {id}}',
        '{item(id: "Q1", revisionId: 3) {statements(best: true) {id property {id} value {... on ItemValue {id}}}}}',
        '{item(id: "Q1", revisionId: 3) {statements {value {... on EntityReference {id __typename}}}}}',
        '{lexeme(id: "L1", revisionId: 3) {forms {lexeme {senses {statements {hash}}}}}}',
        '{revision(id: "Q1", revisionId: 3) {entity {json} snapshot {json} difference {pointer before after}}}',
        '{snapshots(revisions: [{id: "Q1", revisionId: 3}, {id: "Q2", revisionId: 1}]) {key json}}',
        '{...All} fragment All on Query {item(id: "Q1", revisionId: 3) {...It}} fragment It on Item {id}',
        '{item(id: "Q1", revisionId: 3) {... @include(if: false) {id}}}',
        "{__typename}",
    ],
)
def test_a_query_that_names_revisions_and_asks_only_for_what_they_say_is_fixed(query: str) -> None:
    assert fixed(query)


@pytest.mark.parametrize(
    "query",
    [
        '{entity(id: "Q42") {id}}',
        '{entity(id: "Q42", revisionId: null) {id}}',
        '{a: item(id: "Q42", revisionId: 3) {id} b: item(id: "Q42") {id}}',
        '{item(id: "Q1", revisionId: 3) {history {nodes {revisionId}}}}',
        '{item(id: "Q1", revisionId: 3) {... on Entity {backlinks {nodes {entityId}}}}}',
        '{item(id: "Q1", revisionId: 3) {statements {refCount}}}',
        '{item(id: "Q1", revisionId: 3) {statements {property {label(languageCode: "en")}}}}',
        '{item(id: "Q1", revisionId: 3) {statements {value {... on LabelProvider {label(languageCode: "en")}}}}}',
        '{item(id: "Q1", revisionId: 3) {statements {value {... on ItemValue {item {id}}}}}}',
        '{item(id: "Q1", revisionId: 3) {... @include(if: false) {redirectCount}}}',
        '{item(id: "Q1", revisionId: 3) {revision {isErased}}}',
        '{snapshots(revisions: [{id: "Q1", revisionId: 3}, {id: "Q2"}]) {key}}',
        '{snapshots(revisions: [{id: "Q1", revisionId: 3}]) {readMilliseconds}}',
        '{...All} fragment All on Query {item(id: "Q1") {...It}} fragment It on Item {id}',
        '{item(id: "Q1", revisionId: 3) {id} revisions {nodes {revisionId}}}',
        '{statement(hash: "7") {json}}',
        '{node(id: "Q1") {id}}',
        "{__schema {queryType {name}}}",
        'mutation {lockEntity(input: {id: "Q1"}) {__typename}}',
    ],
)
def test_anything_else_is_not(query: str) -> None:
    assert not fixed(query)


@pytest.mark.parametrize(
    ("variables", "is_so"), [({"r": 3}, True), ({"r": None}, False), ({}, False), ({"r": "x"}, False)]
)
def test_the_revision_may_be_a_variable(variables: dict[str, Any], is_so: bool) -> None:
    assert fixed('query ($r: Int) {item(id: "Q1", revisionId: $r) {id}}', **variables) is is_so


def test_the_default_of_a_variable_names_a_revision_too() -> None:
    assert fixed('query ($r: Int = 3) {item(id: "Q1", revisionId: $r) {id}}')
    assert not fixed('query ($r: Int = 3) {item(id: "Q1", revisionId: $r) {id}}', r=None)


def test_fragments_that_name_each_other_twice_are_looked_at_once() -> None:
    """Each doubles the selections of the one before: followed one by one they would take for ever."""
    chain = "".join(f" fragment F{n} on Item {{...F{n + 1} ...F{n + 1}}}" for n in range(60))
    assert fixed('{item(id: "Q1", revisionId: 3) {...F0}}' + chain + " fragment F60 on Item {id}")


GIVEN = {"languageCode": '"en"', "siteId": '"enwiki"'}


def all_of(name: str, depth: int) -> str:
    """A selection of every fixed field of a type, to a depth."""
    found = []
    for field in sorted(FIXED[name]):
        definition = fields(name)[field]
        needed = [one for one, argument in definition.args.items() if is_required_argument(argument)]
        given = f"({', '.join(f'{one}: {GIVEN[one]}' for one in needed)})" if needed else ""
        below = objects(get_named_type(definition.type).name)
        if not below:
            found.append(f"{name}_{field}: {field}{given}")
        elif depth:
            inner = " ".join(f"... on {one} {{{all_of(one, depth - 1)}}}" for one in below)
            found.append(f"{name}_{field}: {field}{given} {{__typename {inner}}}")
    return " ".join(found)


async def test_what_is_fixed_stays_though_all_around_it_changes(stores: Stores) -> None:
    """Every fixed field of an item and a lexeme, before and after edits of them and of whatever they name."""
    prop = a_property("P1", "wikibase-item").with_label("en", "one")
    linked = an_item("Q5").with_label("en", "five")
    item = (
        an_item("Q1").with_label("en", "old").with_description("en", "before").with_sitelink("enwiki", "Old")
    )
    item = item.with_statement("P1", item="Q5")
    lexeme = a_lexeme("L1").with_lemma("en", "old").with_form(1, text="olds").with_sense(1, text="not new")
    await make(stores, *(edit(one, Base.NOTHING) for one in (prop, linked, item, lexeme)))
    await settle(stores)
    roots = [
        f'{kind.lower()}(id: "{one}", revisionId: 1)' for kind, one in (("Item", "Q1"), ("Lexeme", "L1"))
    ]
    query = f"{{{roots[0]} {{{all_of('Item', 3)}}} {roots[1]} {{{all_of('Lexeme', 3)}}}}}"
    assert fixed(query)
    async with served_over(stores, UNLIMITED) as asking:
        before = await asking.data(query)
    await make(
        stores,
        edit(item.with_label("en", "new"), 1),
        edit(lexeme.with_lemma("en", "new"), 1),
        edit(prop.with_label("en", "uno"), 1),
        edit(linked.with_label("en", "cinco"), 1),
        edit(an_item("Q2").with_statement("P1", item="Q5").with_statement("P1", item="Q1"), Base.NOTHING),
        edit(an_item("Q3"), Base.NOTHING),
        redirect("Q3", "Q1", 1),
        changed("Q1", Protect(Protection.LOCKED)),
    )
    await settle(stores)
    async with served_over(stores, UNLIMITED) as asking:
        assert await asking.data(query) == before
