"""Times as they are written: ISO 8601 in UTC with a `Z`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

Clock = Callable[[], datetime]


def now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


@lru_cache(256)  # a revision's time is written with each of its statements
def written(time: datetime) -> str:
    """`2026-01-15T10:30:00Z`, with microseconds where there are any."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read(text: str) -> datetime:
    """The aware time that `text` tells. ValueError if it tells none; a time without zone is UTC."""
    time = datetime.fromisoformat(text)
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError as error:  # no ValueError by itself
        raise ValueError(f"{text} lies outside the years 1 to 9999") from error
