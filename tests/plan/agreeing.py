"""One operation by the plan and by the standard executor: what each says, to the byte."""

from __future__ import annotations

from typing import Any

from graphql import ExecutionResult, OperationType
from starlette.datastructures import State

from app.access import EVERYBODY
from app.execution import context_of
from graph.documents import Operation
from graph.plan import Plans
from graph.running import run
from tests.plan.saying import differences, said


class Disagreement(AssertionError):
    """The two say something else."""


async def agreed(
    state: State, operation: Operation, variables: dict[str, Any] | None, plans: Plans
) -> ExecutionResult:
    """What both say. Disagreement if they do not say the same."""
    assert operation.type is OperationType.QUERY
    standard = await run(operation, variables, context_of(state, EVERYBODY))
    # Twice, since what is kept of the first answer stands in the second.
    for _ in range(2):
        by_plan = await run(operation, variables, context_of(state, EVERYBODY), plans=plans)
        if said(by_plan) != said(standard):
            text = operation.document.loc.source.body if operation.document.loc is not None else ""
            raise Disagreement(f"{text}\n{variables}\n{differences(by_plan, standard)}")
    return standard
