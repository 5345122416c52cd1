"""What a PromQL expression names: metrics, and the labels that it picks or groups by.

A tokeniser, no parser: it tells names that are called from names that are not, and what stands in braces or behind `by`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
      (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<span>\[[^\]]*\])
    | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:ms|[smhdwy])?)
    | (?P<name>[a-zA-Z_:$][\w:]*)
    | (?P<sign>[{}(),]|[=!<>~]+|[-+*/%^])
    | (?P<blank>\s+)
    """,
    re.VERBOSE,
)
_WORDS = frozenset({"and", "or", "unless", "bool", "offset", "on", "ignoring", "group_left", "group_right"})
_GROUPING = frozenset({"by", "without"})


def tokens(expression: str) -> list[tuple[str, str]]:
    """Kind and text of each. AssertionError at what is none."""
    found, place = [], 0
    while place < len(expression):
        match = _TOKEN.match(expression, place)
        assert match, f"what is this: {expression[place:]}"
        place = match.end()
        if match.lastgroup != "blank":
            found.append((match.lastgroup or "", match[0]))
    return found


def named(expression: str) -> Iterator[tuple[str, str]]:
    """Pairs: `metric` or `label`, and the name."""
    found = tokens(expression)
    braces, grouping = False, 0
    for number, (kind, text) in enumerate(found):
        following = found[number + 1][1] if number + 1 < len(found) else ""
        if text in "{}":
            braces = text == "{"
        elif text in _GROUPING:
            grouping = 1
        elif grouping and text == ")":
            grouping = 0
        elif kind == "name" and (braces or grouping):
            yield "label", text
        elif kind == "name" and following != "(" and text not in _WORDS and following not in _GROUPING:
            yield "metric", text
