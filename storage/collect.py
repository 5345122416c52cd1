"""Delete statements that nobody holds any more, long after the last holder let go (T7).

Runs beside writers, and beside itself. A writer leaves a pending fact before it relies on a statement, and then looks
at the statement's state; the collector changes the state, and then looks for pending facts. So of the two one always
sees the other:

    writer              collector
    pending fact
    looks: live
                        condemns
                        gives up? sees the pending fact: takes it back
    - or -
                        condemns
    pending fact
    looks: condemned, takes it back
                        gives up? it is condemned no more
    - or -
                        condemns
                        gives up, since there is no pending fact
    pending fact
    looks: given up, and takes the next probe, as past any other statement

What is given up is never shared again: so its object may be deleted at any time, twice, by one who was paused for a
day, and hits nothing that anybody relies on. Nor has a writer ever to wait for the collector. The place in the chain
of probes stays taken (docs/adr).

A pending fact counts as held while its attempt may commit, and once it has: only what is known to be dead is dropped.
So the age is no part of what makes this safe; it is what was promised. Knows ports; knows no clock but its argument.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from storage.errors import Damaged, Fault, Invalid
from storage.ids import EntityId
from storage.keys import Key, older_statement_keys, statement_key
from storage.model import Attempt, StatementHash
from storage.port_collecting import Fate, Orphan, Trial
from storage.ports import Stores
from storage.times import Clock

LEAST_AGE = timedelta(days=180)
MOST = 10_000
"""Statements that one call deletes."""
PAGE = 500
MARGIN = timedelta(days=1)
"""Waited beyond any age: the clock that noted the last holder's going, and this one, may each be wrong (I15)."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found: of the orphans that were looked at, those too young, those still claimed, those that went.

    `collected` and `bytes` are what would go, where it was only asked for. `more` says that the limit was reached.
    """

    young: int = 0
    claimed: int = 0
    collected: int = 0
    bytes: int = 0
    more: bool = False


async def collect(
    stores: Stores,
    clock: Clock,
    *,
    older_than: timedelta = LEAST_AGE,
    limit: int = MOST,
    dry_run: bool = False,
) -> Report:
    """Delete up to `limit` statements that nobody has held for so long; with `dry_run` only count them.

    Invalid for an age below 180 days or a limit beyond 10,000. Broken off anywhere, the next call goes on.
    """
    _refuse_limits(older_than, limit)
    before = clock() - older_than - MARGIN
    report, after = Report(), None
    while page := await stores.metadata.orphans(after, PAGE):
        after = page[-1].hash
        ripe = [one for one in page if one.given_up or one.since <= before]
        free = await _unclaimed(stores, ripe, drop=not dry_run)
        report = replace(
            report,
            young=report.young + len(page) - len(ripe),
            claimed=report.claimed + len(ripe) - len(free),
        )
        room = limit - report.collected
        going = [one.hash for one in free[:room]]
        if not dry_run:
            # Two calls: only when the mark is there for all to see, all who did not see it are in sight themselves.
            marked = await stores.metadata.condemn(going, before)
            given_up = {one.hash for one in free[:room] if one.given_up}
            going = sorted(await stores.metadata.give_up(marked) | given_up)
        report = replace(
            report,
            collected=report.collected + len(going),
            bytes=report.bytes + await _size(stores, going),
            more=len(free) > room,
        )
        if not dry_run and going:
            await stores.objects.delete(_keys(going))
            await stores.metadata.collected(going)
        if report.more:
            break
    return report


def _refuse_limits(older_than: timedelta, limit: int) -> None:
    faults = []
    if older_than < LEAST_AGE:
        words = f"statements are kept for {LEAST_AGE.days} days at least"
        faults.append(Fault("/olderThanDays", "below_minimum", words, {"minimum": LEAST_AGE.days}))
    if not 1 <= limit <= MOST:
        words = f"a batch has 1 to {MOST} statements"
        faults.append(Fault("/limit", "out_of_range", words, {"minimum": 1, "maximum": MOST}))
    if faults:
        raise Invalid(faults)


async def _unclaimed(stores: Stores, orphans: Sequence[Orphan], *, drop: bool) -> list[Orphan]:
    """Those that no attempt claims which may commit, or has committed; claims of dead ones are dropped."""
    claims = await stores.metadata.pending([one.hash for one in orphans if not one.given_up])
    trials = {
        one: [Trial(fact.entity, fact.attempt, fact.base) for fact in facts] for one, facts in claims.items()
    }
    fates = await stores.metadata.fates({trial for some in trials.values() for trial in some})
    if drop:
        dead: dict[tuple[EntityId, Attempt], list[StatementHash]] = {}
        for one, some in trials.items():
            for trial in some:
                if fates[trial] is Fate.DEAD:
                    dead.setdefault((trial.entity, trial.attempt), []).append(one)
        for (entity, attempt), hashes in dead.items():
            await stores.metadata.release(entity, hashes, attempt)
    return [one for one in orphans if all(fates[trial] is Fate.DEAD for trial in trials.get(one.hash, ()))]


async def _size(stores: Stores, hashes: Collection[StatementHash]) -> int:
    """Bytes of the objects that are there; of a damaged one nobody knows."""
    found = await stores.objects.get(_keys(hashes))
    return sum(len(one.data) for one in found.values() if not isinstance(one, Damaged))


def _keys(hashes: Collection[StatementHash]) -> list[Key]:
    return [key for one in hashes for key in (statement_key(one), *older_statement_keys(one))]
