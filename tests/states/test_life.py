"""A random life of a few entities, with crashes: each step ends as the model says, and so does the whole."""

from __future__ import annotations

import pytest

from storage.ports import Stores
from tests.places import EMBEDDED, ENGINES
from tests.states.machine import live
from tests.states.playing import ITEMS

EXAMPLES, STEPS = 10, 50
FEW, SHORT = 3, 25
"""The same on servers."""


@pytest.mark.parametrize(
    ("engine", "part"), [*((EMBEDDED, part) for part in range(6)), (ENGINES, 0)], indirect=["engine"]
)
async def test_every_step_of_a_random_life_ends_as_the_requirements_say(
    stores: Stores, engine: str, part: int
) -> None:
    """W4 to W8, I4, I10, I11, I14: what lands, what is refused and why, and what can be read in the end."""
    examples, steps = (EXAMPLES, STEPS) if engine == EMBEDDED else (FEW, SHORT)
    met = await live(stores, examples=examples, steps=steps)
    assert met.total() > examples * ITEMS
