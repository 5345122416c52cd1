"""The difference of two revisions, and what is read for it (W12)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from storage import reading
from storage.compare import compare
from storage.difference import ABSENT, Changed, Difference
from storage.edits import Base
from storage.errors import Damaged
from storage.ids import EntityId
from storage.keys import Bucket
from storage.ports import Stores
from storage.validation import Level
from tests.builders import EntityBuilder, a_lexeme, a_statement, a_statement_id, an_item
from tests.commit.making import edit, make, redirect
from tests.commit.test_older import WRITERS
from tests.faults import Faults

Q42 = EntityId("Q42")
OLD = an_item().with_label("en", "one").with_statement("P1", string="a").with_statement("P2", string="b")
NEW = (
    an_item()
    .with_label("en", "two")
    .with_statement("P1", string="a")
    .with_statement("P2", string="c")
    .with_statement("P3", string="d", id=None)
)
SECOND = ("claims", "P2", a_statement_id("Q42", 2))


async def compared(stores: Stores, old: int, new: int, entity: str = "Q42") -> tuple[Difference, list[str]]:
    """The difference of two revisions, and the names of the objects that were read for it, past any cache."""
    faults = Faults()
    rows = [await reading.row_of(stores, EntityId(entity), revision) for revision in (old, new)]
    found = await compare(replace(faults.wrap(stores), cache=None), *rows)
    assert set(faults.verbs()) <= {"objects.get"}
    return found, [str(key) for call in faults.calls for key in call.arguments[0]]


async def versions(stores: Stores, *contents: EntityBuilder) -> None:
    """These as revisions 1, 2 and on."""
    for number, content in enumerate(contents):
        await make(stores, edit(content, number or Base.NOTHING, level=Level.LENIENT))


async def test_each_part_that_differs_is_told_before_and_after(stores: Stores) -> None:
    """W12: terms from the snapshots, statements in full."""
    await versions(stores, OLD, NEW)
    found, _ = await compared(stores, 1, 2)
    told = dict(found.told())
    [added] = [path for path in told if path[:2] == ("claims", "P3")]
    assert told.pop(added) == Changed(ABSENT, a_statement("P3", string="d"))
    assert told == {
        ("labels", "en"): Changed({"language": "en", "value": "one"}, {"language": "en", "value": "two"}),
        SECOND: Changed(
            a_statement("P2", string="b", id=SECOND[2]), a_statement("P2", string="c", id=SECOND[2])
        ),
    }


async def test_only_statements_that_differ_are_read(stores: Stores) -> None:
    """W12: two snapshots, and of a hundred and two statements the one before and the one after."""
    many = OLD
    for number in range(100):
        many = many.with_statement(
            "P4", string=f"{number}", id=None if number % 2 else a_statement_id("Q42", 9 + number)
        )
    after = many.with_field("claims", many.json()["claims"] | {"P2": NEW.json()["claims"]["P2"]})
    await versions(stores, many, after)
    found, read = await compared(stores, 1, 2)
    assert list(found.told()) == [SECOND]
    assert len([name for name in read if str(Bucket.REVISIONS) in name]) == 2
    assert len(read) == 4


async def test_for_labels_no_statement_is_read(stores: Stores) -> None:
    """W12: a hash stands for its content."""
    await versions(stores, OLD, OLD.with_label("de", "x"))
    found, read = await compared(stores, 1, 2)
    assert list(found.told()) == [("labels", "de")]
    assert len(read) == 2


async def test_revisions_that_say_the_same_have_no_difference(stores: Stores) -> None:
    """W12: whatever stood between them."""
    await versions(stores, OLD, NEW, OLD)
    found, read = await compared(stores, 1, 3)
    assert not found
    assert len(read) == 2


async def test_a_statement_that_was_moved_is_told_as_order_alone(stores: Stores) -> None:
    """S9: order is content; nothing has to be read for it."""
    one = OLD.with_statement("P1", string="z")
    turned = one.with_field("claims", one.json()["claims"] | {"P1": one.json()["claims"]["P1"][::-1]})
    await versions(stores, one, turned)
    found, read = await compared(stores, 1, 2)
    assert (dict(found.parts), list(found.orders), len(read)) == ({}, [("claims", "P1")], 2)


async def test_a_form_that_came_is_told_with_its_statements(stores: Stores) -> None:
    """W12: in one piece, read like those of the lexeme."""
    form = a_lexeme().with_form(1).with_part_statement("L1-F1", "P1", string="a")
    await versions(stores, a_lexeme(), form)
    found, read = await compared(stores, 1, 2, "L1")
    assert found.told() == {("forms", "L1-F1"): Changed(ABSENT, form.json()["forms"][0])}
    assert len(read) == 3


async def test_of_a_redirect_everything_is_gone(stores: Stores) -> None:
    """W8: it says nothing itself."""
    await versions(stores, OLD)
    await make(stores, redirect("Q42", "Q5", 1, revives=True))
    found, _ = await compared(stores, 1, 2)
    assert all(changed.new is ABSENT for changed in found.told().values())
    assert len(found.told()) == 3


@pytest.mark.parametrize("write", WRITERS)
async def test_what_an_earlier_program_wrote_is_compared(stores: Stores, write: Any) -> None:
    """S8: by content where there are no hashes."""
    said = await write(stores)
    await make(stores, edit(said | {"labels": {}}, 1))
    found, _ = await compared(stores, 1, 2)
    assert list(found.told()) == [("labels", "en")]


async def test_what_is_missing_is_told_with_its_key(stores: Stores) -> None:
    """W12: no shorter list of differences."""
    await versions(stores, OLD, NEW)
    row = await reading.row_of(stores, Q42)
    with pytest.raises(Damaged):
        await compare(stores, row, replace(row, revision=9))
