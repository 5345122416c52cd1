"""The targets of a redirect, reserved while it is made: no two that are made at once can close a circle (I11).

Who is reserved can't become a redirect, and who makes a redirect looks at its target only after reserving it. So of
A to B beside B to A, each finds itself reserved by the other: both give up, and try again. A reservation whose holder
died is taken away by whom it hinders, after a fence sees to it that the holder, were it but slow, commits no more.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from storage.changes import SetRedirect
from storage.edits import Edit
from storage.errors import OutcomeUnknown, StorageError, TargetUnfit
from storage.ids import EntityId, type_of
from storage.model import Attempt, Head
from storage.ports import Stores
from storage.times import Clock

ABANDONED = timedelta(seconds=5)
"""After so long a reservation is taken for its holder's last word. A guess, and only about who waits for whom."""


class Reserving:
    """What one edit has reserved; nothing, if it makes no redirect. Lets go at the end, if it is known how that was."""

    def __init__(self, edit: Edit, stores: Stores, clock: Clock) -> None:
        self._edit, self._stores, self._clock = edit, stores, clock
        self._reserved: list[EntityId] = []
        self._attempt: Attempt | None = None

    async def __aenter__(self) -> Reserving:
        return self

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        # A commit of which nobody knows may land yet: until it is fenced its target must not become a redirect.
        if error is None or (isinstance(error, StorageError) and not isinstance(error, OutcomeUnknown)):
            await self.let_go()

    async def reserve(self, attempt: Attempt) -> None:
        """Reserve the target for an attempt, unless that is done. TargetUnfit if it can't be one (W8)."""
        change = self._edit.change
        if not isinstance(change, SetRedirect) or attempt == self._attempt:
            return
        await self.let_go()
        self._attempt = attempt
        if type_of(change.target) is not type_of(self._edit.entity):
            raise self._unfit("other_type")
        target: EntityId | None = change.target
        while target is not None:
            target = await self._reserve(target, attempt)

    async def let_go(self) -> None:
        """Take back what is reserved. What fails here is cleared away by whom it hinders."""
        reserved, self._reserved = self._reserved, []
        attempt, self._attempt = self._attempt, None
        for target in reserved:
            assert attempt is not None
            with suppress(StorageError):
                await self._stores.metadata.release_target(target, self._edit.entity, attempt)

    async def clear(self) -> None:
        """Take away reservations of the edit's own entity that nobody seems to need any more."""
        metadata, entity, now = self._stores.metadata, self._edit.entity, self._clock()
        for one in await metadata.reservations(entity):
            # What seems to lie in the future comes from a clock that jumped back.
            if not timedelta(0) <= now - one.since < ABANDONED:
                await metadata.fence(one.source, one.attempt)
                await metadata.release_target(entity, one.source, one.attempt)

    async def _reserve(self, target: EntityId, attempt: Attempt) -> EntityId | None:
        """Reserve one entity; answers the next, where redirects may lead on: in an import."""
        if target == self._edit.entity:
            raise self._unfit("circle" if self._reserved else "itself")
        self._reserved.append(target)
        head = await self._stores.metadata.reserve_target(target, self._edit.entity, attempt, self._clock())
        if not self._edit.revives and (why := _unfit(head)):
            raise self._unfit(why)
        return head.redirects_to if head is not None else None

    def _unfit(self, why: str) -> TargetUnfit:
        change = self._edit.change
        assert isinstance(change, SetRedirect)
        return TargetUnfit(self._edit.entity, change.target, why)


def unfit(source: EntityId, target: EntityId, head: Head | None) -> str | None:
    """Why one entity can't redirect to another, which has this head, in a word; None if it can (W8)."""
    if type_of(target) is not type_of(source):
        return "other_type"
    return "itself" if target == source else _unfit(head)


def _unfit(head: Head | None) -> str | None:
    """Why an entity can't be redirected to, in a word; None if it can."""
    if head is None:
        return "missing"
    flags = head.flags
    for is_so, why in (
        (flags.is_deleted, "gone"),
        (flags.is_soft_deleted, "deleted"),
        (flags.is_archived, "archived"),
        (flags.is_locked, "locked"),
        (flags.is_redirect, "redirect"),
    ):
        if is_so:
            return why
    return None
