"""Where a value stands in an answer, noted as cheaply as can be, since it is asked for only of what is lazy or goes wrong."""

from __future__ import annotations

from typing import Any

from graphql.pyutils import Path

Place = Path | tuple[Any, Any, Any]
"""A path, or what it is made of: the place above, the key, and the type that has the field."""


def path_of(place: Place) -> Path:
    """The path of a place."""
    # A path is a tuple too, so what it is made of tells nothing.
    if isinstance(place, Path):
        return place
    above: Any = place[0]
    return Path(path_of(above), place[1], place[2])
