"""What has statements: entities, and the forms and senses of lexemes. Counts and hashes come from the row (Q2, Q3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import strawberry

from graph.context import Info
from graph.held import Choice, all_told, erased_of, statements_of, statements_of_many, told_of
from graph.plain import plain, together
from graph.scalars import StatementHash
from graph.statement import Rank, Statement
from storage.ids import PropertyId
from storage.model import Revision, StatementIndex

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


async def _told(
    sources: Sequence[StatementProvider],
    info: Info,
    chosen: Callable[[StatementProvider, StatementIndex], Any],
) -> list[Any]:
    """What is chosen of the statements that many subjects have; what is wrong with one stands in its place."""
    tolds = await all_told(info, [source.row for source in sources])
    return [
        told if isinstance(told, BaseException) else chosen(source, told.index)
        for source, told in zip(sources, tolds, strict=True)
    ]


async def _properties(sources: Sequence[StatementProvider], info: Info) -> list[Any]:
    return await _told(sources, info, lambda one, index: [name for name, _ in _counts(index, one.part)])


async def _property_counts(sources: Sequence[StatementProvider], info: Info) -> list[Any]:
    return await _told(sources, info, lambda one, index: _counts(index, one.part))


async def _hashes(
    sources: Sequence[StatementProvider], info: Info, properties: list[PropertyId] | None = None
) -> list[Any]:
    return await _told(sources, info, lambda one, index: index.of(properties, one.part))


async def _statements(
    sources: Sequence[StatementProvider],
    info: Info,
    properties: list[PropertyId] | None = None,
    ranks: list[Any] | None = None,
    best: bool = False,
) -> list[Any]:
    wanted = None if ranks is None else [rank.value for rank in ranks]
    subjects = [(source.row, source.part) for source in sources]
    return await statements_of_many(info, subjects, Choice(properties, wanted, best))


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
    @together(_properties)
    async def properties(self, info: Info) -> list[PropertyId] | None:
        return [name for name, _ in await counts_of(info, self.row, self.part)]

    @strawberry.field(description="The number of statements by property, in the order of the properties.")
    @together(_property_counts)
    async def property_counts(self, info: Info) -> list[PropertyCount] | None:
        return await counts_of(info, self.row, self.part)  # type: ignore[return-value]  # plain data under its type

    @strawberry.field(description="The hashes of the statements, in order. No statement is read for them.")
    @together(_hashes)
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
    @together(_statements)
    async def statements(
        self, info: Info, properties: Properties = None, ranks: Ranks = None, best: Best = False
    ) -> list[Statement | None] | None:
        # What Strawberry makes of a described value is the value itself.
        wanted: Any = None if ranks is None else [rank.value for rank in ranks]
        return await statements_of(info, self.row, self.part, Choice(properties, wanted, best))


async def counts_of(info: Info, row: Revision, part: str | None = None) -> list[tuple[PropertyId, int]]:
    """How many statements a revision has of each property, in order."""
    return _counts((await told_of(info, row)).index, part)


def _counts(index: StatementIndex, part: str | None) -> list[tuple[PropertyId, int]]:
    # An import may have had a property with nothing under it: its JSON keeps that, but there is no statement.
    return [(name, count) for name, count in index.counts(part).items() if count]
