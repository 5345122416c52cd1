"""What has statements: entities, and the forms and senses of lexemes. Counts and hashes come from the row (Q2, Q3)."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from graph.context import Info
from graph.held import Choice, erased_of, statements_of, told_of
from graph.plain import plain
from graph.scalars import StatementHash
from graph.statement import Rank, Statement
from storage.ids import PropertyId
from storage.model import Revision

Properties = Annotated[
    list[PropertyId] | None,
    strawberry.argument(description="Only statements of these properties; of all if null."),
]
Ranks = Annotated[
    list[Rank] | None,
    strawberry.argument(
        description="Only statements of these ranks; of all if null. Ranks are content: all candidates are read."
    ),
]
Best = Annotated[
    bool,
    strawberry.argument(
        description="Only the best of each property: the preferred ones, or if there are none the normal ones."
    ),
]


@strawberry.type(description="How many statements there are of a property.")
class PropertyCount:
    """The source is a pair."""

    property_id: PropertyId = plain(lambda pair: pair[0], description="The property.")
    count: int = plain(lambda pair: pair[1], description="How many statements there are of it.")


@strawberry.interface(description="What has statements: an entity, or a form or sense of a lexeme.")
class StatementProvider:
    """`row` is the revision that is shown, `part` the id of a form or sense."""

    row: strawberry.Private[Revision]
    part: strawberry.Private[str | None] = None

    @strawberry.field(description="The properties that there are statements of, in order.")
    async def properties(self, info: Info) -> list[PropertyId] | None:
        return [name for name, _ in await counts_of(info, self.row, self.part)]

    @strawberry.field(description="The number of statements by property, in the order of the properties.")
    async def property_counts(self, info: Info) -> list[PropertyCount] | None:
        return await counts_of(info, self.row, self.part)  # type: ignore[return-value]  # plain data under its type

    @strawberry.field(description="The hashes of the statements, in order. No statement is read for them.")
    async def statement_hashes(self, info: Info, properties: Properties = None) -> list[StatementHash] | None:
        index = (await told_of(info, self.row)).index
        return [StatementHash(one) for one in index.of(properties, self.part)]

    @strawberry.field(
        description="The hashes of those statements that were erased on demand, in order. `json` is without them; in a "
        "list of statements each has the error `erased` in its place, if its content is selected. "
        "From the database alone."
    )
    async def erased_statement_hashes(
        self, info: Info, properties: Properties = None
    ) -> list[StatementHash] | None:
        return [StatementHash(one) for one in await erased_of(info, self.row, self.part, properties)]

    @strawberry.field(
        description="The statements, in order. Their objects are read only if a field of their content is selected; "
        "one that can't be read is null, with an error."
    )
    async def statements(
        self, info: Info, properties: Properties = None, ranks: Ranks = None, best: Best = False
    ) -> list[Statement | None] | None:
        # What Strawberry makes of a described value is the value itself.
        wanted: Any = None if ranks is None else [rank.value for rank in ranks]
        return await statements_of(info, self.row, self.part, Choice(properties, wanted, best))


async def counts_of(info: Info, row: Revision, part: str | None = None) -> list[tuple[PropertyId, int]]:
    """How many statements a revision has of each property, in order."""
    counts = (await told_of(info, row)).index.counts(part)
    # An import may have had a property with nothing under it: its JSON keeps that, but there is no statement.
    return [(name, count) for name, count in counts.items() if count]
