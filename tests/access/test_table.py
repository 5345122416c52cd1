"""The table of who may do what: whole, written down, and held to by the schema (O3)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLUnionType, get_named_type
from strawberry.types.field import StrawberryField

from app.access import EVERYBODY, IMPLIES, INPUTS, MUTATIONS, QUERIES, Actor, Role, implied, permit
from graph.edits.doing import Doing
from graph.restricted import Restricted
from graph.schema import schema
from storage.errors import Forbidden

PAGE = (Path(__file__).parents[2] / "docs" / "access.md").read_text()


def root(name: str) -> GraphQLObjectType:
    found = schema._schema.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found


def strawberry_field(root_name: str, name: str) -> StrawberryField:
    found = root(root_name).fields[name].extensions["strawberry-definition"]
    assert isinstance(found, StrawberryField)
    return found


def rows(heading: str) -> dict[str, str]:
    """The rows of the page's table under a heading: what stands in code in the first column, and the second."""
    table = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    found = {}
    for names, other in re.findall(r"^\| (`.*?) \| (.*?) \|", table, re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", names):
            assert name not in found, f"{name} has two rows"
            found[name] = other
    return found


def test_each_mutation_of_the_schema_has_its_row_and_each_row_its_field() -> None:
    assert set(root("Mutation").fields) == set(MUTATIONS)
    assert set(QUERIES) <= set(root("Query").fields)


@pytest.mark.parametrize("name", root("Mutation").fields)
def test_no_mutation_runs_without_the_check(name: str) -> None:
    extensions = strawberry_field("Mutation", name).extensions
    assert extensions
    assert isinstance(extensions[0], Doing), "make it by graph.edits.doing.mutation"


@pytest.mark.parametrize("name", root("Mutation").fields)
def test_each_mutation_can_be_refused(name: str) -> None:
    """Forbidden is a refusal, and a refusal is one of the endings that the schema names."""
    ending = get_named_type(root("Mutation").fields[name].type)
    assert isinstance(ending, GraphQLUnionType)
    refused = [kind for kind in ending.types if kind.name == "RequestRefused"]
    assert [face.name for kind in refused for face in kind.interfaces] == ["Refusal"]
    assert isinstance(schema._schema.type_map["Refusal"], GraphQLInterfaceType)


@pytest.mark.parametrize("name", root("Query").fields)
def test_the_query_fields_of_the_table_are_kept_back_and_no_others(name: str) -> None:
    extensions = strawberry_field("Query", name).extensions or []
    kept_back = [one for one in extensions if isinstance(one, Restricted)]
    assert len(kept_back) == (1 if name in QUERIES else 0)


def test_each_row_stands_on_the_page_and_no_other() -> None:
    assert rows("Mutations") == {name: f"`{role}`" for name, role in MUTATIONS.items()}
    assert rows("Reads") == {name: f"`{role}`" for name, role in QUERIES.items()}
    assert rows("Inputs") == {name: f"`{role}`" for name, role in INPUTS.items()}


def test_each_role_stands_on_the_page_with_what_it_implies() -> None:
    said = {name: set(re.findall(r"`([^`]+)`", others)) for name, others in rows("Roles").items()}
    assert said == {role.value: {one.value for one in below} for role, below in IMPLIES.items()}


def test_an_administrator_is_everything() -> None:
    assert implied([Role.ADMINISTRATOR]) == set(Role) == EVERYBODY.roles


def test_a_role_is_all_that_it_implies_and_no_more() -> None:
    everyday = {Role.READER, Role.EDITOR, Role.AUTOCONFIRMED}
    assert implied([Role.READER]) == {Role.READER}
    assert implied([Role.EDITOR]) == {Role.READER, Role.EDITOR}
    for role in (Role.BOT, Role.PROTECTOR, Role.DELETER):
        assert implied([role]) == everyday | {role}


def test_what_no_table_names_is_closed_to_all() -> None:
    with pytest.raises(KeyError):
        permit(EVERYBODY, "somethingNew")


@pytest.mark.parametrize("role", Role)
def test_each_pair_of_role_and_row_is_as_the_table_says(role: Role) -> None:
    actor = Actor("Alice", implied([role]))
    for name, needed in {**MUTATIONS, **QUERIES, **INPUTS}.items():
        if needed in implied([role]):
            permit(actor, name)
            continue
        with pytest.raises(Forbidden) as forbidden:
            permit(actor, name)
        assert (forbidden.value.what, forbidden.value.role) == (name, needed)
