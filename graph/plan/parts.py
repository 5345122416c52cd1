"""Parts of answers that are the same wherever their source's key is the same, kept as they are written while there is room.

Knows neither what a part is of nor how it is written. Safe for several threads: what two make at once is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import count
from threading import Lock
from typing import Any

OVERHEAD, OF_A_FIELD = 900, 120
"""Bytes of memory that a part takes: for being there, and for each of its fields."""

Written = Callable[[Any], tuple[Any, int]]
"""Gives what stands for a value in an answer, and how many bytes that has. What it raises says that the value is to stay."""
Made = tuple[Any, int, int]
"""An object of the answer, how many fields there are in it and below, and what it weighs. Nobody may change it."""


class Parts:
    """Of up to `bound` bytes together. What is not asked for while half of that is added goes."""

    def __init__(self, bound: int, write: Written) -> None:
        self.bound = bound
        self.misses = 0
        """Parts that were made since they were not kept."""
        self._write = write
        self._young: dict[Hashable, Made] = {}
        self._old: dict[Hashable, Made] = {}
        self._bytes = [0, 0]
        """Of the young, of the old."""
        self._lock = Lock()
        self.numbers = count()
        """For whoever needs a number in its keys that nobody else has."""

    @property
    def bytes(self) -> int:
        """About how many bytes of memory they take."""
        return sum(self._bytes)

    @property
    def entries(self) -> int:
        """How many are kept."""
        return len(self._young) + len(self._old)

    def find(self, key: Hashable) -> Made | None:
        """The part of a key, None if it is not kept."""
        found = self._young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self._add(key, found)
        return found

    def keep(self, key: Hashable, answer: dict[str, Any], fields: int, *, whole: bool) -> Made:
        """Keep an object of an answer. As a `whole` it is written; else it stays one, and what is below it is written.

        What can't be written is not kept.
        """
        self.misses += 1
        try:
            if whole:
                written, weight = self._write(answer)
            else:
                written, weight = {}, OF_A_FIELD * len(answer)
                for name, value in answer.items():
                    if value.__class__ is dict or value.__class__ is list:
                        written[name], more = self._write(value)
                        weight += more
                    else:
                        written[name] = value
        except Exception:
            return answer, fields, 0
        made = (written, fields, OVERHEAD + weight)
        if made[2] <= self.bound // 2:
            self._add(key, made)
        return made

    def forget(self) -> None:
        """Keep none of them any more."""
        with self._lock:
            self._young, self._old, self._bytes = {}, {}, [0, 0]

    def _add(self, key: Hashable, made: Made) -> None:
        with self._lock:
            if self._old.pop(key, None) is not None:
                self._bytes[1] -= made[2]
            if key in self._young:
                return
            if self._bytes[0] + made[2] > self.bound // 2:
                self._old, self._bytes[1] = self._young, self._bytes[0]
                self._young, self._bytes[0] = {}, 0
            self._young[key] = made
            self._bytes[0] += made[2]
