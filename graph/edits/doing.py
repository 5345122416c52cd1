"""What all mutations have in common: first may they, then do they, and an error is a refusal.

No mutation is made without it (a test holds that), so none can forget either.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import strawberry
from strawberry.extensions import FieldExtension

from graph.edits.results import refused
from storage.errors import StorageError


class Doing(FieldExtension):
    """Runs a mutation for those who may, and gives the refusal that an error of storage means."""

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: Any, **kwargs: Any
    ) -> Any:
        info.context.loaders.forget()  # of the mutation before, in the same document
        try:
            info.context.permit(info.field_name)
            return await next_(source, info, **kwargs)
        except StorageError as error:
            return refused(error)


def mutation(*, description: str) -> Any:
    """A field of the root of edits. Its resolver raises StorageError where it does not return a good ending."""
    return strawberry.mutation(description=description, extensions=[Doing()])
