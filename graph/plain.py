"""Types over plain data: what a type's source is, and which key or pure function of it each field stands for.

A plain type is never made an instance of: its source is what the store holds (a dictionary, an id). The mapping is
declared on the fields, so that whatever executes a query can read it: no field of it does I/O or looks at a request.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from strawberry.types.field import StrawberryField

Getter = str | Callable[[Any], Any]
"""A key that the source is sure to have, or a pure function of the source."""


class PlainField(StrawberryField):
    """A field of a plain type; `getter` says what of the source it is."""

    getter: Callable[[Any], Any]

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        """The field's value. Called for every plain field of an answer: nothing more may happen here."""
        return self.getter(source)

    def __copy__(self) -> PlainField:
        copied = super().__copy__()
        copied.getter = self.getter
        return copied


def plain(getter: Getter, *, description: str) -> Any:
    """A field that is a key or a pure function of its type's source."""
    field = PlainField(description=description)
    field.getter = itemgetter(getter) if isinstance(getter, str) else getter
    return field


def text_if_any(key: str) -> Callable[[Any], str | None]:
    """The getter of a text that the source need not have; None too for what an import had there instead of a text."""

    def text(source: Any) -> str | None:
        found = source.get(key)
        return found if isinstance(found, str) else None

    return text


def extra(*known: str) -> Callable[[Any], Any]:
    """The getter of what a dictionary has beside the keys that its type has fields for; None for nothing."""
    keys = frozenset(known)

    def rest(source: Any) -> Any:
        return {key: value for key, value in source.items() if key not in keys} or None

    return rest
