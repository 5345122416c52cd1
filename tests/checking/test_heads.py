"""Circles of redirects, and lists, by the heads alone: in few reads, however many redirects there are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.changes import Protect, Protection
from storage.check_heads import check_circles, check_lists
from storage.ids import EntityId, internal
from storage.ports import Stores
from tests.builders import a_swap
from tests.checking.damage import run
from tests.commit.making import make
from tests.faults import Faults, When
from tests.states.moves import asked

ITEMS = [f"Q{100 + number}" for number in range(9)]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of four, so that there are several."""
    monkeypatch.setattr("storage.walks.PAGE", 4)
    monkeypatch.setattr("storage.check_heads.PAGE", 4)


@pytest.fixture
async def items(stores: Stores) -> Stores:
    """Stores with the items."""
    for one in ITEMS:
        await stores.metadata.commit(a_swap(one))
    return stores


async def let_redirect(stores: Stores, targets: Mapping[str, str | None]) -> None:
    """Redirects as no edit would make them."""
    numbers = {
        internal(EntityId(source)): internal(EntityId(target)) if target else "NULL"
        for source, target in targets.items()
    }
    cases = " ".join(f"WHEN {source} THEN {target}" for source, target in numbers.items())
    these = ", ".join(map(str, numbers))
    await run(
        stores,
        f"UPDATE entity_head SET redirects_to = CASE internal_id {cases} END WHERE internal_id IN ({these})",
    )


async def circles(stores: Stores) -> list[str]:
    return [str(finding) async for finding in check_circles(stores)]


def endless(targets: Mapping[str, str | None]) -> dict[str, int]:
    """Those whose redirects have no end, with the size of the circle that they come to."""
    found = {}
    for source in targets:
        way: list[str | None] = [source]
        while (there := targets[way[-1] or ""]) is not None and there not in way:
            way.append(there)
        if there is not None:
            found[source] = len(way) - way.index(there)
    return found


@pytest.mark.usefixtures("small_pages")
@settings(max_examples=25)
@given(drawn=st.lists(st.none() | st.integers(0, len(ITEMS) - 1), min_size=len(ITEMS), max_size=len(ITEMS)))
async def test_of_any_redirects_those_without_end_are_found(
    items: Stores, drawn: Sequence[int | None]
) -> None:
    """I11: on a circle or before it, and no others."""
    targets = {
        one: ITEMS[target] if target is not None else None for one, target in zip(ITEMS, drawn, strict=True)
    }
    await let_redirect(items, targets)
    assert await circles(items) == [
        f"I11 {one}: its redirect leads into a circle of {size}" for one, size in endless(targets).items()
    ]


async def test_all_of_a_page_go_one_step_in_one_read(items: Stores) -> None:
    """I11: what it costs depends on how far redirects lead, not on how many there are."""
    *sources, near, end = ITEMS
    await let_redirect(items, {**dict.fromkeys(sources, near), near: end})
    faults = Faults()
    assert await circles(faults.wrap(items)) == []
    # A page of heads and that there are no others; then where the sources are, where they lead, and from there.
    assert faults.verbs() == ["metadata.entities", *["metadata.heads"] * 4, "metadata.entities"]


async def test_who_changes_its_list_while_it_is_looked_at_is_not_found(items: Stores) -> None:
    """Q6: its head was read before, its lists after."""
    faults = Faults()
    pause = faults.pause(When.BEFORE, verb="metadata.lists_of")
    wrapped = faults.wrap(items)

    async def found() -> list[str]:
        return [str(finding) async for finding in check_lists(wrapped)]

    looking = asyncio.create_task(found())
    await pause.reached.wait()
    await make(items, asked("Q5", Protect(Protection.LOCKED)))
    pause.go.set()
    assert await looking == []
