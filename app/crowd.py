"""How many operations, subscriptions and connections each client has at the same time, in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import TracebackType


class Full(Exception):
    """A client has as many of a kind as it may."""

    def __init__(self, kind: str, most: int) -> None:
        self.kind, self.most = kind, most
        super().__init__(f"{most} {kind} at the same time are allowed")


class Crowd:
    """What is under way, by kind and client; of each kind so many at most, 0 is no limit."""

    def __init__(self, most: Mapping[str, int]) -> None:
        self._most = most
        self._here: Counter[tuple[str, str]] = Counter()

    def __len__(self) -> int:
        """How many clients and kinds something is under way of."""
        return len(self._here)

    def place(self, kind: str) -> Place:
        """A place for one of a kind: take it for a client, and leave it."""
        return Place(self, kind)

    def enter(self, kind: str, client: str) -> None:
        """One more. Full."""
        most = self._most.get(kind, 0)
        if most and self._here[kind, client] >= most:
            raise Full(kind, most)
        self._here[kind, client] += 1

    def leave(self, kind: str, client: str) -> None:
        """One less; of whom nothing is left, nothing is kept."""
        self._here[kind, client] -= 1
        if self._here[kind, client] <= 0:
            del self._here[kind, client]


class Place:
    """A place in the crowd, left at the end of its `with` by whoever has it then."""

    def __init__(self, crowd: Crowd, kind: str) -> None:
        self._crowd, self._kind = crowd, kind
        self._client: str | None = None

    def take(self, client: str) -> None:
        """For this client from now on, instead of another. Full: then the place is still the other's."""
        if client == self._client:
            return
        self._crowd.enter(self._kind, client)
        self._leave()
        self._client = client

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._client is not None:
            self._crowd.leave(self._kind, self._client)
            self._client = None
