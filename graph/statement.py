"""A statement as one entity holds it. Its content is plain data, fetched only when a field of it is selected."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import strawberry

from graph.context import Info
from graph.scalars import Json, StatementHash
from storage.content import with_id
from storage.errors import Damaged
from storage.ids import PropertyId
from storage.model import JsonObject, Revision, StatementBody


@strawberry.enum(description="How a statement stands beside the others of its property.")
class Rank(enum.Enum):
    """The three ranks of Wikibase."""

    PREFERRED = "preferred"
    NORMAL = "normal"
    DEPRECATED = "deprecated"


@strawberry.enum(description="Whether a value is given, exists but is unknown, or does not exist.")
class ValueType(enum.Enum):
    """The snak types of Wikibase."""

    VALUE = "value"
    SOME_VALUE = "somevalue"
    NO_VALUE = "novalue"


@dataclass(frozen=True, slots=True)
class Held:
    """Where a statement stands in a revision: enough for all that needs no content."""

    row: Revision
    position: int
    hash: int
    property: PropertyId
    inline: StatementBody | None = None


@strawberry.type(
    description="A statement of an entity. Content equal in several entities is one object with one hash."
)
class Statement:
    """Fields of content load the statement's object; `hash` and `property` need none."""

    held: strawberry.Private[Held]

    @strawberry.field(description="The hash of the statement's content, without its id.")
    def hash(self) -> StatementHash:
        return StatementHash(self.held.hash)

    @strawberry.field(description="The id under which the entity holds it; null where an import had none.")
    async def id(self, info: Info) -> strawberry.ID | None:
        row = self.held.row
        ids = await info.context.loaders.statement_ids.load((row.entity, row.revision))
        found = ids[self.held.position] if ids is not None else None
        return strawberry.ID(found) if found is not None else None

    @strawberry.field(description="The property that the statement is about.")
    def property_id(self) -> PropertyId:
        return self.held.property

    @strawberry.field(description="The statement's rank.")
    async def rank(self, info: Info) -> Rank:
        return Rank((await self._content(info)).get("rank", "normal"))

    @strawberry.field(description="Whether the statement has a value.")
    async def value_type(self, info: Info) -> ValueType:
        return ValueType((await self._content(info))["mainsnak"]["snaktype"])

    @strawberry.field(description="The data type of the property, as the statement was written with it.")
    async def data_type(self, info: Info) -> str | None:
        data_type: str | None = (await self._content(info))["mainsnak"].get("datatype")
        return data_type

    @strawberry.field(description="The whole content of the statement in Wikibase's JSON, without its id.")
    async def json(self, info: Info) -> Json:
        return Json(with_id(await self._content(info), None))

    async def _content(self, info: Info) -> JsonObject:
        if self.held.inline is not None:
            return self.held.inline.statement
        body = await info.context.loaders.statement.load(self.held.hash)
        assert body is not None, "reading answers for every hash"
        if isinstance(body, Damaged):
            raise body
        return body.statement
