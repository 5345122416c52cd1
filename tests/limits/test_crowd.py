"""How many of a kind a client has at the same time (O3)."""

from __future__ import annotations

import pytest

from app.crowd import Crowd, Full


def test_so_many_have_a_place_and_the_next_when_one_leaves() -> None:
    crowd = Crowd({"operations": 2})
    with crowd.place("operations") as first, crowd.place("operations") as third:
        first.take("A")
        with crowd.place("operations") as second:
            second.take("A")
            with pytest.raises(Full):
                third.take("A")
            third.take("B")
        third.take("A")


def test_places_are_of_a_kind_and_without_a_number_there_is_no_end() -> None:
    crowd = Crowd({"operations": 1, "connections": 0})
    with crowd.place("operations") as place, crowd.place("subscriptions") as other:
        place.take("A")
        other.take("A")
        for _ in range(100):
            crowd.enter("connections", "A")


def test_a_place_that_can_not_be_had_leaves_the_one_that_one_has() -> None:
    """A connection of an address that tells who it is."""
    crowd = Crowd({"connections": 1})
    with crowd.place("connections") as taken, crowd.place("connections") as place:
        taken.take("A")
        place.take("address")
        with pytest.raises(Full):
            place.take("A")
        with crowd.place("connections") as another, pytest.raises(Full):
            another.take("address")


def test_of_whom_nothing_is_under_way_nothing_is_kept() -> None:
    crowd = Crowd({"operations": 1})
    for number in range(100):
        with crowd.place("operations") as place:
            place.take(f"client {number}")
        with crowd.place("operations") as one, crowd.place("operations") as two:
            one.take("A")
            with pytest.raises(Full):
                two.take("A")
    assert len(crowd) == 0
