"""What follows a commit: drawn by anyone, twice, in any order, and told to the world at least once (I7, I9, I11)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from storage import relay, times
from storage.commit import Owed
from storage.derive import derive
from storage.edits import Base
from storage.errors import Unavailable
from storage.ports import HoldersPage, Stores
from tests.builders import EntityBuilder, a_body, an_item
from tests.commit.making import edit, findings, make, redirect
from tests.faults import Faults, When


def version(*targets: str) -> EntityBuilder:
    """An item that refers to these items, and says something that many say."""
    item = an_item().with_statement("P1", string="shared")
    for target in targets:
        item = item.with_statement("P2", item=target, id=None)
    return item


async def three(stores: Stores) -> Sequence[Owed]:
    """Three revisions that add and take away the same links, none of them followed up."""
    edits = [
        edit(version("Q1", "Q2"), Base.NOTHING),
        edit(version("Q2", "Q3"), 1),
        edit(version("Q1", "Q3"), 2),
    ]
    owed = []
    for one in edits:
        outcome = await make(stores, one)
        assert outcome.owed is not None
        owed.append(outcome.owed)
    return owed


async def told(stores: Stores) -> list[tuple[str, int]]:
    """The stream of events."""
    return [(one.event.entity_id, one.event.revision_id) for one in await stores.events.read(None, 1000)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1), (0, 0, 2, 1, 1, 2)])
async def test_revisions_may_be_followed_up_in_any_order_and_twice(
    stores: Stores, order: Sequence[int]
) -> None:
    """I7, I11: facts only add up, and of a link the newest revision's word stands."""
    owed = await three(stores)
    for one in order:
        await derive(owed[one], stores)
    assert await findings(stores) == []
    shared = a_body("P1", string="shared")
    one = stores.hasher(shared.canonical, 0)
    assert (await stores.metadata.find([one]))[one].ref_count == 1


async def test_revisions_may_be_followed_up_by_many_at_once(stores: Stores) -> None:
    """I7: the process that committed and the relays, all at the same time."""
    owed = await three(stores)
    await asyncio.gather(*(derive(one, stores) for one in [*owed, *owed, *owed]))
    assert await findings(stores) == []


async def test_a_redirect_that_is_followed_up_late_does_not_return(stores: Stores) -> None:
    """I11: the entity has said something else since."""
    await make(stores, edit(version(), Base.NOTHING))
    away = await make(stores, redirect("Q42", "Q5", 1, revives=True))
    back = await make(stores, edit(version("Q1"), 2, revives=True))
    assert away.owed is not None
    assert back.owed is not None
    await derive(back.owed, stores)
    await derive(away.owed, stores)
    assert await findings(stores) == []
    assert await stores.metadata.all_redirects(None, 10) == []


@pytest.mark.parametrize("when", When)
@pytest.mark.parametrize("verb", ["events.publish", "metadata.mark"])
async def test_no_event_is_lost_when_a_relay_fails(stores: Stores, verb: str, when: When) -> None:
    """I9, E3: marked after the acknowledgement, never before; what is told twice has the same id."""
    await three(stores)
    faults = Faults()
    faults.fail(when, verb=verb)
    with pytest.raises(Unavailable):
        await relay.publish(faults.wrap(stores))
    await relay.publish(stores)
    assert sorted(set(await told(stores))) == [("Q42", 1), ("Q42", 2), ("Q42", 3)]
    assert await stores.metadata.unpublished(10) == []
    assert await findings(stores) == []


async def test_events_come_in_order_of_revision(stores: Stores) -> None:
    """I9: of each entity, though another's commits lie between."""
    await three(stores)
    await make(stores, edit(an_item("Q7"), Base.NOTHING))
    await make(stores, edit(version("Q9"), 3))
    await relay.publish(stores)
    assert [revision for entity, revision in await told(stores) if entity == "Q42"] == [1, 2, 3, 4]


async def test_each_committed_revision_has_its_event(stores: Stores) -> None:
    """I9, E1: the outbox row commits with the revision, whoever dies after."""
    await three(stores)
    assert [(work.entity, work.revision) for work in await stores.metadata.unpublished(10)] == [
        ("Q42", 1),
        ("Q42", 2),
        ("Q42", 3),
    ]


async def test_a_refused_edit_has_no_event(stores: Stores) -> None:
    """I9: none is invented for what did not commit."""
    await three(stores)
    faults = Faults()
    faults.fail(When.BEFORE, verb="metadata.commit")
    with pytest.raises(Unavailable):
        await make(faults.wrap(stores), edit(version(), 3))
    await relay.settle(stores, clock=times.now)
    assert await told(stores) == [("Q42", 1), ("Q42", 2), ("Q42", 3)]


async def test_a_statement_taken_away_stays_counted(stores: Stores) -> None:
    """I7, T4: a retained revision holds it still."""
    await make(stores, edit(version(), Base.NOTHING), edit(an_item(), 1))
    assert await findings(stores) == []
    one = stores.hasher(a_body("P1", string="shared").canonical, 0)
    page = HoldersPage(one, 10)
    assert await stores.metadata.holders([page]) == {page: ["Q42"]}
