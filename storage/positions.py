"""Positions in a stream of events: how far each of its lanes has been read. Pure.

A lane is what has an order in itself: a partition of a Kafka topic, or the whole of a stream that is one file. An
entity's events lie in one lane. Places are numbers by lane: up to each of them all is behind the position. A lane that
is not named was not there yet, so all of it lies beyond. In writing `0:17,1:4`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from storage.events import WrongPosition
from storage.ports import Position

Places = Mapping[int, int]

_POSITION = re.compile("[0-9]{1,9}:[0-9]{1,18}(,[0-9]{1,9}:[0-9]{1,18})*")


def position_at(places: Places) -> Position:
    """Places, in writing."""
    return Position(",".join(f"{lane}:{number}" for lane, number in sorted(places.items())))


def places_in(position: str) -> dict[int, int]:
    """Places again. WrongPosition where these are none."""
    if not _POSITION.fullmatch(position):
        raise WrongPosition(position)
    return {int(lane): int(number) for lane, number in (one.split(":") for one in position.split(","))}


def covers(places: Places, others: Places) -> bool:
    """Whether all that lies behind `others` lies behind `places`."""
    return all(places.get(lane, 0) >= number for lane, number in others.items())


def farthest(places: Places, others: Places) -> dict[int, int]:
    """The places behind which all lies that is behind either."""
    return {lane: max(places.get(lane, 0), others.get(lane, 0)) for lane in {*places, *others}}
