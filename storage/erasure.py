"""Erase content on legal demand: no reader gets it any more, and nobody can write it again (W7).

First it is written down what is to be erased, then it is marked in the database, then the objects go. Whoever dies in
between leaves the note, and the relay goes on with it: every step may be done twice. A statement is erased for all who
hold it; in its place they have the error `erased`, and else they are as they were. Of a revision all goes but its row in
the history.

Every process keeps parsed objects at hand. It looks twice a second for what is to be erased, and from then on neither
keeps it, nor hands out what it was just reading. A writer who claimed the statement before may put its object again: so
an erasure is not done as long as anybody claims it, and is gone over again, at ever longer intervals. Knows ports.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage import reading
from storage.ending import pause
from storage.errors import (
    Damaged,
    EntityMissing,
    IsHead,
    NoErasureKey,
    RevisionMissing,
    StatementMissing,
    StorageError,
)
from storage.ids import EntityId
from storage.keys import Key, older_snapshot_keys, older_statement_keys, snapshot_key, statement_key
from storage.links import links
from storage.model import StatementHash
from storage.port_collecting import Fate, Trial
from storage.port_erasing import Erasure
from storage.ports import HoldersPage, Stores
from storage.times import Clock

log = logging.getLogger(__name__)

BATCH = 500
PAGE = 500
TAKEN_OVER = timedelta(seconds=2)
"""After so long the relay goes on with what is not done."""
LONGEST = timedelta(days=1)
"""Between two looks at one that can't be done yet."""
LOOK_BACK = timedelta(days=1)
"""How far back a process looks for erasures, since clocks differ and it may have slept."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased. If it is not done, somebody still claims it or something is still to be derived."""

    erasure: Erasure
    done: bool


async def erase_statement(
    stores: Stores, statement: StatementHash, *, reason: str, by: str, clock: Clock
) -> Erased:
    """Erase a statement for all who hold it. StatementMissing, NoErasureKey; after Unavailable it may be under way."""
    _refuse_without_key(stores)
    if statement not in await stores.metadata.find([statement]):
        raise StatementMissing(statement)
    erasure = Erasure(os.urandom(16), reason, by, now := clock(), now + TAKEN_OVER, statement=statement)
    return await _begin(erasure, stores, clock)


async def erase_revisions(
    stores: Stores, entity: EntityId, revisions: Sequence[int], *, reason: str, by: str, clock: Clock
) -> Erased:
    """Erase revisions of an entity. EntityMissing, RevisionMissing, IsHead; after Unavailable it may be under way."""
    wanted = tuple(sorted(set(revisions)))
    head = (await stores.metadata.heads([entity])).get(entity)
    if head is None:
        raise EntityMissing(entity)
    # Asked before it is written down, and true for ever: what is not the head now never is again.
    if head.head.revision in wanted:
        raise IsHead(entity, head.head.revision)
    there = await stores.metadata.revisions([(entity, one) for one in wanted])
    for one in wanted:
        if (entity, one) not in there:
            raise RevisionMissing(entity, one)
    now = clock()
    erasure = Erasure(os.urandom(16), reason, by, now, now + TAKEN_OVER, entity=entity, revisions=wanted)
    return await _begin(erasure, stores, clock)


async def erase_left_over(stores: Stores, clock: Clock) -> int:
    """Go on with up to a batch of what is due; answers how many there were."""
    due = await stores.metadata.unfinished(clock(), BATCH)
    if due:
        with stores.meter.round("erasing", len(due)):
            for erasure in due:
                await carry_out(erasure, stores, clock)
    return len(due)


async def carry_out(erasure: Erasure, stores: Stores, clock: Clock) -> bool:
    """All that there is to do, from the beginning; whether it is done for good."""
    if stores.cache is not None:
        stores.cache.forget(keys_of(erasure))
    if erasure.statement is not None:
        done = await _carry_out_statement(erasure.statement, stores)
    else:
        done = await _carry_out_revisions(erasure, stores, clock())
    if done:
        await stores.metadata.finish_erasure(erasure.id)
    else:
        now = clock()
        wait = min(max(now - erasure.at, timedelta(seconds=1)), LONGEST)
        await stores.metadata.put_off(erasure.id, now + wait)
    return done


async def watch(stores: Stores, *, clock: Clock, poll_seconds: float = 0.5) -> None:
    """Keep this process from handing out what others erase, until cancelled."""
    assert stores.cache is not None, "who keeps nothing has nothing to forget"
    since, fails = clock() - LOOK_BACK, False
    while True:
        try:
            now = clock()
            for erasure in await stores.metadata.erasures_since(since):
                stores.cache.forget(keys_of(erasure))
            since, fails = now - LOOK_BACK, False
        except StorageError as error:
            # Nothing is read without its row, so whoever can't ask here hands out nothing either.
            if not fails:
                log.warning("looking for erasures fails, and is tried again: %s", error)
            fails = True
        await pause(poll_seconds)


def keys_of(erasure: Erasure) -> list[Key]:
    """The objects that go, under all names that they may have."""
    if erasure.statement is not None:
        return [statement_key(erasure.statement), *older_statement_keys(erasure.statement)]
    assert erasure.entity is not None
    entity = erasure.entity
    return [
        key
        for one in erasure.revisions
        for key in (snapshot_key(entity, one), *older_snapshot_keys(entity, one))
    ]


async def _begin(erasure: Erasure, stores: Stores, clock: Clock) -> Erased:
    await stores.metadata.begin_erasure(erasure)
    return Erased(erasure, await carry_out(erasure, stores, clock))


async def _carry_out_statement(statement: StatementHash, stores: Stores) -> bool:
    _refuse_without_key(stores)
    await stores.metadata.erase_statement(statement, stores.erasure_key)
    await _unlink(statement, stores)
    await stores.objects.delete([statement_key(statement), *older_statement_keys(statement)])
    await _drop_dead_claims(statement, stores)
    return not await stores.metadata.still_claimed(statement)


async def _unlink(statement: StatementHash, stores: Stores) -> None:
    """Forget whom it refers to. Its object tells; if that is gone, this was done before."""
    body = (await reading.stored_statements(stores, [statement]))[statement]
    targets = {link.target for link in links(statement, body)} if not isinstance(body, Damaged) else set()
    page = HoldersPage(statement, PAGE)
    while targets and (holders := (await stores.metadata.holders([page]))[page]):
        await stores.metadata.unlink(statement, targets, holders)
        page = HoldersPage(statement, PAGE, holders[-1])


async def _drop_dead_claims(statement: StatementHash, stores: Stores) -> None:
    claims = (await stores.metadata.pending([statement])).get(statement, ())
    trials = [Trial(one.entity, one.attempt, one.base) for one in claims]
    fates = await stores.metadata.fates(trials)
    for trial in trials:
        if fates[trial] is Fate.DEAD:
            await stores.metadata.release(trial.entity, [statement], trial.attempt)


async def _carry_out_revisions(erasure: Erasure, stores: Stores, now: datetime) -> bool:
    entity = erasure.entity
    assert entity is not None
    await stores.metadata.erase_revisions(entity, erasure.revisions, erasure.reason, erasure.by, erasure.at)
    await stores.objects.delete(keys_of(erasure))
    if await stores.metadata.owes(entity):
        return False  # what is noted as held after we let go would be held for ever
    holdings = await stores.metadata.erased_holdings(entity)
    await stores.metadata.let_go(entity, sorted(holdings.only), now)
    # Who was quick may have brought one back between the look and the letting go; it is noted again.
    holdings = await stores.metadata.erased_holdings(entity)
    await stores.metadata.hold(entity, sorted(holdings.elsewhere), None)
    await stores.metadata.wipe(entity, erasure.revisions)
    return True


def _refuse_without_key(stores: Stores) -> None:
    if not stores.erasure_key:
        raise NoErasureKey
