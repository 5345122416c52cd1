"""Whom the core tells what it does, so that it can be counted and traced.

Knows no library for either: what is told are names, sizes and spans of time. Only what can't be seen at the ports is
told here; whoever counts calls of stores wraps these.
"""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from storage.commit import Outcome
    from storage.edits import Edit


class Meter(Protocol):
    """All that is told."""

    def batch(self, loader: str, size: int) -> AbstractContextManager[object]:
        """A loader reads so many keys at once."""

    def round(self, job: str, size: int) -> AbstractContextManager[object]:
        """The relay does so much of a job. Not told of rounds that find nothing to do."""

    def validation(self) -> AbstractContextManager[object]:
        """What an edit says is validated."""

    async def edit(self, edit: Edit, made: Awaitable[Outcome]) -> Outcome:
        """An edit is made: its outcome, or what it is refused with."""


class Unmetered:
    """Nobody is told."""

    def batch(self, loader: str, size: int) -> AbstractContextManager[object]:
        return nullcontext()

    def round(self, job: str, size: int) -> AbstractContextManager[object]:
        return nullcontext()

    def validation(self) -> AbstractContextManager[object]:
        return nullcontext()

    async def edit(self, edit: Edit, made: Awaitable[Outcome]) -> Outcome:
        return await made


UNMETERED = Unmetered()
