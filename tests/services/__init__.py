"""Real servers, which the tests that need them start by themselves, on free ports of this machine alone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

_MISSING = " is not installed"


def required(name: str, found: bool) -> None:
    """Go on if what a test needs was found. Else it is skipped, or fails where REQUIRE_SERVICES is 1."""
    if found:
        return
    missing = f"{name}{_MISSING}"
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(missing)
    pytest.skip(missing)


def left_out(skipped: Iterable[Any]) -> Counter[str]:
    """How many of these reports of skipped tests are for want of each service."""
    reasons = (
        one.longrepr[2].removeprefix("Skipped: ") for one in skipped if isinstance(one.longrepr, tuple)
    )
    return Counter(reason.removesuffix(_MISSING) for reason in reasons if reason.endswith(_MISSING))
