"""Query fields that not every reader may ask for.

Knows how a field is kept back, not from whom: `permit` of the context decides by the field's name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from strawberry.extensions import FieldExtension


class Restricted(FieldExtension):
    """Give it to `strawberry.field(extensions=[...])`: Forbidden before the resolver runs, unless permitted."""

    def resolve(self, next_: Callable[..., Any], source: Any, info: Any, **kwargs: Any) -> Any:
        info.context.permit(info.field_name)
        return next_(source, info, **kwargs)

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: Any, **kwargs: Any
    ) -> Any:
        info.context.permit(info.field_name)
        return await next_(source, info, **kwargs)
