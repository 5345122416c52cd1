"""What edits cost at the drivers, as the table in the docs says: on the embedded engines, and on MySQL and S3.

Of entities with one, a hundred and 1,500 statements, and of one with a hundred revisions: the same for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, repeat
from pathlib import Path
from typing import Any

import pytest

from storage import times
from storage.derive import derive
from storage.edits import Base, Edit
from storage.ports import EditKey, Stores
from storage.relay import settle
from storage.s3 import S3Objects
from tests.builders import a_key, an_item
from tests.commit.costs import GETS, PUTS, READS, TAGS, WRITES, Costs, counted
from tests.commit.making import edit, make, redirect
from tests.faults import Faults
from tests.places import BOTH, EMBEDDED

DOCS = Path(__file__).parents[2] / "docs" / "operations.md"
CREATION = "a creation"

both = pytest.mark.parametrize("engine", BOTH, indirect=True)

Row = tuple[int, ...]
"""Of the table: queries, objects put, transactions; after the answer objects read, objects tagged, transactions."""


@dataclass(frozen=True)
class Measured:
    """Stores, and how to count what they do."""

    stores: Stores
    s3: Any = None

    async def cost(self, one: Edit) -> tuple[Costs, Costs]:
        """Of an edit, before its answer and after."""
        faults = Faults()
        stores = faults.wrap(self.stores)
        with counted(self.s3) as before:
            outcome = await make(stores, one)
        assert outcome.owed is not None
        calls = len(faults.calls)
        with counted(self.s3) as after:
            await derive(outcome.owed, stores)
        if self.s3 is None:
            before.called(faults.calls[:calls])
            after.called(faults.calls[calls:])
        return before, after


@dataclass(frozen=True)
class Step:
    """A step in an entity's life: what comes before, what is measured, how many statements it adds or removes."""

    before: Sequence[Edit]
    measured: Edit
    statements: int


def told(statements: Mapping[str, int]) -> dict[str, Row]:
    """The rows of the table in the docs, for edits of so many statements, which are its `n`."""
    table = DOCS.read_text().partition("## What an edit costs")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (an? [^|]*) \|((?: [n\d+ ]+ \|)+)$", table, re.MULTILINE)
    return {
        name: tuple(
            sum(_number(one, statements[name]) for one in cell.split("+")) for cell in cells.split("|")[:-1]
        )
        for name, cells in rows
    }


def _number(word: str, statements: int) -> int:
    return statements if word.strip() == "n" else int(word)


def life(entity: str, size: int, age: int, keys: Iterator[EditKey | None]) -> dict[str, Step]:
    """An entity of so many statements, whose label is given again so often before the rest."""
    item = an_item(entity)
    for number in range(size):
        item = item.with_statement("P1", string=f"{number} of {entity}")
    named = item.with_label("en", "named")
    more = named.with_statement("P2", string=f"new of {entity}")
    shared = more.with_statement("P3", string="held by many")
    first = age + 1
    return {
        CREATION: Step([], edit(item, Base.NOTHING, next(keys)), size),
        "a label": Step(
            [edit(item.with_label("en", f"{one}"), one) for one in range(1, first)],
            edit(named, first, next(keys)),
            0,
        ),
        "a new statement": Step([], edit(more, first + 1, next(keys)), 1),
        "a statement that others hold": Step([], edit(shared, first + 2, next(keys)), 1),
        "a statement less": Step([], edit(more, first + 3, next(keys)), 1),
        "a redirect": Step([], replace(redirect(entity, "Q5", first + 4), key=next(keys)), size + 1),
    }


def figures(before: Costs, after: Costs) -> Row:
    """As in the table: nothing else is done."""
    assert set(before.counts) <= {READS, PUTS, WRITES}
    assert set(after.counts) <= {GETS, TAGS, WRITES}
    return (
        *(before.counts[one] for one in (READS, PUTS, WRITES)),
        *(after.counts[one] for one in (GETS, TAGS, WRITES)),
    )


@pytest.fixture
async def measured(stores: Stores) -> Measured:
    """Stores with an entity that holds what others will hold as well."""
    holder = an_item("Q1").with_statement("P3", string="held by many")
    await make(stores, edit(holder, Base.NOTHING), edit(an_item("Q5"), Base.NOTHING))
    await settle(stores, clock=times.now)
    s3 = stores.objects._client._client if isinstance(stores.objects, S3Objects) else None
    return Measured(stores, s3)


@both
@pytest.mark.parametrize("keyed", [False, True], ids=["without a key", "with a key"])
@pytest.mark.parametrize(("size", "age"), [(1, 0), (100, 0), (1500, 0), (1, 100)])
async def test_an_edit_costs_what_the_table_says(
    measured: Measured, engine: str, size: int, age: int, keyed: bool
) -> None:
    """W1, T2: a label is one query, one object and one transaction, whatever the entity's size and its age."""
    keys = (a_key(number) if keyed else None for number in count())
    steps = life("Q42", size, age, keys)
    found = {}
    for name, step in steps.items():
        for one in step.before:
            await measured.cost(one)
        found[name] = figures(*await measured.cost(step.measured))
    expected = {
        name: (queries, puts, transactions + keyed, *after)
        for name, (queries, puts, transactions, *after) in told(
            {name: step.statements for name, step in steps.items()}
        ).items()
    }
    if engine == EMBEDDED:
        # Claiming and registering go out together, and may share a commit.
        queries, puts, transactions, *after = expected[CREATION]
        transactions = min(transactions, max(transactions - 1, found[CREATION][2]))
        expected[CREATION] = (queries, puts, transactions, *after)
    assert found == expected


@both
async def test_an_edit_sends_as_many_statements_whatever_the_entitys_size(measured: Measured) -> None:
    """S5: nor is more hidden in the one transaction."""
    sent: dict[str, list[tuple[int, int]]] = {}
    for size in (1, 600):
        for name, step in life(f"Q{100 + size}", size, 0, repeat(None)).items():
            before, after = await measured.cost(step.measured)
            sent.setdefault(name, []).append((len(before.texts), len(after.texts)))
    del sent[CREATION]
    assert [few for few, _ in sent.values()] == [many for _, many in sent.values()]
