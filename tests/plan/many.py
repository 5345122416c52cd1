"""Many generated queries, one after another on one cache of plans."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.datastructures import State

from app.main import application
from app.settings import Settings
from graph.documents import NotExecutable, Operation, Rules, prepare
from graph.limits.maxima import Maxima
from graph.planned import plans_of
from graph.schema import schema
from storage.ports import Stores
from tests.plan.agreeing import agreed
from tests.plan.faults import faulty
from tests.plan.generating import Asking, Generator, Known

_UNBOUNDED = Rules(Maxima())
FAULTS = (0.0, 0.02, 0.2)
"""The parts of what is read that are wrong: a third of the queries each."""
BYTES = 2**24


@dataclass
class Told:
    """What a comparison came to."""

    queries: int = 0
    with_errors: int = 0
    errors: int = 0
    compiled: int = 0
    standard: int = 0
    """Fields that the plan left to the standard executor."""

    def __str__(self) -> str:
        share = self.compiled / max(1, self.compiled + self.standard)
        return (
            f"{self.queries} queries answered the same, {self.with_errors} of them with errors, {self.errors} in all; "
            f"{self.compiled} fields compiled, {self.standard} standard: {share:.1%}"
        )


@asynccontextmanager
async def served_state(settings: Settings) -> AsyncIterator[State]:
    """What the application of these settings executes with."""
    app = application(settings)
    async with app.router.lifespan_context(app):
        yield app.state


async def known_of(stores: Stores) -> Known:
    """The ids and hashes that there are, with some that there are not."""
    ids = [str(one) for one in await stores.metadata.entities(None, 2_000)]
    heads = await stores.metadata.heads(await stores.metadata.entities(None, 300))
    hashes = [
        str(one) for head in heads.values() if head.revision.index for one in head.revision.index.hashes
    ]
    return Known([*ids, "Q999999999", "L5000000-F1", "L5000000-S1"], [*hashes[:3_000], "1"])


async def compared(state: State, queries: int, number: int) -> Told:
    """So many queries from a number on. Disagreement at the first that is not answered the same."""
    plans, told = plans_of(BYTES, after=0, parts_bytes=BYTES), Told()
    known = await known_of(state.stores)
    for one in range(number, number + queries):
        asking, operation = _valid(known, one)
        with faulty(one, FAULTS[one % len(FAULTS)]):
            result = await agreed(state, operation, asking.variables, plans)
        told.queries += 1
        told.errors += len(result.errors or ())
        told.with_errors += bool(result.errors)
    told.compiled, told.standard = plans.compiled, plans.standard
    return told


def _valid(known: Known, number: int) -> tuple[Asking, Operation]:
    """The first valid query of a number."""
    generator = Generator(schema._schema, known, number)
    while True:
        asking = generator.ask()
        try:
            return asking, prepare(asking.text, None, _UNBOUNDED)
        except NotExecutable:
            continue


__all__ = ["Told", "compared", "known_of", "served_state"]
