"""The written form: versioned JSON Schemas and the tables of facts that go with them.

A version is added, never edited, since stored content was accepted by it. Knows nothing of who validates.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def load(name: str) -> Any:
    """The JSON value of a packaged file, such as `entity/1.0.0/strict.json`. FileNotFoundError if there is none."""
    return json.loads(resources.files(__name__).joinpath(name).read_text(encoding="utf-8"))
