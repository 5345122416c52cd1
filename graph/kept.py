"""Operations that were prepared before, kept by their text and the rules they were held to, while there is room.

What is found here is neither parsed nor validated again. Only what was found valid is kept: what is refused costs its
sender as much each time. Safe for several threads. Knows nothing of how an operation is prepared.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from graphql import DocumentNode

if TYPE_CHECKING:
    from graph.documents import Operation

OVERHEAD, OF_A_TOKEN = 2_000, 400
"""Bytes of memory that a kept document takes: for being there, and for each of its tokens with the nodes made of them.

Measured with `tracemalloc`: 360 for each token of documents of 65 and of 1,204 tokens. The text itself is there twice, as
the key and in the words and strings that were cut out of it.
"""


@dataclass(frozen=True, slots=True)
class OperationKey:
    """All that decides what is prepared: the whole text and not a hash of it, the name, and the rules."""

    text: str
    name: str | None
    rules: Hashable


class Kept:
    """The operations asked for last, of up to `bound` bytes together; with 0 none is kept."""

    def __init__(self, bound: int) -> None:
        self.bound = bound
        self._kept: OrderedDict[OperationKey, tuple[Operation, int]] = OrderedDict()
        self._lock = Lock()
        self.hits = 0
        self.misses = 0
        self.evictions = 0
        self.bytes = 0

    def find(self, key: OperationKey) -> Operation | None:
        """The operation of a key, None if it is not kept."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                self.misses += 1
                return None
            self.hits += 1
            self._kept.move_to_end(key)
            return found[0]

    def keep(self, key: OperationKey, operation: Operation) -> None:
        """Keep one, instead of those that nobody asked for longest. One that alone has no room is not kept."""
        weight = weight_of(key.text, operation.document)
        if weight > self.bound:
            return
        with self._lock:
            if key in self._kept:
                return  # somebody else prepared it meanwhile: theirs may be in use already
            self._kept[key] = (operation, weight)
            self.bytes += weight
            while self.bytes > self.bound:
                _, (_, lighter) = self._kept.popitem(last=False)
                self.bytes -= lighter
                self.evictions += 1


def weight_of(text: str, document: DocumentNode) -> int:
    """About how many bytes of memory a text and its document take."""
    tokens = 0
    token = document.loc.start_token if document.loc is not None else None
    while token is not None:
        tokens += 1
        token = token.next
    return OVERHEAD + 2 * sys.getsizeof(text) + OF_A_TOKEN * tokens
