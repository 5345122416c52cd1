"""Run an operation: once, or once for each event of a subscription."""

from __future__ import annotations

from collections.abc import AsyncIterator
from inspect import isawaitable
from typing import Any

import graphql
from graphql import ExecutionResult

from graph.context import Context
from graph.documents import Operation
from graph.plan import Plans
from graph.plan.lean import LeanExecutor
from graph.schema import schema


async def run(
    operation: Operation,
    variables: dict[str, Any] | None,
    context: Context,
    *,
    plans: Plans | None = None,
    suggestions: bool = True,
) -> ExecutionResult:
    """The result of a query or mutation. What fails in it is in its errors, with `suggestions` of what may be meant.

    With `plans`, what is plain in it is answered by compiled functions.
    """
    result = graphql.execute(
        schema._schema,
        operation.document,
        variable_values=variables,
        operation_name=operation.name,
        context_value=context,
        executor_class=plans.executor_class if plans is not None else LeanExecutor,
        hide_suggestions=not suggestions,
    )
    return _in_order(await result if isawaitable(result) else result)


def _in_order(result: ExecutionResult) -> ExecutionResult:
    """The same, its errors in the order of their paths: which of them was met first depends on what was read first."""
    if result.errors:
        result.errors.sort(key=lambda error: [(isinstance(one, str), one) for one in error.path or ()])
    return result


async def follow(
    operation: Operation,
    variables: dict[str, Any] | None,
    context: Context,
    *,
    plans: Plans | None = None,
    suggestions: bool = True,
) -> AsyncIterator[ExecutionResult] | ExecutionResult:
    """The results of a subscription as they come; one with errors alone if it could not begin."""
    results = graphql.subscribe(
        schema._schema,
        operation.document,
        variable_values=variables,
        operation_name=operation.name,
        context_value=context,
        executor_class=plans.executor_class if plans is not None else LeanExecutor,
        hide_suggestions=not suggestions,
    )
    return await results if isawaitable(results) else results
