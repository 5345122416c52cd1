"""What a client may ask for in a minute, counted in sliding windows; how long it has to wait (O3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.budgets import WINDOW, Budgets, Left, Spent, seconds_until
from app.windows import Windows

START = 1_000_000 * WINDOW


class Clock:
    """A clock that stands still until it is told the time."""

    def __init__(self) -> None:
        self.now = float(START)

    def __call__(self) -> float:
        return self.now


def budgets(clock: Clock, *, most: int = 100, **quotas: int) -> Budgets:
    return Budgets(Windows(clock, most), quotas)


async def taken(found: Budgets, client: str = "A", policy: str = "requests", amount: int = 1) -> bool:
    try:
        await found.spend(client, policy, amount)
    except Spent:
        return False
    return True


async def test_what_a_minute_allows_is_given_and_no_more() -> None:
    found = budgets(Clock(), requests=3)
    assert [await taken(found) for _ in range(5)] == [True, True, True, False, False]


async def test_each_client_and_each_policy_has_its_own() -> None:
    found = budgets(Clock(), requests=1, cost=10)
    assert await taken(found, "A")
    assert await taken(found, "B")
    assert not await taken(found, "A")
    assert await taken(found, "A", "cost", 10)
    assert not await taken(found, "A", "cost", 1)


async def test_what_does_not_suffice_takes_nothing() -> None:
    found = budgets(Clock(), cost=10)
    assert await taken(found, policy="cost", amount=7)
    assert not await taken(found, policy="cost", amount=4)
    assert await taken(found, policy="cost", amount=3)


async def test_the_window_slides() -> None:
    """Half a minute into the next one, half of what was asked in the last one still counts."""
    clock = Clock()
    found = budgets(clock, requests=10)
    assert all([await taken(found) for _ in range(10)])
    clock.now += WINDOW + WINDOW / 2
    assert [await taken(found) for _ in range(6)] == [True] * 5 + [False]
    clock.now += 2 * WINDOW
    assert all([await taken(found) for _ in range(10)])


async def test_who_waits_as_long_as_told_is_let_in_and_not_a_second_before() -> None:
    clock = Clock()
    found = budgets(clock, cost=100)
    clock.now += 20
    await found.spend("A", "cost", 90)
    with pytest.raises(Spent) as spent:
        await found.spend("A", "cost", 40)
    # 90 weigh 60 when a third of the next window is over: 40 seconds of this one, and 20 of the next.
    assert spent.value.seconds == 60
    clock.now += spent.value.seconds - 1
    assert not await taken(found, policy="cost", amount=40)
    clock.now += 1
    assert await taken(found, policy="cost", amount=40)


@given(
    st.integers(1, 100),
    st.integers(0, 100),
    st.integers(0, 100),
    st.floats(0.1, WINDOW - 0.1),
)
def test_the_wait_is_the_first_moment_at_which_there_is_room(
    amount: int, previous: int, current: int, into: float
) -> None:
    """Against the weighted sum, moment by moment."""
    counts = (previous, WINDOW - into if previous else 0.0, current, 2 * WINDOW - into)
    seconds = seconds_until(amount, 100, WINDOW, counts)

    def weighted(later: float) -> float:
        moment = into + later
        if moment < WINDOW:
            return previous * (WINDOW - moment) / WINDOW + current
        return current * max(0.0, 2 * WINDOW - moment) / WINDOW

    assert weighted(seconds) + amount <= 100 + 1e-6
    assert seconds == 0 or weighted(max(0.0, seconds - 0.01)) + amount > 100 - 1e-6


async def test_what_is_left_is_told_with_when_all_of_it_is_there() -> None:
    clock = Clock()
    found = budgets(clock, requests=10, cost=100)
    await found.spend("A", "cost", 30)
    clock.now += 10
    assert await found.left("A") == [Left("requests", 10, 10, 0), Left("cost", 100, 70, 110)]
    clock.now += 80
    assert (await found.left("A"))[1] == Left("cost", 100, 85, 30)


async def test_without_a_quota_nothing_is_counted_or_told() -> None:
    found = budgets(Clock(), requests=0, cost=0)
    assert all([await taken(found) for _ in range(50)])
    assert await found.left("A") == []


async def test_of_many_clients_those_longest_not_seen_are_forgotten() -> None:
    """Memory is bounded; who goes on asking is not forgotten for it."""
    clock = Clock()
    windows = Windows(clock, 50)
    found = Budgets(windows, {"requests": 2})
    assert await taken(found, "busy")
    for number in range(1_000):
        assert await taken(found, f"other {number}")
        if number == 10:
            assert await taken(found, "busy")
        assert len(windows) <= 50
    assert await taken(found, "busy")
    for number in range(20):
        await taken(found, f"another {number}")
    assert await taken(found, "busy")
    assert not await taken(found, "busy")


async def test_a_count_that_can_not_be_kept_lets_everybody_in(caplog: pytest.LogCaptureFixture) -> None:
    """Budgets protect the server from some; without them all are to be answered nonetheless."""

    class Broken(Windows):
        async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
            raise ValueError("the store of counts is away")

    storage = Broken(Clock(), 10)
    storage.wrap_exceptions = True
    found = Budgets(storage, {"requests": 1})
    assert all([await taken(found) for _ in range(3)])
    assert await found.left("A") == []
    assert "rates are not counted" in caplog.text
