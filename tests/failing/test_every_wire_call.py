"""Each call of an edit to MySQL and S3 goes wrong on the wire in each way, and the laws of the edit hold.

Calls are what goes over the wire: logins, statements, commits, requests. They are counted by playing the scene in
peace; a play may differ by a few, since what follows from a commit is drawn over several connections at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import pytest

from storage.commit import Outcome
from storage.ids import EntityId
from storage.ports import Stores
from tests.commit import laws
from tests.commit.making import findings
from tests.commit.scenes import SCENES, Scene
from tests.failing.lanes import Lane
from tests.failing.left import transactions_left
from tests.services.line import Fault, Line

# The others make no call that these do not: a rebased edit those of an edit, a creation those of one with key.
OF_OWN_CALLS = [scene for scene in SCENES if scene.name not in ("create", "rebased edit")]
FEWEST_CALLS = {"mysql": 8, "s3": 2}
"""Far fewer than any scene has: only so that a count which failed does not pass for a test."""
PLAYS, MISSED = 3, 0.03
"""How often a scene is played that ends before the call which was to go wrong, and of how many troubles it may stay so."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """On which line which call goes wrong, and how. Without an `end` it is all calls from that one on."""

    line: str
    number: int
    fault: Fault
    end: bool = True

    def set(self, line: Line) -> None:
        """Let it come."""
        if self.end:
            line.fail(self.fault, number=self.number)
        else:
            line.part(self.fault, self.number - 1)


def troubles(calls: dict[str, int]) -> Iterator[Trouble]:
    """Every one there is. An answer of MySQL is too short to be torn; and all calls may be slow at once."""
    for line, most in calls.items():
        apart = (Fault.SLOW, Fault.ANSWER_TORN) if line == "mysql" else (Fault.SLOW,)
        for number in range(1, most + 1):
            yield from (Trouble(line, number, fault) for fault in Fault if fault not in apart)
            yield Trouble(line, number, Fault.RESET, end=False)
        yield Trouble(line, 1, Fault.SLOW, end=False)


def then(scene: Scene) -> Callable[[Outcome, Stores], Awaitable[None]]:
    """What goes wrong after the answer, too. The relay's calls are the same whatever was edited."""
    return laws.follow if scene.name == "edit" else laws.draw


async def calls_of(scene: Scene, lane: Lane) -> dict[str, int]:
    """How many calls go over each line of a lane, when what all scenes share has been made before."""
    for entity in (EntityId("Q998"), EntityId("Q999")):
        await laws.begin(scene, entity, lane.calm)
        await lane.settle()
        await then(scene)(await scene.act(lane.troubled, entity), lane.troubled)
    return {name: len(line.calls) for name, line in lane.lines.items()}


@pytest.mark.parametrize("scene", OF_OWN_CALLS, ids=lambda scene: scene.name)
async def test_whichever_call_goes_wrong_on_the_wire_the_answer_is_true_and_a_retry_ends_well(
    scene: Scene, lanes: Sequence[Lane]
) -> None:
    """I2, I4, I9, I13, I16, W1: and nothing is left behind, in the stores or at the server."""
    calls = await calls_of(scene, lanes[0])
    assert all(calls[line] >= fewest for line, fewest in FEWEST_CALLS.items())
    all_troubles = list(troubles(calls))
    waiting, numbers = iter(all_troubles), count(1000)
    missed = 0

    async def is_met(trouble: Trouble, lane: Lane) -> bool:
        entity, line = EntityId(f"Q{next(numbers)}"), lane.lines[trouble.line]
        await laws.begin(scene, entity, lane.calm)
        await lane.settle()
        trouble.set(line)
        await laws.play(scene, entity, lane.calm, lane.troubled, then=then(scene), trouble=trouble)
        return bool(line.befallen)

    async def play_in(lane: Lane) -> None:
        nonlocal missed
        for trouble in waiting:
            for _ in range(PLAYS):
                if await is_met(trouble, lane):
                    break
            else:
                missed += 1

    async with asyncio.TaskGroup() as playing:
        for lane in lanes:
            playing.create_task(play_in(lane))

    assert missed <= MISSED * len(all_troubles)
    for lane in lanes:
        await lane.settle()
        assert await findings(lane.calm) == []
        assert await transactions_left(lane.place) == 0
