"""`docker-compose.yml` as containers would see it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
FILE: Mapping[str, Any] = yaml.safe_load(TEXT)
SERVICES: Mapping[str, Mapping[str, Any]] = FILE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}


def ends(service: Mapping[str, Any]) -> bool:
    """Whether it does one thing and ends."""
    return service.get("restart") == "no"


def words(service: Mapping[str, Any]) -> Iterator[str]:
    """All that is handed to its processes: words of commands, and values."""
    for part in ("entrypoint", "command"):
        yield from service.get(part, ())
    yield from service.get("environment", {}).values()
    yield from service.get("healthcheck", {}).get("test", ())


def filled(text: str, **variables: str) -> str:
    """A text with its variables filled in, by their defaults where they are not given."""
    text = re.sub(r"(?<!\$)\$\{(\w+):-([^}]*)\}", lambda match: variables.get(match[1], match[2]), text)
    assert not re.search(r"(?<!\$)\$\{", text), text
    return text.replace("$$", "$")
