"""Each query of a test by the plan and by the standard executor, in the place where the application runs it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from graphql import ExecutionResult, OperationType

from app import execution
from graph.context import Context
from graph.documents import Operation
from graph.loaders import Loaders
from graph.plan import Plans
from graph.planned import plans_of
from graph.running import run
from tests.plan.agreeing import Disagreement
from tests.plan.saying import differences, said

BYTES = 2**24


@cache
def plans() -> Plans:
    """One for all tests of a process, so that what one leaves behind is there for the next."""
    return plans_of(BYTES, after=0, parts_bytes=BYTES)


def run_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on what the application runs is run both ways. Disagreement if they do not say the same."""

    async def both(
        operation: Operation, variables: dict[str, Any] | None, context: Context, **others: Any
    ) -> ExecutionResult:
        by_plan = await run(operation, variables, context, **{**others, "plans": plans()})
        if operation.type is not OperationType.QUERY:
            return by_plan  # what is done twice is not the same
        anew = replace(context, loaders=Loaders(context.loaders.stores), selections={})
        standard = await run(operation, variables, anew, **{**others, "plans": None})
        if said(by_plan) != said(standard):
            raise Disagreement(differences(by_plan, standard))
        return by_plan

    monkeypatch.setattr(execution, "run", both)
