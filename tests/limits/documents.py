"""Documents that attack a server: each family grows with a number, and each is as long as that number says."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def chained(number: int, times: int = 2) -> str:
    """Fragments that each spread the next one twice: 2 to the power of `number` fields."""
    spread = " ".join(["...F{next}"] * times)
    chain = " ".join(
        f"fragment F{one} on Query {{{spread.replace('{next}', str(one + 1))}}}" for one in range(number)
    )
    return f"{{...F0}} {chain} fragment F{number} on Query {{a: __typename}}"


def _lines(lines: str, number: int) -> str:
    return "".join("\n" + lines.replace("#", str(one)) for one in range(number))


FAMILIES: Mapping[str, Callable[[int], str]] = {
    "one field again and again": lambda n: f'{{entity(id: "Q1") {{{" id" * n}}}}}',
    "one list again and again": lambda n: "{" + _lines('entity(id: "Q1") {id}', n) + "}",
    "fields that are not there": lambda n: "{" + _lines("nothing#", n) + "}",
    "aliases": lambda n: "{" + _lines('a#: entity(id: "Q1") {id}', n) + "}",
    "conflicting aliases": lambda n: "{" + _lines('a: entity(id: "Q#") {id}', n) + "}",
    "an argument again and again": lambda n: "{entity(" + _lines('id: "Q1"', n) + ") {id}}",
    "variables of one name": lambda n: "query (" + _lines("$a: Int", n) + ") {__typename}",
    "variables that nobody uses": lambda n: "query (" + _lines("$a#: Int", n) + ") {__typename}",
    "variables that nobody defined": lambda n: "{" + _lines("a#: entity(id: $v#) {id}", n) + "}",
    "variables that are used": lambda n: (
        "query (" + _lines("$a#: EntityId!", n) + ") {entities(ids: [" + _lines("$a#", n) + "]) {id}}"
    ),
    "directives": lambda n: '{entity(id: "Q1")' + _lines("@include(if: true)", n) + " {id}}",
    "inline fragments": lambda n: '{entity(id: "Q1") {' + _lines("... on Item {id}", n) + "}}",
    "fragments side by side": lambda n: (
        "{" + _lines("...F#", n) + "}" + _lines("fragment F# on Query {__typename a: __typename}", n)
    ),
    "fragments in a chain": chained,
    "fragments in circles": lambda n: (
        "{...F0}" + _lines(f"fragment F# on Query {{{' '.join(f'...F{one}' for one in range(n))}}}", n)
    ),
    "operations over fragments": lambda n: (
        _lines("query O# {...F#}", n)
        + _lines("fragment F# on Query {...G}", n)
        + "fragment G on Query {__typename}"
    ),
    "a long list": lambda n: "{entities(ids: [" + _lines('"Q1"', n) + "]) {id}}",
    "a list of what is no id": lambda n: "{entities(ids: [" + _lines('"R1"', n) + "]) {id}}",
    "an input's field again and again": lambda n: (
        "mutation {editEntity(input: {" + _lines('id: "Q1"', n) + "}) {__typename}}"
    ),
    "an input's fields that are not there": lambda n: (
        "mutation {editEntity(input: {" + _lines('id#: "Q1"', n) + "}) {__typename}}"
    ),
    "JSON in the text": lambda n: (
        "mutation {createEntity(input: {entity: {" + _lines('a#: "x"', n) + "}}) {__typename}}"
    ),
}
"""By what they are made of. `fragments in circles` is as long as the square of its number."""
