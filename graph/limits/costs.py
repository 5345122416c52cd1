"""What an operation cost before, by the variables that were looked at for it.

To reckon a cost is to look at some variables and at nothing else that changes. So whoever finds these as they were would
look at the same ones, and come to the same cost: the values of all others, such as ids, need not be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from graph.limits.maxima import Maxima
from storage.canonical import tight

MOST = 4
"""Costs that are kept of an operation."""
LONGEST = 4_096
"""Bytes of the variables of one."""


class Looked(Mapping[str, Any]):
    """Variables, and which of them were looked at."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self.names: dict[str, None] = {}

    def __getitem__(self, name: str) -> Any:
        self.names[name] = None
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError("who looks at all of them looks at too much")

    def __len__(self) -> int:
        raise NotImplementedError

    def written(self) -> bytes | None:
        """The names that were looked at, and their values."""
        return _written(self._variables, tuple(self.names))


class Costs:
    """Of one operation. Two threads may keep the same cost twice, which does no harm."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: tuple[tuple[Maxima, tuple[str, ...], bytes, int], ...] = ()

    def find(self, variables: Mapping[str, Any] | None, maxima: Maxima) -> int | None:
        """The cost with these variables, None if it has to be reckoned."""
        for kept, names, written, cost in self._kept:
            if kept == maxima and _written(variables or {}, names) == written:
                return cost
        return None

    def keep(self, looked: Looked, maxima: Maxima, cost: int) -> None:
        """Keep a cost, instead of the oldest."""
        written = looked.written()
        if written is not None and len(written) <= LONGEST:
            self._kept = ((maxima, tuple(looked.names), written, cost), *self._kept[: MOST - 1])


def _written(variables: Mapping[str, Any], names: tuple[str, ...]) -> bytes | None:
    """Names with their values, so that what is not the same is not written the same; None for what JSON can't hold."""
    try:
        return tight(orjson.dumps([[variables[name]] if name in variables else None for name in names]))
    except TypeError:
        return None
