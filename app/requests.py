"""What is known of one request while it is answered, and what is counted of it in the end.

A request is what has one answer: an HTTP request, or an operation on a WebSocket; a subscription has more than one.
Knows no protocol.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from time import perf_counter
from typing import Any, Concatenate, ParamSpec

from graphql import OperationType
from starlette.datastructures import State

from app.access import ANONYMOUS, Actor
from app.meter import AppMeter
from app.tracing import current_trace
from graph.documents import Operation
from storage.tally import Tally, begin, current

NAMES = 50
"""Operations that have numbers of their own, in each process."""
LONGEST_NAME = 64
OTHER, UNNAMED = "other", "unnamed"

_SUBSCRIPTION = OperationType.SUBSCRIPTION.value


@dataclass(slots=True)
class Request(Tally):
    """The tally of a request, and what it is."""

    began: float = field(default_factory=perf_counter)
    type: str = ""
    """query, mutation or subscription, as soon as that is known."""
    name: str = ""
    """As its author calls it, if at all."""
    is_known: bool = False
    """Whether who asks has said who they are, or needs not."""
    cost_wanted: bool = False
    errors: Counter[str] = field(default_factory=Counter)
    """The codes of the errors that were told."""


def request_here() -> Request | None:
    """The request of this context, if there is one."""
    found = current()
    return found if isinstance(found, Request) else None


class Names:
    """Which operations have numbers of their own: Prometheus keeps each for ever, and clients may make up any.

    Those named beforehand; where none are, the first ones of callers that are known.
    """

    def __init__(self, listed: str = "") -> None:
        self._names = {name.strip() for name in listed.split(",") if name.strip()}
        self._open = not self._names

    def label(self, request: Request) -> str:
        """The name to count a request under."""
        name = request.name
        if not name:
            return UNNAMED
        if name in self._names:
            return name
        if self._open and request.is_known and len(self._names) < NAMES and len(name) <= LONGEST_NAME:
            self._names.add(name)
            return name
        return OTHER


class Requests:
    """Counts requests of one application."""

    def __init__(self, meter: AppMeter, names: Names) -> None:
        self.meter, self._names = meter, names

    def ended(self, request: Request) -> None:
        """Note a request that was answered, or whose subscription is over."""
        metrics = self.meter.metrics
        for code, number in request.errors.items():
            metrics.errors.labels(code).inc(number)
        if request.type == _SUBSCRIPTION:
            metrics.subscriptions.dec()
        elif request.type:
            seconds = perf_counter() - request.began
            metrics.operations.labels(request.type, self._names.label(request)).observe(seconds)
        if request.cost is not None and request.type:
            metrics.cost.labels(request.type).observe(request.cost)


P = ParamSpec("P")
Answers = Callable[Concatenate[State, P], AsyncGenerator[dict[str, Any], None]]


def as_requests(answers: Answers[P]) -> Answers[P]:
    """The same answers, each call counted as a request of its own unless it is part of one."""

    @wraps(answers)
    async def counted(
        state: State, /, *args: P.args, **more: P.kwargs
    ) -> AsyncGenerator[dict[str, Any], None]:
        requests = requests_of(state)
        if requests is None or request_here() is not None:
            request = None
        else:
            begin(request := Request())
        try:
            async with aclosing(answers(state, *args, **more)) as told:
                async for answer in told:
                    if requests is not None and request is not None and request.type == _SUBSCRIPTION:
                        requests.meter.metrics.subscription_events.inc()
                    yield answer
        finally:
            if requests is not None and request is not None:
                requests.ended(request)

    return counted


def is_asked(state: State, operation: Operation, actor: Actor) -> None:
    """What is asked by the request of this context, and whether who asks has said who they are."""
    request, requests = request_here(), requests_of(state)
    if request is None or requests is None:
        return
    request.type, request.name = operation.type.value, operation.name or ""
    request.is_known = state.tokens is None or actor.name != ANONYMOUS
    if request.type == _SUBSCRIPTION:
        requests.meter.metrics.subscriptions.inc()


def costs(cost: int) -> None:
    """What the request of this context was reckoned to cost, before it ran."""
    if (request := request_here()) is not None:
        request.cost = cost


@contextmanager
def operating(state: State, operation: Operation, actor: Actor) -> Iterator[None]:
    """An operation is run meanwhile, for the request of this context: a step of its trace, or a trace of its own."""
    is_asked(state, operation, actor)
    requests = requests_of(state)
    if requests is None:
        yield
        return
    title = f"{operation.type.value} {operation.name or ''}".rstrip()
    tracing = requests.meter.tracing
    with tracing.step(title) if current_trace() is not None else tracing.request(title, {}):
        yield


def requests_of(state: State) -> Requests | None:
    """Who counts the requests of this application, if anybody."""
    found: Requests | None = getattr(state, "requests", None)
    return found
