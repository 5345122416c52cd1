"""Server-sent events as a browser reads them: the WHATWG's rules, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Heard:
    """One event, or a comment, with the last id that was told up to it."""

    event: str
    data: str
    id: str

    @property
    def json(self) -> Any:
        """What it carries."""
        return json.loads(self.data)


def read_events(lines: Iterable[str], *, comments: bool = False) -> Iterator[Heard]:
    """The events in lines without their ends. With `comments` blocks without data are told as events named ``."""
    name, data, last = "", None, ""
    for line in lines:
        if not line:
            if data is not None:
                yield Heard(name or "message", data, last)
            elif comments:
                yield Heard("", "", last)
            name, data = "", None
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data = value if data is None else f"{data}\n{value}"
        elif field == "id":
            last = value
        else:
            assert field == "", line
