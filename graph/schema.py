"""The schema: its roots, and how its errors are told."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLUnionType
from strawberry.schema.config import StrawberryConfig

from graph.edits.root import Mutation
from graph.entity import EntitySchema, Item, Property
from graph.entity_changes import Subscription
from graph.lexeme import Form, Lexeme, Sense
from graph.query import Query
from graph.scalars import SCALARS
from graph.shapes import value_type


class _Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """Nothing: who asked is told of errors, and the endpoint logs those that are ours (see `app.endpoint`)."""


schema = _Schema(
    Query,
    Mutation,
    Subscription,
    types=[Item, Property, Lexeme, EntitySchema, Form, Sense],
    config=StrawberryConfig(scalar_map=SCALARS),
)

# A union over plain data is told apart by the data, not by the class of an instance.
_value = schema._schema.type_map["Value"]
assert isinstance(_value, GraphQLUnionType)
_value.resolve_type = lambda snak, _info, _type: value_type(snak)
