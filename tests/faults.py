"""Stores that fail, stop or die at a chosen call: wrappers around the ports, not mocks.

Every call reaches the real store, unless the fault says that it must not. Knows the ports by their verbs alone;
knows no backend and nothing of what is under test.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, cast

from storage.errors import OutcomeUnknown, Unavailable
from storage.ports import Events, Metadata, Objects, Stores


class When(Enum):
    """On which side of the real call a fault lies."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a verb of a port, numbered from 1 in the order in which the calls began."""

    number: int
    port: str
    verb: str
    arguments: Sequence[Any] = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.port}.{self.verb}"


Action = Callable[[Call], Awaitable[None]]


@dataclass(slots=True)
class _Rule:
    when: When
    action: Action
    number: int | None
    verb: str | None
    times: int | None

    def takes(self, call: Call, when: When) -> bool:
        if self.when is not when or self.times == 0:
            return False
        if self.number not in (None, call.number) or self.verb not in (None, str(call)):
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(slots=True)
class Pause:
    """A call that waits: `reached` is set when it is there, setting `go` lets it through."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)


class Faults:
    """What befalls the calls of the stores that it wraps, and the log of these calls.

    A fault is bound to the n-th call or to a verb (`objects.put_absent`), and by default befalls it once.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._rules: list[_Rule] = []

    def wrap(self, stores: Stores) -> Stores:
        """The same stores, each call of which is logged and open to faults."""
        return replace(
            stores,
            objects=cast(Objects, _Port("objects", stores.objects, self)),
            metadata=cast(Metadata, _Port("metadata", stores.metadata, self)),
            events=cast(Events, _Port("events", stores.events, self)),
        )

    def verbs(self) -> list[str]:
        """The calls so far, as `port.verb`."""
        return [str(call) for call in self.calls]

    def do(
        self,
        action: Action,
        when: When,
        *,
        number: int | None = None,
        verb: str | None = None,
        times: int | None = 1,
    ) -> None:
        """Run `action` at a call; None for `times` is every time."""
        self._rules.append(_Rule(when, action, number, verb, times))

    def fail(
        self, when: When, *, number: int | None = None, verb: str | None = None, times: int | None = 1
    ) -> None:
        """Before: the call never happens. After: it does, and its answer is lost."""
        self.do(_refuse if when is When.BEFORE else _lose, when, number=number, verb=verb, times=times)

    def silence(self, when: When, *, number: int | None = None, verb: str | None = None) -> None:
        """As `fail`, and after that no store ever answers again."""

        async def begin(call: Call) -> None:
            self.do(_refuse, When.BEFORE, times=None)
            await (_refuse(call) if when is When.BEFORE else _lose(call))

        self.do(begin, when, number=number, verb=verb)

    def pause(self, when: When, *, number: int | None = None, verb: str | None = None) -> Pause:
        """Let a call wait until it is told to go on."""
        pause = Pause()

        async def wait(_: Call) -> None:
            pause.reached.set()
            await pause.go.wait()

        self.do(wait, when, number=number, verb=verb)
        return pause

    def kill(self, when: When, *, number: int) -> None:
        """End this process at once, as loss of power would but for what the disk has not got yet."""

        async def die(_: Call) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        self.do(die, when, number=number)

    async def meet(self, call: Call, when: When) -> None:
        """Let befall a call what was told."""
        for rule in list(self._rules):
            if rule.takes(call, when):
                await rule.action(call)


async def _refuse(call: Call) -> None:
    raise Unavailable(f"{call} was not reached")


async def _lose(call: Call) -> None:
    # Of the commit alone a lost answer matters: every other call may be made again (storage.ports).
    if call.verb == "commit":
        raise OutcomeUnknown(f"the answer of {call} is lost")
    raise Unavailable(f"the answer of {call} is lost")


class _Port:
    """One port, its calls passed on."""

    def __init__(self, name: str, port: object, faults: Faults) -> None:
        self._name, self._port, self._faults = name, port, faults

    def __getattr__(self, verb: str) -> Any:
        method = getattr(self._port, verb)
        if not inspect.iscoroutinefunction(method):
            return method

        async def called(*args: Any, **kwargs: Any) -> Any:
            call = Call(len(self._faults.calls) + 1, self._name, verb, args)
            self._faults.calls.append(call)
            await self._faults.meet(call, When.BEFORE)
            try:
                answer = await method(*args, **kwargs)
            except Exception:
                await self._faults.meet(call, When.AFTER)  # a refusal can be lost like any answer
                raise
            await self._faults.meet(call, When.AFTER)
            return answer

        return called
