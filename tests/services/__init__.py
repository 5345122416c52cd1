"""Real servers, which the tests that need them start by themselves, on free ports of this machine alone."""

from __future__ import annotations

import os

import pytest


def required(name: str, found: bool) -> None:
    """Go on if what a test needs was found. Else it is skipped, or fails where REQUIRE_SERVICES is 1."""
    if found:
        return
    missing = f"{name} is not installed"
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(missing)
    pytest.skip(missing)
