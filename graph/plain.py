"""Types over plain data: what a type's source is, and which key or pure function of it each field stands for.

A plain type is never made an instance of: its source is what the store holds (a dictionary, an id). The mapping is
declared on the fields, so that whatever executes a query can read it: no field of it does I/O or looks at a request.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import attrgetter, itemgetter
from typing import Any, Literal, TypeVar

from strawberry.types.field import StrawberryField

F = TypeVar("F", bound=Callable[..., Any])
Step = tuple[Literal["attribute", "key", "get", "text", "having"], str]
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
    field.getter = Steps(("key", getter)) if isinstance(getter, str) else getter
    return field


class Steps:
    """A getter made of attributes and keys, which whoever compiles a query can write down.

    `get` is a key that need not be there, `text` one whose value is None if it is no text. `having` is the source itself,
    and None for one without the key.
    """

    def __init__(self, *steps: Step) -> None:
        self.steps = steps
        self._get = reduce(_then, map(_getter, steps))

    def __call__(self, source: Any) -> Any:
        return self._get(source)


def _getter(step: Step) -> Callable[[Any], Any]:
    kind, name = step
    match kind:
        case "attribute":
            return attrgetter(name)
        case "key":
            return itemgetter(name)
        case "get":
            return lambda source: source.get(name)
        case "text":
            return lambda source: found if isinstance(found := source.get(name), str) else None
        case _:
            return lambda source: source if name in source else None


def _then(first: Callable[[Any], Any], second: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda source: second(first(source))


class Then:
    """A getter made of steps and of a pure function of what they lead to."""

    def __init__(self, steps: Steps, function: Callable[[Any], Any]) -> None:
        self.steps, self.function = steps.steps, function
        self._get = _then(steps, function)

    def __call__(self, source: Any) -> Any:
        return self._get(source)


def after(steps: tuple[Step, ...], getter: Getter) -> Callable[[Any], Any]:
    """The getter of what another gets of that to which steps lead."""
    if isinstance(getter, str):
        getter = Steps(("key", getter))
    more, function = steps_of(getter)
    first = Steps(*steps, *more)
    return first if function is None else Then(first, function)


def steps_of(getter: Callable[[Any], Any]) -> tuple[tuple[Step, ...], Callable[[Any], Any] | None]:
    """A getter as its steps, and the function of what they lead to if there is one."""
    if isinstance(getter, Steps):
        return getter.steps, None
    if isinstance(getter, Then):
        return getter.steps, getter.function
    return (), getter


def pure(method: F) -> F:
    """A resolver that looks at its source and arguments alone, and does nothing else."""
    method.is_pure = True  # type: ignore[attr-defined]  # read by `planned`
    return method


def together(read: Callable[..., Any]) -> Callable[[F], F]:
    """A resolver that has a counterpart for many sources: it gives a value for each, or what is wrong with that one."""

    def marked(method: F) -> F:
        method.together = read  # type: ignore[attr-defined]  # read by `planned`
        return method

    return marked


def text_if_any(key: str) -> Steps:
    """The getter of a text that the source need not have; None too for what an import had there instead of a text."""
    return Steps(("text", key))


def extra(*known: str) -> Callable[[Any], Any]:
    """The getter of what a dictionary has beside the keys that its type has fields for; None for nothing."""
    keys = frozenset(known)

    def rest(source: Any) -> Any:
        if source.keys() <= keys:
            return None
        return {key: value for key, value in source.items() if key not in keys} or None

    return rest
