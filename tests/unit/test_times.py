"""Times: written in UTC with a `Z`, read in every form of ISO 8601."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import times


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2026, 1, 15, 10, 30, tzinfo=UTC), "2026-01-15T10:30:00Z"),
        (datetime(2026, 1, 15, 10, 30, 0, 1, tzinfo=UTC), "2026-01-15T10:30:00.000001Z"),
        (datetime(2026, 1, 15, 12, 30, tzinfo=timezone(timedelta(hours=2))), "2026-01-15T10:30:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_a_time_is_written_in_utc(time: datetime, text: str) -> None:
    assert times.written(time) == text


@pytest.mark.parametrize(
    "text",
    ["2026-01-15T10:30:00Z", "2026-01-15T10:30:00", "2026-01-15T12:30:00+02:00", "2026-01-15T10:30:00+00:00"],
)
def test_a_time_is_read_with_and_without_zone(text: str) -> None:
    """One without is UTC."""
    assert times.read(text) == datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
    assert times.read(text).tzinfo is UTC


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_that_is_written_is_read_back(time: datetime) -> None:
    assert times.read(times.written(time)) == time


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"],
)
def test_what_tells_no_time_is_refused(text: str) -> None:
    """Never by another exception."""
    with pytest.raises(ValueError):
        times.read(text)


def test_now_is_aware() -> None:
    assert times.now().tzinfo is UTC
