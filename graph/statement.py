"""Statements: plain data under their type, fetched once for a whole list, and only if the query selects of it.

The source of a statement is `Held`: where it stands, and its content and id if those were selected. So no field
but the counts and holders does I/O, and a list of statements is one `load_many`.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from graph import loading
from graph.context import Info
from graph.held import Held, rank_of
from graph.links import PredicateProperty
from graph.pages import After, Connection, First, cursor_of, key_of, limit, page
from graph.plain import Getter, Steps, after, extra, plain, text_if_any
from graph.scalars import Json, StatementHash
from graph.snaks import WITH_VALUE, PropertyValuePair, Qualifier, Reference, ValueType, in_order
from graph.values import Value
from storage.content import with_id
from storage.ids import EntityId, PropertyId, entity_id
from storage.ports import HoldersPage

if TYPE_CHECKING:
    from graph.entity import Entity

EntityRef = Annotated["Entity", strawberry.lazy("graph.entity")]


@strawberry.enum(description="How a statement stands beside the others of its property.")
class Rank(enum.Enum):
    """The three ranks of Wikibase."""

    PREFERRED = strawberry.enum_value("preferred", description="The best of its property.")
    NORMAL = strawberry.enum_value("normal", description="One like the others.")
    DEPRECATED = strawberry.enum_value("deprecated", description="Known to be wrong, kept for the record.")


def _of(getter: Getter) -> Any:
    """A getter of the content."""
    return after((("attribute", "content"),), getter)


def _main(getter: Getter) -> Any:
    """A getter of the main snak."""
    return after((("attribute", "content"), ("key", "mainsnak")), getter)


@strawberry.type(
    description="A statement of an entity. Content equal in several entities is one object with one hash."
)
class Statement(PropertyValuePair):
    """The source is `Held`."""

    id: strawberry.ID | None = plain(
        Steps(("attribute", "id")),
        description="The id under which the entity holds it; null where an import had none, and of a statement found by its hash.",
    )
    hash: StatementHash = plain(
        Steps(("attribute", "hash")), description="The hash of the statement's content, without its id."
    )
    property_id: PropertyId = plain(Steps(("attribute", "property")), description="The id of the property.")
    property: PredicateProperty = plain(Steps(("attribute", "property")), description="The property.")
    rank: Rank = plain(rank_of, description="The statement's rank.")
    data_type: str | None = plain(
        _main(text_if_any("datatype")),
        description="The data type of the property when this was written; null where an import had none.",
    )
    value_type: ValueType = plain(_main("snaktype"), description="Whether there is a value.")
    value: Value | None = plain(
        _main(WITH_VALUE),
        description="The value; null if it is unknown or there is none, as `valueType` tells.",
    )
    qualifiers: list[Qualifier] = plain(
        _of(lambda content: in_order(content.get("qualifiers"), content.get("qualifiers-order"))),
        description="The qualifiers, in their order.",
    )
    references: list[Reference] = plain(
        _of(lambda content: content.get("references") or []), description="The references, in their order."
    )
    json: Json = plain(
        _of(lambda content: with_id(content, None)),
        description="The whole content in Wikibase's JSON, without the id.",
    )
    extra: Json | None = plain(
        _of(extra("mainsnak", "type", "rank", "qualifiers", "qualifiers-order", "references")),
        description="What is stored beside the fields of Wikibase's format.",
    )

    @classmethod
    def is_type_of(cls, source: Any, _info: Any) -> bool:
        return isinstance(source, Held)

    @strawberry.field(description="How many entities hold the statement at one of their revisions.")
    async def ref_count(root: strawberry.Parent[Held], info: Info) -> int | None:
        row = await info.context.loaders.statement_row.load(root.hash)
        return row.ref_count if row is not None else None

    @strawberry.field(description="The entities that hold the statement at one of their revisions.")
    async def holders(
        root: strawberry.Parent[Held],
        info: Info,
        first: First = 20,
        after: After = None,
    ) -> Connection[EntityRef] | None:
        from graph.entity import shown

        loaders = info.context.loaders
        key = key_of("holders", after, entity_id)
        found = (
            await loaders.holders.load(HoldersPage(root.hash, limit(first), key[0] if key else None)) or ()
        )
        # What is gone is left out; a redirect held the statement itself, so it is shown and not followed.
        rows = await loading.many(loaders, found[:first], follow=False)
        nodes: dict[EntityId, Any] = {
            entity: shown(row) if isinstance(row, loading.Found) else row
            for entity, row in zip(found, rows, strict=False)
            if not isinstance(row, loading.ABSENT)
        }
        return page(found, first, after, lambda one: cursor_of("holders", one), nodes.get)
