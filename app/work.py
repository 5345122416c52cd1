"""Edits and their consequences, in tasks that the process owns.

A client that goes away does not stop an edit that has begun: the task runs on, and a shutdown waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine
from typing import Any

from storage import erasure, relay
from storage.commit import Outcome, commit
from storage.derive import derive
from storage.edits import Edit
from storage.errors import StorageError
from storage.housekeeping import Housekeeping
from storage.ids import EntityId, EntityType, PropertyId
from storage.numbering import Numbers, new_entity_id
from storage.ports import EditKey, Stores
from storage.references import References
from storage.tally import begin
from storage.times import Clock

log = logging.getLogger(__name__)


class Work:
    """What this process has under way."""

    def __init__(
        self,
        stores: Stores,
        *,
        clock: Clock,
        references: References,
        poll_seconds: float,
        maintained_by: PropertyId | None = None,
        housekeeping: Housekeeping | None = None,
    ) -> None:
        self._stores = stores
        self._clock = clock
        self._references = references
        self._maintained_by = maintained_by
        self._poll_seconds = poll_seconds
        self._housekeeping = housekeeping
        self._numbers = Numbers()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._wake = asyncio.Event()
        self._relay: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None

    async def commit(self, edit: Edit) -> Outcome:
        """Make an edit; its consequences are drawn behind the answer."""
        return await asyncio.shield(self._own(self._commit(edit)))

    async def new_entity_id(self, kind: EntityType, key: EditKey | None) -> EntityId:
        """The id of an entity to be created."""
        return await asyncio.shield(
            self._own(new_entity_id(kind, key, self._numbers, self._stores, self._clock))
        )

    def start(self) -> None:
        """Begin to relay."""
        owner = f"{os.getpid()}-{os.urandom(4).hex()}"
        self._relay = asyncio.create_task(
            relay.run(
                self._stores,
                owner=owner,
                wake=self._wake,
                clock=self._clock,
                poll_seconds=self._poll_seconds,
                housekeeping=self._housekeeping,
            )
        )

        if self._stores.cache is not None:
            self._watch = asyncio.create_task(erasure.watch(self._stores, clock=self._clock))

    async def drain(self, seconds: float) -> None:
        """Finish what is under way, then stop relaying; what is left after `seconds` is left to the next process."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self._tasks and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
        ending = [*self._tasks, *(task for task in (self._relay, self._watch) if task is not None)]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def _commit(self, edit: Edit) -> Outcome:
        made = commit(
            edit,
            self._stores,
            clock=self._clock,
            references=self._references,
            maintained_by=self._maintained_by,
        )
        outcome = await self._stores.meter.edit(edit, made)
        if outcome.owed is not None:
            self._own(self._derive(outcome))
        return outcome

    async def _derive(self, outcome: Outcome) -> None:
        assert outcome.owed is not None
        begin(None)  # what follows the answer is no part of what the request pulled
        try:
            await derive(outcome.owed, self._stores)
        except StorageError as error:
            # Not lost: the revision's row still owes it, and the relay will do it.
            log.warning("deriving %s %s is left to the relay: %s", outcome.entity, outcome.revision, error)
        self._wake.set()

    def _own(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has it; if nobody did any more, it is not "never retrieved"
