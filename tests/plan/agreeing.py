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

__all__ = ["Disagreement", "agreed", "said"]


class Disagreement(AssertionError):
    """The two say something else."""


async def agreed(
    state: State, operation: Operation, variables: dict[str, Any] | None, plans: Plans
) -> ExecutionResult:
    """What both say. Disagreement if they do not say the same."""
    assert operation.type is OperationType.QUERY
    by_plan = await run(operation, variables, context_of(state, EVERYBODY), plans=plans)
    standard = await run(operation, variables, context_of(state, EVERYBODY))
    if said(by_plan) != said(standard):
        raise Disagreement(f"{operation.document.loc and operation.document.loc.source.body}\n{variables}")
    return standard


def said(result: ExecutionResult) -> str:
    """All that a client is told of a result, in one text: with the order of keys, and what errors came of."""
    errors = [
        (error.formatted, type(error.original_error).__name__, str(error.original_error))
        for error in result.errors or ()
    ]
    return repr((result.data, errors))
