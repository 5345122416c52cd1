"""Which reads of the metadata are brief, so that SQLite may answer them in the event loop's thread (ADR 32)."""

from __future__ import annotations

from typing import Any

import pytest

from storage.ids import EntityId
from storage.ports import HistoryPage, RevisionFilter
from storage.sql.metadata import FEW, SqlMetadata
from storage.sql.sqlite import Unit

Q1 = EntityId("Q1")
MANY = [EntityId(f"Q{number}") for number in range(1, FEW + 2)]


class Noting:
    """A database that notes how it is read, and has nothing."""

    def __init__(self) -> None:
        self.brief: list[bool] = []

    async def read(self, unit: Unit[Any], *, snapshot: bool = True, brief: bool = False) -> Any:
        self.brief.append(brief and not snapshot)
        return {}

    async def write(self, unit: Unit[Any]) -> Any:
        raise AssertionError("nothing is written")


ASKED: dict[str, tuple[str, Any, bool]] = {
    "a head": ("heads", [Q1], True),
    "as many heads as are few": ("heads", MANY[:FEW], True),
    "one more": ("heads", MANY, False),
    "a page of a history": ("histories", [HistoryPage(Q1, 20)], True),
    "a long page": ("histories", [HistoryPage(Q1, FEW)], False),
    "many pages": ("histories", [HistoryPage(one, 50) for one in MANY[:2]], False),
    "a filtered history": (
        "histories",
        [HistoryPage(Q1, 20, wanted=RevisionFilter(edit_type="merge"))],
        False,
    ),
    "a count": ("redirect_counts", [Q1], False),
}


@pytest.mark.parametrize("name", ASKED)
async def test_a_read_is_brief_if_it_looks_at_few_rows(name: str) -> None:
    verb, asked, expected = ASKED[name]
    database = Noting()
    await getattr(SqlMetadata(database), verb)(asked)
    assert database.brief == [expected]
