"""The source of the functions that answer objects: their lines, and which items the objects have.

Knows Python's source alone; what stands in it is decided in `compiling`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class Body:
    """What one function says of its source `s`: lines that give names to values, and expressions for items of the answer."""

    def __init__(self, lines: Sequence[str] = ()) -> None:
        self.lines = list(lines)
        self.items: dict[str, str] = {}
        """Expressions by the name in the answer."""
        self._names: dict[str, str] = {}

    def named(self, expression: str) -> str:
        """The variable of an expression, which is evaluated once in a function."""
        if expression not in self._names:
            self._names[expression] = name = f"v{len(self._names)}"
            self.lines.append(f"{name} = {expression}")
        return self._names[expression]


def object_source(name: str, body: Body, holes: Mapping[str, int], order: Sequence[str]) -> str:
    """A function that answers an object. The items come in this order, and None where there is a hole of that number."""
    lines = [*body.lines, f"r.count += {len(body.items)}", f"d = {_dictionary(body.items, order)}"]
    lines += [*_noted(holes), "return d"]
    return _function(f"{name}(s, r, p)", lines)


def parted_source(
    names: tuple[str, str], key: str, body: Body, part: Body, holes: Mapping[str, int], order: Sequence[str]
) -> str:
    """The same where `part` is looked up by its key, and made by a function of its own if it is not there."""
    name, maker = names
    is_whole = not body.items and not holes
    making = [
        "n = r.count",
        *part.lines,
        f"d = {_dictionary(part.items, order)}",
        f"n, r.count = r.count - n + {len(part.items)}, n",
        f"return parts.keep(k, d, n, whole={is_whole})",
    ]
    lines = [
        *body.lines,
        f"k = {key}",
        f"m = parts.find(k) or {maker}(s, r, k)",
        f"r.count += m[1] + {len(body.items)}",
    ]
    if is_whole:
        lines.append("return m[0]")
    else:
        items = [f"d[{item!r}] = {value}" for item, value in body.items.items()]
        lines += ["d = m[0].copy()", *items, *_noted(holes), "return d"]
    return _function(f"{maker}(s, r, k)", making) + _function(f"{name}(s, r, p)", lines)


def _dictionary(items: Mapping[str, str], order: Sequence[str]) -> str:
    return f"{{{', '.join(f'{name!r}: {items.get(name)}' for name in order)}}}"


def _noted(holes: Mapping[str, int]) -> list[str]:
    return [f"r.holes[{number}].append((d, s, p))" for number in holes.values()]


def _function(head: str, lines: Sequence[str]) -> str:
    return f"def {head}:\n" + "".join(f"    {line}\n" for line in lines)
